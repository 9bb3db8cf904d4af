import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import {
  CLASSES,
  ROWS_PAGE,
  rowsPage,
  serviceRows,
  standingOf,
  titlesIn,
} from '../../helpers/service-rows.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

describe('rows of the telecom document', () => {
  const rows = serviceRows()

  it('are T1 … T195 in order, of known classes', () => {
    expect(rows.map(({ id }) => id)).deep.equal(Array.from({ length: 195 }, (_, i) => `T${i + 1}`))
    for (const { id, class: kind, finding } of rows) {
      expect(CLASSES, id).include(kind)
      if (finding !== undefined) expect(finding, id).match(/^F([1-9]|1\d|2[0-7])$/)
    }
  })

  it('name tests that exist, and prose names none', () => {
    const titles = new Map<string, ReadonlySet<string>>()
    for (const { id, class: kind, file, test, left, finding } of rows) {
      expect(file === undefined, id).equal(test === undefined)
      if (file === undefined || test === undefined) {
        expect([left, finding], id).deep.equal([undefined, undefined])
        continue
      }
      expect(kind, id).not.equal('d')
      expect(existsSync(`${root}/${file}`), `${id}: ${file}`).equal(true)
      if (!titles.has(file)) titles.set(file, titlesIn(readFileSync(`${root}/${file}`, 'utf8')))
      expect(titles.get(file)!.has(test), `${id}: ${test}`).equal(true)
    }
  })

  it('find titles in quotes of each kind, over lines, and nothing else', () => {
    const source = "it('a', f)\nit(\n  \"b's\", f)\nit(`${c} d`, f)\nit(title, f)\nsplit('e')"
    expect([...titlesIn(source)]).deep.equal(['a', "b's", '${c} d'])
  })

  it('have a standing', () => {
    const row = { id: 'T1', what: '', class: 'b' }
    expect(standingOf(row)).equal('open')
    expect(standingOf({ ...row, class: 'd' })).equal('prose')
    expect(standingOf({ ...row, file: 'a', test: 'b' })).equal('built')
    expect(standingOf({ ...row, file: 'a', test: 'b', left: 'c' })).equal('partly')
  })

  it('are the page that docs has', () => {
    expect(readFileSync(`${root}/${ROWS_PAGE}`, 'utf8')).equal(rowsPage(rows))
  })
})
