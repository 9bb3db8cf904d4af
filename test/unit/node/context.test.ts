import { expect } from 'chai'
import { toHex } from '../../../src/codec/hex.ts'
import type { CallContext, ReducerCall } from '../../../src/reducers/reducer.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import { RunnerCluster } from '../../helpers/runner-cluster.ts'

const HEIGHTS = 4
const AWAY = 2

describe('the context of an aggregate', () => {
  /** What member 0 and member 2 hand to the reducer, by height; member 2 is started again after the second height. */
  async function run(usesPrevious: boolean): Promise<{
    world: RunnerCluster
    told: readonly { readonly member: number; readonly context: CallContext }[]
  }> {
    const told: { member: number; context: CallContext }[] = []
    const reduce = (member: number, call: ReducerCall): Promise<ReturnType<typeof runReducer>> => {
      told.push({ member, context: call.context })
      return Promise.resolve(runReducer(call))
    }
    const world = new RunnerCluster({ n: 4, params: { heights: HEIGHTS, usesPrevious }, reduce })
    await world.start()
    expect(await world.run(2)).to.equal(true)
    await world.kill(AWAY)
    await world.restart(AWAY)
    expect(await world.run(HEIGHTS)).to.equal(true)
    expect(world.fatal).to.deep.equal([])
    return { world, told }
  }

  it('has seed, height, members by seat, and the state decided before, also after a restart', async () => {
    const { world, told } = await run(true)
    const { seed, members } = world.cluster
    const seats = members.map(({ key, weight }) => ({ key, weight }))
    const before = new Map(world.seat(0).decided.map(({ height, state }) => [height + 1, toHex(state)]))
    for (const { context } of told) {
      const { height, previous } = context
      expect(context).to.deep.include({ seed, members: seats })
      expect(previous === null ? null : toHex(previous)).to.equal(height === 1 ? '0x' : before.get(height))
    }
    for (const who of [0, AWAY])
      expect(
        told.filter(({ member }) => member === who).map(({ context }) => context.height),
      ).to.include.members([1, 2, HEIGHTS])
  })

  it('hands no state on in a task that does not say so', async () => {
    const { told } = await run(false)
    expect(told.map(({ context }) => context.previous)).to.deep.equal(told.map(() => null))
  })
})
