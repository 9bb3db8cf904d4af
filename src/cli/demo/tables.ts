import { TABLE_ROWS } from '../../demo/compare-report.ts'
import type { VariantReport } from '../../demo/compare-report.ts'
import { isBetter, isNoWorse } from '../../demo/trials-run.ts'
import type { TrialsRow } from '../../demo/trials-run.ts'
import { table } from '../output.ts'

/** Both variants side by side, for people. */
export function comparisonTable(agreed: VariantReport, even: VariantReport): string {
  return table(
    ['counted by the providers', 'agreed', 'static', 'agreed / static'],
    TABLE_ROWS.map(({ name, of, digits = 0 }) => {
      const [a, b] = [of(agreed), of(even)]
      return [name, a.toFixed(digits), b.toFixed(digits), b === 0 ? '-' : (a / b).toFixed(2)]
    }),
  )
}

/** The trials of all seeds, for people. */
export function trialsTable(rows: readonly TrialsRow[]): string {
  const digits = (row: TrialsRow): number => (row.static < 10 ? 2 : 0)
  return table(
    ['mean of all seeds', 'agreed', 'static', 'central', 'agreed − static', ''],
    rows.map((row) => {
      const text = (value: number): string => value.toFixed(digits(row))
      const verdict = isBetter(row) ? 'better' : isNoWorse(row) ? 'no worse' : 'WORSE'
      const difference = `${text(row.difference)} ± ${text(row.halfWidth)}`
      return [row.name, text(row.agreed), text(row.static), text(row.central), difference, verdict]
    }),
  )
}
