import { expect } from 'chai'
import type { Chain } from '../../src/ports/chain.ts'
import type { TaskParams } from '../../src/types/task.ts'
import type { Stage } from '../helpers/both-chains.ts'
import { joinCall } from '../helpers/chain.ts'
import {
  checkpoint,
  CLOSE_GRACE,
  drawn,
  eventsOf,
  hardhatStage,
  memoryStage,
  signedUp,
} from '../helpers/both-chains.ts'

const EPOCH = 4
const HEIGHTS = { heights: 16, epochHeights: EPOCH }

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
      const published = async (): Promise<{ stage: Stage; taskId: bigint; params: TaskParams }> => {
        const stage = stageOf()
        const params = await stage.params(HEIGHTS)
        return { stage, params, taskId: await signedUp(stage, params) }
      }

      it('while sign-up is open is over', async () => {
        const { stage, taskId } = await published()
        const [chain] = stage.nodes as [Chain]
        await stage.revoke(taskId)
        const block = await chain.head()
        expect(await chain.taskStatus(taskId)).equal('Expired')
        const late = await stage.send(0, await joinCall(chain, taskId, stage.keys[0]!.address))
        expect(late.kind).equal('reverted')
        await stage.mineTo(block + chain.reorgDepth)
        expect((await eventsOf(chain, taskId)).at(-1)).deep.equal({ kind: 'taskRevoked', taskId, block })
      })

      it('before the drawing is still drawn, and accepts no height', async () => {
        const { stage, taskId, params } = await published()
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
        const { stage, taskId, params } = await published()
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
