import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import ts from 'typescript'
import { ATTACKS } from '../../scripts/mutation/attacks.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(`${ROOT}docs/attacks.md`, 'utf8')

interface Named {
  readonly row: string
  readonly file: string
  readonly title: string
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
const tables = PAGE.split('\n').filter((line) => /^\| [A-Z]+-/.test(line))
const rows = tables.map(cellsOf).filter((cells) => cells.length === 2)
const tests = tables
  .map(cellsOf)
  .filter((cells) => cells.length === 3)
  .map(([row = '', file = '', title = '']): Named => ({ row, file: file.replaceAll('`', ''), title }))

/**
 * Titles that a test file gives to `describe` and `it`, also from the first field of a list that it runs through; what is
 * filled in is `…`. A title in a comment, or of a test that is switched off, is none.
 */
function titlesOf(file: string): Set<string> {
  const titles = new Set<string>()
  const source = ts.createSourceFile(file, readFileSync(ROOT + file, 'utf8'), ts.ScriptTarget.Latest, true)
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const [title] = node.arguments
      if (/^(it|describe)$/.test(node.expression.text) && title !== undefined) titles.add(textOf(title))
    }
    // a case: its name is filled into the title
    if (ts.isArrayLiteralExpression(node) && node.elements[0] !== undefined)
      titles.add(textOf(node.elements[0]))
    node.forEachChild(visit)
  }
  visit(source)
  titles.delete('')
  return titles
}

function textOf(title: ts.Node): string {
  if (ts.isStringLiteralLike(title)) return title.text
  if (!ts.isTemplateExpression(title)) return ''
  return [title.head.text, ...title.templateSpans.map(({ literal }) => literal.text)].join('…')
}

describe('docs/attacks.md', () => {
  it('names a test for every row, and none for a row that is not there', () => {
    const ids = rows.map(([row]) => row)
    expect(ids).length.greaterThan(20)
    expect(new Set(tests.map(({ row }) => row.split(',')[0]))).deep.equal(new Set(ids))
  })

  it('names tests that exist', () => {
    const missing = tests.filter(({ file, title }) => !existsSync(ROOT + file) || !titlesOf(file).has(title))
    expect(missing.map(({ row, file, title }) => `${row}: ${file}: ${title}`)).deep.equal([])
  })

  it('would notice a test that is gone', () => {
    const [{ file }] = tests as [Named]
    expect(titlesOf(file).has('C-1: was bound to the client')).equal(false)
    expect(titlesOf(file).size).greaterThan(3)
  })

  it('has for every row a line that can be taken out, and a test of the row that must notice', () => {
    expect(new Set(ATTACKS.map(({ row }) => row))).deep.equal(new Set(rows.map(([row]) => row)))
    for (const { name, file, line, broken, row, test, by } of ATTACKS) {
      expect(readFileSync(ROOT + file, 'utf8').split(line), `${name}: lines`).length(2)
      expect(broken, name).not.equal(line)
      const named = tests.some((one) => one.row.startsWith(row) && one.file === test && one.title === by)
      expect(named, `${name}: its test in the table`).equal(true)
    }
  })
})
