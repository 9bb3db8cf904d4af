import { expect } from 'chai'
import { runReducer } from '../../../src/reducers/run.ts'
import type { TwinCall } from '../../../src/ports/chain.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import { RunnerCluster } from '../../helpers/runner-cluster.ts'

const TWIN = `0x${'7e'.repeat(20)}` as const
const PARAMS = { twin: TWIN, heights: 2, epochHeights: 2 }

/** What the Solidity twin would answer. */
function truth({ params, context, inputs, closing }: TwinCall): Promise<Uint8Array | null> {
  const result = runReducer({ reducer: rateLimit.id, params, context, inputs, closing })
  return Promise.resolve(result.ok ? result.state : null)
}

describe('a provable task', function () {
  this.timeout(60_000)
  async function run(twin: (member: number, call: TwinCall) => Promise<Uint8Array | null>): Promise<{
    world: RunnerCluster
    own: (boolean | null)[]
    told: unknown[]
  }> {
    const world = new RunnerCluster({ n: 4, params: PARAMS, twin })
    await world.start()
    expect(await world.run(2)).to.equal(true)
    expect(world.fatal).to.deep.equal([])
    const lines = world.seat(3).lines
    const own = lines.flatMap(({ event, facts }) =>
      event === 'height.decided' ? [facts['globallyValid'] as boolean] : [],
    )
    const told = lines.flatMap(({ event, facts, level }) =>
      event === 'twin.differs' ? [[level, facts['height'], facts['reason']]] : [],
    )
    return { world, own, told }
  }

  it('is decided in round 0 where the twin agrees, and asks it once a height', async () => {
    const asked: number[] = []
    const { own, told } = await run((member, call) => {
      if (member === 3) asked.push(call.inputs.length)
      expect(call.twin).to.equal(TWIN)
      return truth(call)
    })
    expect(own).to.deep.equal([true, true])
    expect(told).to.deep.equal([])
    expect(asked).to.deep.equal([4, 4])
  })

  const failures: Record<string, (call: TwinCall) => Promise<Uint8Array | null>> = {
    'the twin has another result': () => Promise.resolve(new Uint8Array(9)),
    'the twin reverts': () => Promise.resolve(null),
    'no such endpoint': () => Promise.reject(new Error('no such endpoint')),
    'the twin does not answer in time': () => new Promise(() => undefined),
  }
  for (const [reason, answer] of Object.entries(failures)) {
    it(`votes NIL, loudly, and goes on with the others: ${reason}`, async () => {
      const { world, own, told } = await run((member, call) => (member === 3 ? answer(call) : truth(call)))
      expect(told[0]).to.deep.equal(['error', 1, reason])
      expect(own).to.deep.equal([false, false])
      const [first] = world.wire.objects.filter(
        ({ member, object }) => member === 3 && object.type === 'share' && object.height === 1,
      )
      // who waits for the twin in vain may be told the decision first
      if (first !== undefined) expect(first.object).to.include({ inputs: 0n, validRound: -1 })
    })
  }

  it('asks the twin for what is left where somebody leaves, and signs nothing else', async () => {
    const asked: { closing: boolean; inputs: number }[] = []
    // answers come with the next tick: without that, one tick would hold all rounds there are
    const answers: (() => void)[] = []
    let isSlow = false
    const world = new RunnerCluster({
      n: 4,
      params: { ...PARAMS, heights: 3 },
      twin: (member, call) => {
        if (member === 0) asked.push({ closing: call.closing, inputs: call.inputs.length })
        // a twin whose `close` is another than the reducer's
        const answer = call.closing ? Promise.resolve(new Uint8Array(9)) : truth(call)
        return isSlow ? new Promise((resolve) => answers.push(() => resolve(answer))) : answer
      },
    })
    await world.start()
    expect(await world.run(1)).to.equal(true)
    isSlow = true
    world.seat(3).runner!.leave()
    const hasLost = (): boolean =>
      world.wire.objects.some(
        ({ member, object }) =>
          member === 0 && object.type === 'share' && object.height > 1 && object.round === 2,
      )
    for (let i = 0; i < 200 && !hasLost(); i += 1) {
      for (const answer of answers.splice(0)) answer()
      await world.tick()
    }
    expect(hasLost()).to.equal(true)
    expect(asked).to.deep.include({ closing: true, inputs: 3 })
    const fresh = world.wire.objects.filter(
      ({ member, object }) => member === 0 && object.type === 'share' && object.height > 1,
    )
    for (const { object } of fresh) expect(object).to.include({ inputs: 0n })
    expect(world.seat(0).lines.some(({ event }) => event === 'twin.differs')).to.equal(true)
    expect(world.fatal).to.deep.equal([])
  })
})
