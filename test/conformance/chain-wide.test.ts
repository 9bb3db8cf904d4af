import { expect } from 'chai'
import { keccak, utf8Hex } from '../../src/codec/hex.ts'
import { domainSeparator } from '../../src/codec/objects.ts'
import { signObject } from '../../src/node/signing.ts'
import type { Chain } from '../../src/ports/chain.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Evidence } from '../../src/types/evidence.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Confirm, Signed } from '../../src/types/objects.ts'
import type { TaskParams } from '../../src/types/task.ts'
import type { Stage } from '../helpers/both-chains.ts'
import { checkpoint, drawn, eventsOf, hardhatStage, memoryStage, signedUp } from '../helpers/both-chains.ts'

/** Beyond one word of convictions, of 31 members, and beyond the bits of a number. */
const SEATS = 64
const LAST = SEATS - 1
const QUORUM = 43

describe('chain port: the life of a cluster of 64', () => {
  let hardhat: Awaited<ReturnType<typeof hardhatStage>>
  let memory: Stage
  before(async () => {
    hardhat = await hardhatStage(SEATS)
    memory = await memoryStage(hardhat)
  })
  after(() => hardhat.close())

  for (const [name, stageOf] of [
    ['Hardhat over HTTP', () => hardhat],
    ['in memory', () => memory],
  ] as const) {
    describe(name, () => {
      let stage: Stage
      let chain: Chain
      let taskId: bigint
      let params: TaskParams
      let cluster: Cluster

      before(async () => {
        stage = stageOf()
        chain = stage.nodes[0]!
        const { joinDeadline } = await stage.params()
        params = await stage.params({
          joinDeadline: joinDeadline + SEATS,
          heights: 2,
          epochHeights: 1,
          stallBlocks: 8 * SEATS,
          rewardPerHeight: BigInt(SEATS),
        })
        taskId = await signedUp(stage, params)
        cluster = await drawn(stage, taskId, params)
      })

      it('everybody has a seat', () => {
        expect(cluster.members.map(({ index }) => index)).deep.equal(stage.keys.map((_, i) => i))
        expect(cluster.members.map(({ key }) => key)).members(stage.keys.map(({ address }) => address))
      })

      it('a checkpoint takes a quorum, with the seats above 31 among its signers', async () => {
        const seats = cluster.members.map(({ index }) => index)
        const few = seats.slice(-QUORUM + 1)
        expect(await checkpoint(stage, cluster, taskId, 1, few)).include({ error: 'BelowQuorum' })
        expect(await checkpoint(stage, cluster, taskId, 1, seats.slice(-QUORUM))).include({ kind: 'mined' })
        expect(await checkpoint(stage, cluster, taskId, 1)).include({ kind: 'mined' })
        expect((await chain.logHead(taskId)).last).equal(2)
      })

      it('convicts the seats that it is told of, and no neighbours', async () => {
        for (const member of [LAST, 31, 32]) {
          const evidence: Evidence = {
            kind: 'E1',
            first: confirm(member, NIL),
            second: confirm(member, OTHER),
          }
          const call = chain.prepareEvidence(taskId, evidence, { params, events: [] })
          expect(await stage.send(0, call)).include({ kind: 'mined' })
          expect(await stage.send(1, call)).include({ kind: 'reverted', error: 'AlreadyConvicted' })
        }
        await stage.mineTo((await chain.head()) + chain.reorgDepth)
        const events = await eventsOf(chain, taskId)
        const convicted = events.flatMap((event) => (event.kind === 'convicted' ? [event.member] : []))
        expect(convicted).deep.equal([LAST, 31, 32])
      })

      const OTHER = keccak(utf8Hex('other'))
      function confirm(member: number, value: Confirm['value']): Signed<Confirm> {
        const { key } = cluster.members[member]!
        const keyring = stage.keys.find(({ address }) => address === key)!
        const object: Confirm = { type: 'confirm', height: 1, round: 0, value }
        const separator = domainSeparator(chain.domain)
        return { ...signObject({ cluster: cluster.id, self: member, keyring, separator }, object), object }
      }
    })
  }
})
