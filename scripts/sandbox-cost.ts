/**
 * What a bundle costs: `aggregate` of each stock reducer over n inputs, as it runs in this process and in the sandbox.
 *
 *   npm run cost:sandbox                prints the table of docs/sandbox.md
 *
 * Times are the least of several runs, since other programs only add to them. Fuel is the same everywhere.
 */
import { applyStatus } from '../src/reducers/apply.ts'
import type { RawInput } from '../src/reducers/apply.ts'
import { toHex } from '../src/codec/hex.ts'
import { findReducer, reducerIds } from '../src/reducers/catalog.ts'
import type { AnyReducer } from '../src/reducers/catalog.ts'
import type { Bundle } from '../src/sandbox/bundle.ts'
import { NIL } from '../src/types/ids.ts'
import { openBundle, stockBundle } from '../test/helpers/stock-bundles.ts'

const SIZES = [7, 31, 100]
const RUNS = 80
/** Native code is compiled while it runs: the first calls say nothing. */
const NATIVE_RUNS = 2_000
const digest = (i: number): string => `0x${(i + 1).toString(16).padStart(2, '0').repeat(32)}`

/** Params, and the input of member i: all values different, all slots wanted. */
const WORST: Readonly<Record<string, { params: unknown; input: (i: number) => unknown }>> = {
  'rate-limit@1': {
    params: { budget: 1_000n, demandMax: 1_000n },
    input: (i) => ({ budget: 0n, rows: [{ member: 0, demand: BigInt(100 + i), share: 0n }] }),
  },
  'time-slots@1': {
    params: { slots: 16 },
    input: () => ({ seed: NIL, period: 1n, slots: 0, rows: [{ member: 0, wanted: 0xffffn, granted: 0n }] }),
  },
  'popular-value@1': {
    params: {},
    input: (i) => ({ seed: NIL, value: NIL, count: 0, rows: [{ member: 0, value: digest(i) }] }),
  },
  'median@1': {
    params: { min: 0n, max: 1_000n },
    input: (i) => ({ median: 0n, rows: [{ member: 0, value: BigInt((i * 37) % 1_000) }] }),
  },
  'weighted-vote@1': {
    params: { weightMin: 1n, weightMax: 200n },
    input: (i) => ({
      ...{ seed: NIL, choice: NIL, share: 0n },
      rows: [{ member: 0, choice: digest(i), weight: BigInt(1 + i) }],
    }),
  },
}

console.log('| `aggregate` of | n | native ms | sandbox ms | times | fuel |')
console.log('| --- | ---: | ---: | ---: | ---: | ---: |')
for (const id of reducerIds()) {
  const reducer = findReducer(id)
  if (reducer === null) continue
  const bundle = openBundle(await stockBundle(id))
  for (const n of SIZES) console.log(row(id, reducer, bundle, n))
}

function row(id: string, reducer: AnyReducer, bundle: Bundle, n: number): string {
  const { params, input } = WORST[id] ?? { params: {}, input: () => ({}) }
  const bytes = reducer.params.encode(params)
  const inputs = Array.from({ length: n }, (_, i): RawInput => {
    return { member: i, state: reducer.state.encode(input(i)) }
  })
  const context = { seed: NIL, height: 1, members: [], previous: new Uint8Array(), events: [] }
  const call = { reducer: id, params: toHex(bytes), context, inputs }
  const result = bundle.reduce(call)
  const native = applyStatus(reducer, bytes, context, inputs)
  if (!result.ok || toHex(result.state) !== toHex(native)) throw new Error(`${id} at n = ${n} differs`)
  const [outside, inside] = [
    leastMs(NATIVE_RUNS, () => applyStatus(reducer, bytes, context, inputs)),
    leastMs(RUNS, () => bundle.reduce(call)),
  ]
  const times = Math.round(inside / outside)
  return `| \`${id}\` | ${n} | ${outside.toFixed(3)} | ${inside.toFixed(2)} | ${times} | ${(Number(result.fuel) / 1e6).toFixed(1)} M |`
}

function leastMs(runs: number, run: () => unknown): number {
  const taken = Array.from({ length: runs }, () => {
    const started = performance.now()
    run()
    return performance.now() - started
  })
  return Math.min(...taken)
}
