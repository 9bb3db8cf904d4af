import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A row of the document on distributed telecom systems, and what shows that it is met. */
export interface ServiceRow {
  readonly id: string
  readonly what: string
  /** `a` core, `b` service, `c` experiment, `d` prose; several where a row has several parts. */
  readonly class: string
  /** Both or neither: a row without them is open, or prose. */
  readonly file?: string
  readonly test?: string
  /** The error in the document that the test shows. */
  readonly finding?: string
  /** What the test does not show yet. */
  readonly left?: string
}

export const CLASSES = ['a', 'a, b', 'b', 'b, c', 'b/c/d', 'b/d', 'c', 'd']
export const ROWS_FILE = 'docs/services-rows.json'
export const ROWS_PAGE = 'docs/services-rows.md'

const root = fileURLToPath(new URL('../..', import.meta.url))

export function serviceRows(): readonly ServiceRow[] {
  return JSON.parse(readFileSync(`${root}/${ROWS_FILE}`, 'utf8')) as readonly ServiceRow[]
}

/** Titles of the tests of a file, as its source has them: in a template literal parts stay as they are written. */
export function titlesIn(source: string): ReadonlySet<string> {
  return new Set(
    [...source.matchAll(/\bit\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)].map(([, , title = '']) => title),
  )
}

/** `built`: a test shows all of it. `partly`: a test shows a part. */
export function standingOf({ class: kind, test, left }: ServiceRow): 'built' | 'partly' | 'open' | 'prose' {
  if (kind === 'd') return 'prose'
  if (test === undefined) return 'open'
  return left === undefined ? 'built' : 'partly'
}

/** The page as it has to be. */
export function rowsPage(rows: readonly ServiceRow[]): string {
  const count = (standing: string): number => rows.filter((row) => standingOf(row) === standing).length
  const lines = rows.map((row) => {
    const { id, what, class: kind, file = '', test, finding, left } = row
    const by = test === undefined ? '' : `${file.replace('test/', '')}: ${finding ?? test.slice(0, 60)}`
    return `| ${id} | ${what} | ${kind} | ${standingOf(row)} | ${by.replaceAll('|', '\\|')} | ${left ?? ''} |`
  })
  return `# Rows of the telecom document

What the document on a distributed telecom system asks for, row by row, and the test that shows it. Classes: a core, b service, c
experiment, d prose. \`${ROWS_FILE}\` is the source, with the whole titles; \`npm run rows\` writes this page, and
\`test/unit/services/rows.test.ts\` checks that every test named exists. F-numbers name errors of the document.

${count('built')} rows are built, ${count('partly')} partly, ${count('open')} are open, ${count('prose')} are prose.

| Row | What | Class | State | Shown by | Left |
|---|---|---|---|---|---|
${lines.join('\n')}
`
}
