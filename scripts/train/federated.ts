/**
 * E-M9: eight servers learn one model without moving their data, while up to three of them lie. Writes
 * docs/federated-results.json, and its table into docs/trust.md. Needs the data set `asd`.
 *
 *   RSDP_DATA_DIR=<folder> ./rsdp --script scripts/train/federated.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { readLabels, readMetrics } from '../../src/learning/servers.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { FederatedRow } from '../../test/helpers/federated-results.ts'
import { FEDERATED_FILE, withFederated } from '../../test/helpers/federated-results.ts'
import type { Fitted, Site } from '../../test/helpers/federated-sites.ts'
import { combine, fitSite, judgeSite, updateBytes } from '../../test/helpers/federated-sites.ts'
import { TRUST_PAGE } from '../../test/helpers/trust-results.ts'

const folder = process.env['RSDP_DATA_DIR']
if (folder === undefined) {
  console.error('RSDP_DATA_DIR does not name the folder of the data sets')
  process.exit(EXIT.precondition)
}
const split = JSON.parse(readFileSync('models/split.json', 'utf8')) as {
  asd: { chosen: string[]; judged: string[] }
}
const text = (file: string): string => {
  const bytes = readFileSync(`${folder}/asd/${file}`)
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}
const site = (name: string): Site => ({
  name,
  fit: readMetrics(name, text(`${name}_train.csv.gz`)),
  judge: readMetrics(name, text(`${name}_test.csv.gz`)),
  labels: readLabels(name, text(`${name}_test_label.csv`)),
})
// liars are among the servers that things are chosen on; the others are judged
const liable = split.asd.chosen.map(site)
const judged = split.asd.judged.map(site)
const fitted: readonly Fitted[] = [...liable, ...judged].map(fitSite)
const honest = fitted.map(({ update }) => update)
const clean = combine(honest, 0)

const rows: FederatedRow[] = [row('local', 0, [[]], () => null)]
for (const liars of [0, 1, 2, 3])
  for (const [method, trim] of [
    ['mean', 0],
    ['trimmed 1', 1],
    ['trimmed 2', 2],
    ['trimmed 3', 3],
  ] as const)
    rows.push(row(method, liars, subsets(liable.length, liars), (who) => combine(poisoned(who), trim)))
const moved = updateBytes(honest[0] ?? [])
const raw = Math.max(...liable.map(({ fit }) => fit.length * (fit[0]?.length ?? 0) * 4))
writeFileSync(FEDERATED_FILE, `${JSON.stringify({ moved, raw, rows }, null, 1)}\n`)
writeFileSync(TRUST_PAGE, withFederated(readFileSync(TRUST_PAGE, 'utf8')))

/** Liars send the opposite of what they measured, as far as the clip lets them. */
function poisoned(who: readonly number[]): readonly (readonly number[])[] {
  return honest.map((update, i) =>
    who.includes(i) ? update.map((value) => (value > 0 ? -1_000_000 : 1_000_000)) : update,
  )
}

function row(
  method: string,
  liars: number,
  choices: readonly (readonly number[])[],
  updateOf: (who: readonly number[]) => readonly number[] | null,
): FederatedRow {
  const runs = choices.map((who) => {
    const update = updateOf(who)
    const precision = judged.map((one, i) => {
      const own = fitted[liable.length + i] as Fitted
      return judgeSite(one, own, update ?? own.update)
    })
    const errors = (update ?? clean).map((value, i) => Math.abs(value - (clean[i] ?? 0)))
    return {
      precision: round(precision.reduce((sum, value) => sum + value, 0) / precision.length),
      error: round(errors.reduce((sum, value) => sum + value, 0) / errors.length / 1_000_000),
    }
  })
  return { method, liars, runs }
}

function subsets(n: number, size: number): number[][] {
  if (size === 0) return [[]]
  return Array.from({ length: n }, (_, first) => first).flatMap((first) =>
    subsets(n, size - 1)
      .filter(([next = n]) => next > first)
      .map((rest) => [first, ...rest]),
  )
}

function round(value: number): number {
  return Number(value.toFixed(4))
}
