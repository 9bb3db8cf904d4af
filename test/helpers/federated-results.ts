import { readFileSync } from 'node:fs'
import { meanOf } from './trust-results.ts'

export interface FederatedRow {
  readonly method: string
  readonly liars: number
  /** One per choice of who lies. */
  readonly runs: readonly { readonly precision: number; readonly error: number }[]
}

interface FederatedResults {
  /** Bytes of one update, and of the rows that it stands for at 4 bytes a metric. */
  readonly moved: number
  readonly raw: number
  readonly rows: readonly FederatedRow[]
}

export const FEDERATED_FILE = new URL('../../docs/federated-results.json', import.meta.url)
const BEGIN = '<!-- generated: scripts/train/federated.ts -->'
const END = '<!-- end of federated -->'

/** The page with the table of the results file. */
export function withFederated(page: string): string {
  const { moved, raw, rows } = JSON.parse(readFileSync(FEDERATED_FILE, 'utf8')) as FederatedResults
  const lines = rows.map(({ method, liars, runs }) => {
    const text = (name: 'precision' | 'error'): string => {
      const { mean, half } = meanOf(runs.map((run) => run[name]))
      return half === null ? mean.toFixed(3) : `${mean.toFixed(3)} ± ${half.toFixed(3)}`
    }
    const error = method === 'local' ? '–' : text('error')
    return `| ${method} | ${liars} | ${runs.length} | ${error} | ${text('precision')} |`
  })
  const [before = '', rest = ''] = page.split(BEGIN)
  const [, after = ''] = rest.split(END)
  return `${before}${BEGIN}

One update is ${moved.toLocaleString('en')} bytes; the rows that it stands for are ${raw.toLocaleString('en')}.

| Update | liars of 8 | choices of liars | error of a correlation | average precision |
|---|---:|---:|---:|---:|
${lines.join('\n')}

${END}${after}`
}
