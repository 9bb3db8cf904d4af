import { expect } from 'chai'
import { termsHash } from '../../src/codec/roots.ts'
import type { Chain } from '../../src/ports/chain.ts'
import type { Stage } from '../helpers/both-chains.ts'
import { eventsOf, hardhatStage, memoryStage } from '../helpers/both-chains.ts'
import { joinCall } from '../helpers/chain.ts'
import { digestOf } from '../helpers/store-kit.ts'

describe('chain port: what a sign-up agrees to', () => {
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
      async function published(): Promise<{ stage: Stage; chain: Chain; taskId: bigint; lock: bigint }> {
        const stage = stageOf()
        const params = await stage.params()
        const taskId = await stage.publish(params)
        return { stage, chain: stage.nodes[0]!, taskId, lock: params.stakePerNode }
      }

      it('the event of a task leads to the terms that the chain has now', async () => {
        const { stage, chain, taskId } = await published()
        await stage.mineTo((await chain.head()) + chain.reorgDepth)
        const [event] = await eventsOf(chain, taskId)
        expect(event?.kind).equal('taskPublished')
        if (event?.kind !== 'taskPublished') return
        const { client, paramsHash } = event
        expect(await chain.terms(taskId)).deep.include({ client, paramsHash })
        expect(await chain.terms(taskId + 1_000n)).equal(null)
      })

      it('C-1, L-terms: other terms are refused by name', async () => {
        const { stage, chain, taskId } = await published()
        const { address } = stage.keys[0]!
        const terms = (await chain.terms(taskId))!
        for (const changed of [
          { client: address },
          { paramsHash: digestOf('other params') },
          { twinCodeHash: digestOf('other code') },
        ]) {
          const agreed = termsHash(chain.domain.chainId, chain.board, taskId, { ...terms, ...changed })
          const outcome = await stage.send(0, chain.prepareJoin(taskId, address, agreed))
          expect(outcome).deep.equal({ kind: 'reverted', error: 'OtherTerms' })
        }
        expect(await stage.send(0, await joinCall(chain, taskId, address))).include({ kind: 'mined' })
      })

      it('H-3: a key locks within its allowance, a task and in all', async () => {
        const { stage, taskId, lock } = await published()
        const chain = stage.nodes[1]!
        const { address } = stage.keys[1]!
        const signUp = async (task: bigint) => stage.send(1, await joinCall(chain, task, address))
        const refused = { kind: 'reverted', error: 'AllowanceExceeded' }
        await stage.allow(1, 0n, 0n)
        expect(await signUp(taskId)).deep.equal(refused)
        await stage.allow(1, lock - 1n, 10n * lock)
        expect(await signUp(taskId)).deep.equal(refused)
        await stage.allow(1, lock, lock)
        expect(await signUp(taskId)).include({ kind: 'mined' })
        expect((await chain.registration(address))?.allowance).deep.equal({
          perTaskWei: lock,
          totalWei: lock,
          runningWei: lock,
        })
        const second = await stage.publish(await stage.params())
        expect(await signUp(second)).deep.equal(refused)
        await stage.allow(1, lock, 2n * lock)
        expect(await signUp(second)).include({ kind: 'mined' })
      })
    })
  }
})
