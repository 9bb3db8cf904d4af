import { report } from '../../demo/report.ts'
import type { ReportRow } from '../../demo/report.ts'
import { rateLease } from '../../reducers/rate-lease.ts'
import { fromHex } from '../../codec/hex.ts'
import type { Hex } from '../../types/ids.ts'
import type { Watch } from '../local/watch.ts'
import { table } from '../output.ts'

/** One line per height: how it was decided, what was agreed, and how far the votes diverged. */
export function describeHeight(height: number, watch: Watch): { agree: boolean; text: string } {
  const reports = [...(watch.decided.get(height)?.values() ?? [])]
  const values = new Set(reports.map(({ value }) => value))
  const first = reports[0]
  const row = first === undefined ? undefined : reported(height, first.state)
  const measured = [...(watch.measured.get(height)?.values() ?? [])]
  const lowest = (kind: 'transitional' | 'operational'): (typeof measured)[number]['transitional'] =>
    measured
      .map((entry) => entry[kind])
      .reduce((a, b) => (a === null || (b !== null && b.magnitude < a.magnitude) ? b : a), null)
  const transitional = lowest('transitional')
  const operational = lowest('operational')
  const global = reports.filter(({ globallyValid }) => globallyValid).length
  const local = reports.filter(({ locallyValid }) => locallyValid === true).length
  const text = [
    `height ${String(height).padStart(3)}  round ${String(Math.min(...reports.map(({ round }) => round)))}`,
    `${String(reports.length)} nodes agree on ${(first?.value ?? '').slice(0, 10)}…`,
    `inputs ${String(first?.inputs ?? 0)}`,
    `claimed ${String(row?.demandTotal ?? 0n).padStart(7)} lent ${String(row?.grantedTotal ?? 0n).padStart(6)} of ${String(row?.budget ?? 0n)}`,
    `validity: SHARE ${format(transitional?.magnitude)} (entropy ${format(transitional?.entropy)}, concentration ${format(transitional?.concentration)})`,
    `final ${format(operational?.magnitude)}`,
    `local ${String(local)}/${String(reports.length)} global ${String(global)}/${String(reports.length)}`,
  ].join('  ')
  return { agree: values.size === 1, text }
}

/** The budget that a decided height was split from. */
export function budgetAt(height: number, watch: Watch): bigint | undefined {
  const first = [...(watch.decided.get(height)?.values() ?? [])][0]
  return first === undefined ? undefined : reported(height, first.state)?.budget
}

/** Claims, leases and totals of every height, from the agreed states alone. */
export function sharesTable(heights: number, watch: Watch): string {
  const states = Array.from({ length: heights }, (_, i) => {
    const first = [...(watch.decided.get(i + 1)?.values() ?? [])][0]
    return { height: i + 1, state: fromHex((first?.state ?? '0x') as Hex) }
  })
  const rows = report(states, rateLease.state)
  const members = [...new Set(rows.flatMap((row) => row.members.map(({ member }) => member)))].sort(
    (a, b) => a - b,
  )
  return table(
    [
      'height',
      'budget',
      'claimed',
      'lent',
      'short',
      ...members.map((member) => `m${String(member)} lease/claim`),
    ],
    rows.map((row) => [
      row.height,
      row.budget,
      row.demandTotal,
      row.grantedTotal,
      row.waitingTotal,
      ...members.map((member) => {
        const own = row.members.find((entry) => entry.member === member)
        return own === undefined ? '-' : `${String(own.share)}/${String(own.queue)}`
      }),
    ]),
  )
}

function reported(height: number, state: string): ReportRow | undefined {
  return report([{ height, state: fromHex(state as Hex) }], rateLease.state)[0]
}

function format(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(2)
}
