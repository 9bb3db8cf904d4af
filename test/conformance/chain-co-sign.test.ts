import { expect } from 'chai'
import type { Chain, CoSignCall } from '../../src/ports/chain.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Stage } from '../helpers/both-chains.ts'
import {
  checkpoint,
  checkpointSignature,
  CLOSE_GRACE,
  drawn,
  eventsOf,
  hardhatStage,
  memoryStage,
  SHARED_HEAD,
  signedUp,
} from '../helpers/both-chains.ts'
import { digestOf } from '../helpers/store-kit.ts'

const HEIGHTS = { heights: 4, epochHeights: 2 }
const OMITTED = 2
const OTHERS = [0, 1, 3]

describe('chain port: a checkpoint that left a member out', () => {
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
      let stage: Stage
      let chain: Chain
      let cluster: Cluster
      let taskId: bigint

      beforeEach(async () => {
        stage = stageOf()
        chain = stage.nodes[0]!
        const params = await stage.params(HEIGHTS)
        taskId = await signedUp(stage, params)
        cluster = await drawn(stage, taskId, params)
        expect((await checkpoint(stage, cluster, taskId, 2, OTHERS)).kind).equal('mined')
      })

      /** What the member says of the last checkpoint, and signs. */
      async function callOf(changes: Partial<CoSignCall> = {}, member = OMITTED): Promise<CoSignCall> {
        const { last, root } = await chain.logHead(taskId)
        const head = { logSeq: 9, logHead: digestOf('own head') }
        const signature = checkpointSignature(stage, cluster, member, { height: last, root, ...head })
        return { taskId, member, ...head, note: '0x', signature, ...changes }
      }
      const refusal = async (call: CoSignCall): Promise<string | null> =>
        chain.refusal(chain.prepareCoSign(call))
      const send = async (call: CoSignCall) => stage.send(0, chain.prepareCoSign(call))

      it('tells who signed, and what', async () => {
        const { root } = await chain.logHead(taskId)
        const block = await chain.head()
        await stage.mineTo(block + chain.reorgDepth)
        expect((await eventsOf(chain, taskId)).at(-1)).deep.equal({
          kind: 'checkpointed',
          taskId,
          first: 1,
          height: 2,
          root,
          bitmap: 0b1011n,
          sharedSeq: SHARED_HEAD.logSeq,
          sharedHead: SHARED_HEAD.logHead,
          block,
        })
      })

      it('refuses who is not missing, and signatures over anything else', async () => {
        expect(await refusal(await callOf({}, 0))).equal('NotMissing')
        expect(await refusal(await callOf({ logSeq: 8 }))).equal('BadSignature')
        expect(await refusal(await callOf({ signature: (await callOf({}, 1)).signature }))).equal(
          'BadSignature',
        )
        expect(await send(await callOf({}, 0))).deep.equal({ kind: 'reverted', error: 'NotMissing' })
      })

      it('takes the signature once, by whomever it is brought', async () => {
        const call = await callOf()
        expect(await refusal(call)).equal(null)
        expect((await send(call)).kind).equal('mined')
        expect(await refusal(call)).equal('NotMissing')
        expect(await send(call)).deep.equal({ kind: 'reverted', error: 'NotMissing' })
      })

      it('does not take it after the next checkpoint', async () => {
        const call = await callOf()
        expect((await checkpoint(stage, cluster, taskId, 2, OTHERS)).kind).equal('mined')
        expect(await refusal(call)).equal('BadSignature')
        expect(await refusal(await callOf())).equal(null)
      })

      it('takes it to the end of the grace, and no longer', async () => {
        expect((await checkpoint(stage, cluster, taskId, 2, OTHERS)).kind).equal('mined')
        const complete = await chain.head()
        const call = await callOf()
        await stage.mineTo(complete + CLOSE_GRACE - 2)
        expect(await chain.taskStatus(taskId)).equal('Finalizing')
        expect(await refusal(call)).equal(null)
        await stage.mineTo(complete + CLOSE_GRACE)
        expect(await chain.taskStatus(taskId)).equal('Closed')
        expect(await refusal(call)).equal('StatusNotAllowed')
      })
    })
  }
})
