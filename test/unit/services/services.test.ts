import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { STATE_BYTES_MAX } from '../../../src/reducers/run.ts'
import { AGREED_PARTS, OBSERVED_PARTS, services } from '../../../src/services/services.ts'
import type { Agreed, Observed } from '../../../src/services/services.ts'
import { observed, POLICY } from '../../helpers/services-inputs.ts'
import { membersOf, runHeight } from '../../helpers/services-cluster.ts'
import type { Height } from '../../helpers/services-cluster.ts'

const members = membersOf([1, 1, 1, 1, 1])
const FIRST: Height = { members, height: 1, previous: new Uint8Array() }
const inputs = (clocks: readonly number[]): Map<number, Observed> =>
  new Map(clocks.map((clockMs, member) => [member, observed({ clock: { clockMs } })]))

function decide(height: Height, from: ReadonlyMap<number, Observed>): { bytes: Uint8Array; state: Agreed } {
  const result = runHeight(height, from, POLICY)
  if (!result.ok) throw new Error(result.code)
  return { bytes: result.state, state: services.state.decode(result.state) as Agreed }
}

describe('services@1', () => {
  it('refuses a state as an input, and bytes that are neither', () => {
    const { state } = decide(FIRST, inputs([1, 2, 3, 4]))
    expect(services.validate(state, POLICY)).equal(false)
    expect(runHeight(FIRST, new Map([[0, state]]), POLICY)).deep.equal({ ok: false, code: 'badInput' })
    for (const bytes of [[], [2], [0], [1], [0, 0]])
      expect(services.state.decode(Uint8Array.from(bytes)), bytes.join()).equal(null)
  })

  it('asks for the state before', () => {
    expect(services.uses).deep.equal(['previous'])
  })

  it('agrees on the time: the lower median of the clocks, never back', () => {
    const first = decide(FIRST, inputs([100, 900, 200, 300]))
    expect(first.state.header).include({ agreedMs: 200, heights: 1 })
    const next = { ...FIRST, height: 2, previous: first.bytes }
    expect(decide(next, inputs([50, 60, 70, 80, 90])).state.header).include({ agreedMs: 200, heights: 2 })
    expect(decide(next, inputs([5000, 60, 7000, 8000, 90])).state.header.agreedMs).equal(5000)
  })

  it('takes a state before that is none of its own as the beginning', () => {
    for (const previous of [Uint8Array.of(9), services.state.encode(observed({}))])
      expect(decide({ ...FIRST, previous }, inputs([1, 1, 1, 1])).state.header.heights).equal(1)
  })

  it('counts ledger events anew in the next task, and folds each once', () => {
    const events = [1, 2].map((seq) => ({ seq, kind: 'posted' as const, data: new Uint8Array() }))
    const first = decide({ ...FIRST, events }, inputs([1, 1, 1, 1]))
    expect(first.state.header.eventSeq).equal(2)
    const convictions = [{ seq: 1, kind: 'system' as const, data: Uint8Array.of(4, 1, 5) }]
    const verdict = (height: number): string | undefined =>
      decide({ ...FIRST, height, previous: first.bytes, events: convictions }, inputs([1, 1, 1, 1])).state
        .health.rows[4]?.verdict
    expect(verdict(1)).equal('byzantine')
    expect(verdict(2)).equal('up')
  })

  it('rows follow their members to new seats, and those of strangers go', () => {
    const own = { ...observed({}).metrics.own[0]!, memory: 1 }
    const from = inputs([1, 1, 1, 1, 1])
    for (const [member, input] of from)
      from.set(member, { ...input, metrics: { own: [{ ...own, memory: member + 1 }], peers: [] } })
    const { bytes } = decide(FIRST, from)
    // seats 0 … 4 held keys 0 … 4; now they hold keys 2 … 6
    const next = { ...FIRST, members: membersOf([1, 1, 1, 1, 1], 2), previous: bytes }
    const silent = new Map([[4, observed({ metrics: { own: [], peers: [] } })]])
    const { rows } = decide(next, silent).state.metrics
    expect(rows.map(({ member, memory, age }) => [member, memory, age])).deep.equal([
      [0, 3, 1],
      [1, 4, 1],
      [2, 5, 1],
    ])
  })

  it('merging and closing change nothing', () => {
    const { state } = decide(FIRST, inputs([1, 1, 1, 1]))
    expect(services.aggregateShare(state, [], POLICY)).equal(state)
    expect(
      services.aggregateClose(state, [], POLICY, {
        seed: '0x',
        height: 1,
        members,
        previous: new Uint8Array(),
      }),
    ).equal(state)
  })
})

describe('budgets of services@1', () => {
  const page = readFileSync(new URL('../../../docs/services.md', import.meta.url), 'utf8')
  const written = (name: string): number[] =>
    new RegExp(`^\\| ${name} \\| ([\\d,]+|–) \\| ([\\d,]+|–) \\|`, 'm')
      .exec(page)!
      .slice(1)
      .map((figure) => (figure === '–' ? 0 : Number(figure.replace(',', ''))))
  const budgets = (parts: Readonly<Record<string, { readonly bytesMax: number }>>): [string, number][] =>
    Object.entries(parts).map(([name, { bytesMax }]) => [name, bytesMax])
  const total = (parts: [string, number][]): number => parts.reduce((sum, [, bytes]) => sum + 2 + bytes, 1)

  it('add up to less than the longest state and the longest input', () => {
    expect(total(budgets(AGREED_PARTS))).most(STATE_BYTES_MAX)
    expect(total(budgets(OBSERVED_PARTS))).most(STATE_BYTES_MAX)
  })

  it('are the ones that docs/services.md says', () => {
    for (const [name, bytes] of budgets(AGREED_PARTS)) expect(written(name)[0], name).equal(bytes)
    for (const [name, bytes] of budgets(OBSERVED_PARTS)) expect(written(name)[1], name).equal(bytes)
    expect(written('all')).deep.equal([total(budgets(AGREED_PARTS)), total(budgets(OBSERVED_PARTS))])
  })
})
