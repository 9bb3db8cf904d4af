import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGE = readFileSync(`${ROOT}docs/outages.md`, 'utf8')
/** The rows of its tables of inputs, without heads. */
const ROWS = PAGE.split(/\n(?=## )/)
  .filter((section) => section.includes('| Played by |'))
  .flatMap((section) => section.split('\n').filter((line) => /^\| (?!Input)/.test(line)))
const PLAYED = /`(test\/[^`]+)`(?:: "((?:[^"\\]|\\.)+)")?/

describe('docs/outages.md: the tests that it names', () => {
  it('every kind of input has a row', () => {
    const rows = ROWS.join('\n')
    for (const kind of [
      'A1',
      'A2',
      'A3',
      'A4',
      'B1',
      'B2',
      'B3',
      'B4',
      'B5',
      'B6',
      'C1',
      'C2',
      'C3',
      'C4',
      'C5',
    ])
      expect(rows).include(kind)
  })

  for (const row of ROWS) {
    const [, file = '', title] = PLAYED.exec(row) ?? []
    it(`${row.slice(2, 60)}…`, () => {
      expect(file, row).not.equal('')
      expect(existsSync(ROOT + file), file).equal(true)
      const name = title?.replaceAll('\\"', '"')
      if (name !== undefined) expect(readFileSync(ROOT + file, 'utf8')).include(name)
    })
  }
})
