import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { referencePages } from '../../scripts/reference/pages.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

describe('reference pages', () => {
  for (const { file, text } of referencePages(ROOT))
    it(`${file} is what the sources say: npm run reference`, () => {
      expect(readFileSync(`${ROOT}${file}`, 'utf8')).equal(text)
    })

  it('every code that a source names is on the page of errors', () => {
    const page = readFileSync(`${ROOT}docs/errors.md`, 'utf8')
    const named = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((file) =>
      [...readFileSync(`${ROOT}${file}`, 'utf8').matchAll(/'(E_[A-Z0-9_]*[A-Z0-9])'/g)].map(
        ([, code]) => code ?? '',
      ),
    )
    const missing = [...new Set(named)].filter((code) => !page.includes(`\`${code}\``))
    expect(missing).deep.equal([])
  })
})
