import { expect } from 'chai'
import { auditTask, examineTask } from '../../../src/audit/audit-task.ts'
import type { AuditReport } from '../../../src/audit/report.ts'
import { wantedBodies } from '../../../src/audit/wanted-bodies.ts'
import type { Aggregated } from '../../../src/cli/app/replay.ts'
import { recording } from '../../../src/cli/app/replay.ts'
import { decodeInputs, encodeInputs } from '../../../src/codec/batch.ts'
import { fromHex, toHex } from '../../../src/codec/hex.ts'
import type { HeightBodies } from '../../../src/ports/body-source.ts'
import type { TaskHistory } from '../../../src/ports/chain-history.ts'
import { findReducerByHash } from '../../../src/reducers/catalog.ts'
import { makeHistory } from '../../helpers/audit-history.ts'
import { HEIGHTS } from '../../helpers/audit-task.ts'
import type { Hex } from '../../../src/types/ids.ts'

const flipped = (bytes: Hex, at: number): Hex => {
  const all = fromHex(bytes).slice()
  all[at] = (all[at] ?? 0) ^ 1
  return toHex(all)
}

describe('audit of a task whose inputs are not on chain', () => {
  let history: TaskHistory
  /** As a member has them. */
  let bodies: ReadonlyMap<number, HeightBodies>
  const audited = (bodiesOf: (height: number) => readonly HeightBodies[]): AuditReport =>
    auditTask(history, { bodiesOf })
  const of = (height: number): HeightBodies => bodies.get(height)!

  before(() => {
    // the same task with its inputs on chain
    const open = makeHistory().history
    const lists = open.events.flatMap((event) =>
      event.name === 'Checkpointed' ? (decodeInputs(event.args.inputs) ?? []) : [],
    )
    const kept = new Map<number, Aggregated>()
    auditTask(open, { findReducer: (hash) => recording(findReducerByHash(hash)!, kept) })
    bodies = new Map(
      lists.map((list, i) => [i + 1, { inputs: encodeInputs([list]), state: toHex(kept.get(i + 1)!.state) }]),
    )
    expect(bodies.size).equal(HEIGHTS)
    history = makeHistory({ params: { calldataInputs: false } }).history
  })

  it('names every height, by the root of its inputs', () => {
    const wanted = wantedBodies(history)
    expect(wanted.map(({ height }) => height)).deep.equal([1, 2, 3, 4, 5, 6, 7, 8])
    expect(new Set(wanted.map(({ inputsRoot }) => inputsRoot)).size).equal(HEIGHTS)
    expect(wantedBodies(makeHistory().history)).deep.equal([])
  })

  it('is verified with the bodies of a member, and says which came out', () => {
    const { report, bodies: right } = examineTask(history, { bodiesOf: (height) => [of(height)] })
    expect(report.findings).deep.equal([])
    expect(report.verdict).equal('verified')
    expect(report.counts.aggregatesRecomputed).equal(HEIGHTS)
    expect(right).deep.equal(bodies)
  })

  it('takes the right ones of several, wherever they stand', () => {
    const report = audited((height) => [of((height % HEIGHTS) + 1), of(height), of(height)])
    expect(report.verdict).equal('verified')
  })

  it('is unavailable with a byte flipped, whichever, never verified, and accuses nobody', () => {
    const { inputs } = of(3)
    const length = fromHex(inputs).length
    for (let at = 0; at < length; at += at < 14 ? 1 : 7) {
      const wrong = { ...of(3), inputs: flipped(inputs, at) }
      const report = audited((height) => (height === 3 ? [wrong] : [of(height)]))
      expect(report.findings, `byte ${at}`).deep.equal([])
      expect(report.verdict, `byte ${at}`).equal('unavailable')
      expect(report.counts.aggregatesRecomputed, `byte ${at}`).equal(HEIGHTS - 1)
    }
  }).timeout(60_000)

  it('is unavailable where bytes are missing, cut short, too many, or of two heights', () => {
    const { inputs, state } = of(3)
    const two = `${inputs}${of(4).inputs.slice(2)}` as const
    for (const wrong of [[], [{ inputs: '0x' as const, state }], [{ inputs: `${inputs}00` as const, state }]])
      expect(audited((height) => (height === 3 ? wrong : [of(height)])).verdict).equal('unavailable')
    for (const bytes of [inputs.slice(0, -2) as Hex, two]) {
      const report = audited((height) => (height === 3 ? [{ inputs: bytes, state }] : [of(height)]))
      expect(report.verdict).equal('unavailable')
      expect(report.unavailable[0]?.why).contain('height 3')
    }
  })

  it('goes on behind a gap from a state that was attested, where heights build on each other', () => {
    const { history } = makeHistory({ params: { calldataInputs: false, usesPrevious: true } })
    const verified = (three: readonly HeightBodies[]): number =>
      auditTask(history, { bodiesOf: (height) => (height === 3 ? three : [of(height)]) }).counts
        .aggregatesRecomputed
    expect(verified([of(3)])).equal(HEIGHTS)
    expect(verified([{ ...of(3), inputs: '0x' }])).equal(HEIGHTS - 1)
    // its own bytes, and so the height above it
    expect(verified([])).equal(HEIGHTS - 2)
    expect(verified([{ inputs: '0x', state: flipped(of(3).state, 0) }])).equal(HEIGHTS - 2)
  })
})
