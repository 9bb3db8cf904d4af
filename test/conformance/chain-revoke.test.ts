import { expect } from 'chai'
import { encodeBatch } from '../../src/codec/batch.ts'
import { concatHex } from '../../src/codec/hex.ts'
import { domainSeparator, hashObject, signingDigest, valueHash } from '../../src/codec/objects.ts'
import { appendRoot } from '../../src/codec/roots.ts'
import type { Chain, ChainEvent, CheckpointCall } from '../../src/ports/chain.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { TaskParams } from '../../src/types/task.ts'
import type { Stage } from '../helpers/both-chains.ts'
import { CLOSE_GRACE, hardhatStage, memoryStage } from '../helpers/both-chains.ts'
import { digestOf } from '../helpers/store-kit.ts'

const EPOCH = 4
const HEIGHTS = { heights: 16, epochHeights: EPOCH }

async function eventsOf(chain: Chain, taskId: bigint): Promise<ChainEvent[]> {
  const found: ChainEvent[] = []
  let cursor = { block: 0, hash: null as `0x${string}` | null }
  for (;;) {
    const page = await chain.eventsAfter(cursor.block, cursor.hash, 500)
    if (page === null) return found
    found.push(...page.events.filter((event) => 'taskId' in event && event.taskId === taskId))
    cursor = page
  }
}

/** A checkpoint over the next `count` heights, signed by everybody. */
async function checkpoint(stage: Stage, cluster: Cluster, taskId: bigint, count: number) {
  const [chain] = stage.nodes as [Chain]
  const { last, root: before } = await chain.logHead(taskId)
  const one = { stateHash: digestOf('state'), inputsRoot: digestOf('inputs') }
  let root = before
  for (let i = 0; i < count; i += 1) root = appendRoot(root, valueHash({ ...one, eventSeq: 0 }))
  const head = { logSeq: 4, logHead: digestOf('head') }
  const object = { type: 'checkpoint', height: last + count, root, ...head } as const
  const digest = signingDigest(domainSeparator(chain.domain), hashObject(cluster.id, object))
  const signatures = cluster.members.map(({ key }) =>
    stage.keys.find(({ address }) => address === key)!.sign(digest),
  )
  const call: CheckpointCall = {
    taskId,
    first: last + 1,
    batch: encodeBatch(Array.from({ length: count }, () => ({ ...one, hint: 0, eventSeqDelta: 0 }))),
    bitmap: 2 ** cluster.members.length - 1,
    sharedSeq: head.logSeq,
    sharedHead: head.logHead,
    exceptions: '0x',
    notes: '0x',
    inputs: '0x',
    signatures: concatHex(...signatures),
  }
  return stage.send(0, chain.prepareCheckpoint(call))
}

describe('chain port: a revoked task', () => {
  let hardhat: Stage
  let memory: Stage
  before(async () => {
    hardhat = await hardhatStage()
    memory = await memoryStage(hardhat)
  })
  after(() => hardhat.close())

  for (const [name, stageOf] of [
    ['Hardhat over HTTP', () => hardhat],
    ['in memory', () => memory],
  ] as const) {
    describe(name, () => {
      const signedUp = async (): Promise<{ stage: Stage; taskId: bigint; params: TaskParams }> => {
        const stage = stageOf()
        const params = await stage.params(HEIGHTS)
        const taskId = await stage.publish(params)
        for (const [i, { address }] of stage.keys.entries()) {
          const outcome = await stage.send(i, stage.nodes[i]!.prepareJoin(taskId, address))
          expect(outcome.kind).equal('mined')
        }
        return { stage, taskId, params }
      }
      const drawn = async (stage: Stage, taskId: bigint, params: TaskParams): Promise<Cluster> => {
        const [chain] = stage.nodes as [Chain]
        await stage.mineTo(params.joinDeadline + chain.reorgDepth)
        await stage.form(taskId)
        await stage.mineTo((await chain.head()) + chain.reorgDepth)
        const formed = (await eventsOf(chain, taskId)).find(({ kind }) => kind === 'clusterFormed')
        return (formed as Extract<ChainEvent, { kind: 'clusterFormed' }>).cluster
      }

      it('while sign-up is open is over', async () => {
        const { stage, taskId } = await signedUp()
        const [chain] = stage.nodes as [Chain]
        await stage.revoke(taskId)
        const block = await chain.head()
        expect(await chain.taskStatus(taskId)).equal('Expired')
        const late = await stage.send(0, chain.prepareJoin(taskId, stage.keys[0]!.address))
        expect(late.kind).equal('reverted')
        await stage.mineTo(block + chain.reorgDepth)
        expect((await eventsOf(chain, taskId)).at(-1)).deep.equal({ kind: 'taskRevoked', taskId, block })
      })

      it('before the drawing is still drawn, and accepts no height', async () => {
        const { stage, taskId, params } = await signedUp()
        const [chain] = stage.nodes as [Chain]
        await stage.mineTo(params.joinDeadline)
        await stage.revoke(taskId)
        expect(await chain.taskStatus(taskId)).equal('Open')
        const cluster = await drawn(stage, taskId, params)
        const kinds = (await eventsOf(chain, taskId)).map(({ kind }) => kind)
        expect(kinds.slice(-2)).deep.equal(['taskRevoked', 'clusterFormed'])
        expect(await chain.taskStatus(taskId)).equal('Finalizing')
        const late = await checkpoint(stage, cluster, taskId, 1)
        expect(late).deep.equal({ kind: 'reverted', error: 'BeyondLimit' })
        await stage.mineTo((await chain.head()) + CLOSE_GRACE)
        expect(await chain.taskStatus(taskId)).equal('Closed')
      })

      it('while it runs accepts R more heights within the grace, then none', async () => {
        const { stage, taskId, params } = await signedUp()
        const [chain] = stage.nodes as [Chain]
        const cluster = await drawn(stage, taskId, params)
        expect((await checkpoint(stage, cluster, taskId, 2)).kind).equal('mined')
        await stage.revoke(taskId)
        const c = await chain.head()
        expect(await chain.taskStatus(taskId)).equal('Finalizing')
        expect((await checkpoint(stage, cluster, taskId, 2)).kind).equal('mined')
        expect((await checkpoint(stage, cluster, taskId, 2)).kind).equal('mined')
        const beyond = await checkpoint(stage, cluster, taskId, 1)
        expect(beyond).deep.equal({ kind: 'reverted', error: 'BeyondLimit' })
        await stage.mineTo(c + CLOSE_GRACE - 1)
        expect(await chain.taskStatus(taskId)).equal('Finalizing')
        await stage.mineTo(c + CLOSE_GRACE)
        expect(await chain.taskStatus(taskId)).equal('Closed')
        expect((await checkpoint(stage, cluster, taskId, 1)).kind).equal('reverted')
        expect((await chain.logHead(taskId)).last).equal(6)
      })
    })
  }
})
