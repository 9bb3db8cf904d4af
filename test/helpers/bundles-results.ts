import { existsSync, readFileSync } from 'node:fs'
import type { Digest } from '../../src/types/ids.ts'

/** How far a stock reducer was compared with its bundle: cases 1 … `cases`, without a difference. */
export interface BundleResult {
  /** Id of the bundle, which names its bytes and the engine. */
  readonly bundle: Digest
  readonly cases: number
  /** States that both gave; what both refused is not in here. */
  readonly states: number
  /** Processor time. */
  readonly seconds: number
}

export const BUNDLES_FILE = new URL('../../docs/bundles-results.json', import.meta.url)
export const SANDBOX_PAGE = new URL('../../docs/sandbox.md', import.meta.url)
const BEGIN = '<!-- generated: npm run bundles -- --page -->'
const END = '<!-- end -->'

/** By name of the reducer. */
export function readBundles(): Record<string, BundleResult> {
  if (!existsSync(BUNDLES_FILE)) return {}
  return JSON.parse(readFileSync(BUNDLES_FILE, 'utf8')) as Record<string, BundleResult>
}

/** The page with the table of these results in place of the one that it has. */
export function withBundles(page: string, results: Readonly<Record<string, BundleResult>>): string {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error(`the page has no ${BEGIN} … ${END}`)
  const number = (value: number): string => value.toLocaleString('en')
  const rows = Object.entries(results).map(
    ([id, { cases, states, seconds }]) =>
      `| \`${id}\` | 1 … ${number(cases)} | ${number(states)} | 0 | ${Math.round(cases / seconds)} |`,
  )
  const head = ['| Reducer | Cases | States compared | Differences | Cases per second of a core |']
  return [
    before,
    BEGIN,
    '\n',
    [...head, '| --- | ---: | ---: | ---: | ---: |', ...rows].join('\n'),
    '\n',
    END,
    after,
  ].join('')
}
