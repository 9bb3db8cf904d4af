import { expect } from 'chai'
import { runReducer } from '../../../src/reducers/run.ts'
import type { TwinCall } from '../../../src/ports/chain.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import { RunnerCluster } from '../../helpers/runner-cluster.ts'

const TWIN = `0x${'7e'.repeat(20)}` as const
const PARAMS = { twin: TWIN, heights: 2, epochHeights: 2 }

/** What the Solidity twin would answer. */
function truth({ params, seed, inputs, events }: TwinCall): Promise<Uint8Array | null> {
  const ledger = events.map((data, i) => ({ seq: i + 1, data }))
  const result = runReducer({ reducer: rateLimit.id, params, seed, inputs, events: ledger })
  return Promise.resolve(result.ok ? result.state : null)
}

describe('a provable task', () => {
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
      if (first !== undefined) expect(first.object).to.include({ inputs: 0, validRound: -1 })
    })
  }
})
