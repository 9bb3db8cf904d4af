import { expect } from 'chai'
import { fileURLToPath } from 'node:url'
import { buildBundle } from '../../src/adapters/esbuild/build-bundle.ts'
import { simulatedBundle } from '../../src/cli/app/simulated.ts'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { membersOf } from '../../src/codec/bitmap.ts'
import { toHex } from '../../src/codec/hex.ts'
import type { SimulatedApp } from '../../src/sim/application.ts'
import { play } from '../../src/sim/run-seed.ts'
import { TASK_ID } from '../../src/sim/world.ts'
import spinning from '../helpers/spinning-reducer.ts'
import { openBundle } from '../helpers/stock-bundles.ts'

const HEIGHTS = 3
const params = toHex(spinning.params.encode({ max: 2n ** 40n }))
const loops = (count: bigint): Uint8Array => spinning.state.encode({ loops: count })

describe('a member whose valid input drives a bundle over its fuel', () => {
  let app: SimulatedApp

  before(async () => {
    const file = fileURLToPath(new URL('../helpers/spinning-reducer.ts', import.meta.url))
    app = {
      ...simulatedBundle(openBundle(await buildBundle(file)), params),
      open: (_, { node }) => ({
        observe: (height) => Promise.resolve(loops(BigInt(100 * height + node))),
        decided: () => undefined,
      }),
      worst: () => loops(2n ** 32n),
    }
  })
  after(restoreCrypto)

  it('is a valid input, and no list can hold it', () => {
    expect(app.isValid(app.worst(1))).to.equal(true)
    const context = { seed: app.hash, height: 1, members: [], previous: null, events: [] }
    const call = { reducer: app.name, params, context, inputs: [{ member: 0, state: app.worst(1) }] }
    expect(app.run(call)).to.deep.equal({ ok: false, code: 'overBudget' })
  })

  it('loses its place in the lists, and nothing else: every height is decided, by the others alone', async () => {
    const seed = 11
    const options = { heights: HEIGHTS, nodes: 4, calm: true, app, liar: 'poisoned-input' } as const
    const { world } = await play(seed, { ...options, keys: cryptoFor(seed) })
    expect(world.violations).to.deep.equal([])
    expect(world.counts['lie: poisoned-input']).to.equal(HEIGHTS)
    const liar = world.hosts.find((host) => world.isLiar(host))
    const honest = world.honest[0]
    const task = world.chain.tasks.get(TASK_ID)
    expect(task?.result).not.to.equal(null)
    expect(task?.convictions.size).to.equal(0)
    const heights = honest?.life?.store.heights(task!.cluster!.id, 1, HEIGHTS) ?? []
    expect(heights.map(({ decided }) => membersOf(decided.share.object.inputs))).to.deep.equal(
      Array.from({ length: HEIGHTS }, () => [0, 1, 2, 3].filter((member) => member !== liar?.member)),
    )
    for (const { round } of heights) expect(round).to.be.within(1, 4)
    // it decides with the others: what it cannot do is be in a list
    expect(liar?.decided).to.equal(HEIGHTS)
  })
})
