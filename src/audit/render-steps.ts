import { columns } from './layout.ts'
import { short } from './names.ts'
import type { Naming } from './names.ts'
import type { Step, Verdict } from './report.ts'
import { heightsOf } from './steps.ts'
import { withUnits } from './tokens.ts'
import type { TokenUnit } from './tokens.ts'

export const SYMBOLS = {
  verified: '✔ verified',
  mismatch: '✖ mismatch',
  unavailable: '? unavailable',
  pending: '… pending',
} as const satisfies Record<Verdict, string>

/** Verified checkpoints in a row that are shown one by one. */
const RUN_SHOWN_MAX = 6

export interface StepsOptions {
  readonly unit: TokenUnit | null
  readonly named: Naming
  readonly width: number | undefined
  readonly isFull: boolean
}

/** The table of steps. Long runs of verified checkpoints are one line, unless all is wanted. */
export function describeSteps(
  steps: readonly Step[],
  { unit, named, width, isFull }: StepsOptions,
): string[] {
  const rows = isFull ? steps.map((step): Row => ({ step, count: 1 })) : joined(steps)
  const column = (heading: string, rank: number, of: (row: Row) => string) => ({
    ...{ heading, rank, cells: rows.map(of) },
  })
  const text = (cell: string): string => named(withUnits(short(cell), unit))
  return columns(
    [
      column('step', 0, ({ step, count }) =>
        count > 1 ? `${step.label}, ${count} checkpoints` : step.label,
      ),
      column('block', 1, ({ step: { block } }) => (block === null ? '-' : `${block}`)),
      column('logged', 3, ({ step, count }) => (count > 1 ? '-' : text(step.logged))),
      column('recomputed', 4, ({ step, count }) => (count > 1 ? '-' : text(step.recomputed))),
      column('signatures', 2, ({ step }) => step.signatures),
      column('verdict', 0, ({ step }) => SYMBOLS[step.verdict]),
    ],
    width,
  )
}

interface Row {
  readonly step: Step
  /** Steps that this line stands for. */
  readonly count: number
}

function joined(steps: readonly Step[]): Row[] {
  const rows: Row[] = []
  for (let at = 0; at < steps.length;) {
    const first = steps[at]
    if (first === undefined) break
    let next = at + 1
    while (isVerified(first) && isVerified(steps[next])) next += 1
    const run = steps.slice(at, next)
    at = next
    if (run.length <= RUN_SHOWN_MAX) rows.push(...run.map((step) => ({ step, count: 1 })))
    else rows.push(joinedRun(run, first))
  }
  return rows
}

const isVerified = (step: Step | undefined): boolean =>
  step?.kind === 'checkpoint' && step.verdict === 'verified'

/** One line for all: heights from the first to the last, blocks too, signatures of the checkpoint that has the fewest. */
function joinedRun(run: readonly Step[], first: Step): Row {
  const last = run.at(-1) ?? first
  const from = heightsOf(first)?.first ?? ''
  const to = heightsOf(last)?.last ?? ''
  const fewest = run.reduce(
    (least, { signatures }) => (parseInt(signatures) < parseInt(least) ? signatures : least),
    first.signatures,
  )
  return { step: { ...last, label: `HEIGHTS ${from}–${to}`, signatures: `≥ ${fewest}` }, count: run.length }
}
