import { TWIN_FILES, TWIN_README } from './twin-template.ts'

/** A new application: a folder whose every file is the author's own. Names are of lower-case letters, digits and dashes. */
export function appFiles(name: string, withTwin: boolean): ReadonlyMap<string, string> {
  return new Map([
    ['reducer.ts', REDUCER.replaceAll('NAME', name)],
    ['source.ts', SOURCE],
    ...(withTwin ? TWIN_FILES : []),
    ['README.md', README.replaceAll('NAME', name) + (withTwin ? TWIN_README : '')],
  ])
}

const REDUCER = `import { fixedCodec, struct, u64 } from 'rsdp/reducers'
import type { Reducer } from 'rsdp/reducers'

interface State {
  readonly value: bigint
}
interface Params {
  readonly max: bigint
}

const highest = (states: readonly State[]): State => ({
  value: states.reduce((best, { value }) => (value > best ? value : best), 0n),
})

/** The highest value that a member brings, up to a maximum. */
const reducer: Reducer<State, Params> = {
  id: 'NAME@1',
  state: fixedCodec(struct<State>({ value: u64 })),
  params: fixedCodec(struct<Params>({ max: u64 })),
  validate: ({ value }, { max }) => value <= max,
  aggregateStatus: (inputs) => highest(inputs.map(({ state }) => state)),
  aggregateShare: (own, shares) => highest([own, ...shares.map(({ state }) => state)]),
  aggregateClose: (_current, remaining) => highest(remaining.map(({ state }) => state)),
}
export default reducer

/**
 * For \`rsdp app test\`; the params are those of \`rsdp task publish --app\` unless it is given others. \`draw\` makes up states, good ones and
 * bad ones, with numbers below a limit.
 */
export const example = {
  params: { max: 1_000n },
  inputs: [{ value: 3n }, { value: 7n }, { value: 5n }],
  draw: (below: (limit: number) => number): State => ({ value: BigInt(below(1_100)) }),
}
`

const SOURCE = `import type { SourceRequest, StateSource } from 'rsdp/reducers'
import reducer from './reducer.ts'

/** What this node brings to a task of the reducer: here a number of its own. May read files, sensors, services. */
export default function open({ self }: SourceRequest): StateSource {
  return {
    observe: (height) => Promise.resolve(reducer.state.encode({ value: BigInt(10 * height + self) })),
    decided: () => undefined,
  }
}
`

const README = `# NAME

\`reducer.ts\` says what the members agree on, \`source.ts\` what one node brings. Build, test and run it from this folder:

    rsdp app build
    rsdp app test
    rsdp dev --app .
    rsdp task publish --app .
`
