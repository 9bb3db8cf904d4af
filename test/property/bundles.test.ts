import { expect } from 'chai'
import { findReducer } from '../../src/reducers/catalog.ts'
import { bundleAnswers, nativeAnswers } from '../helpers/bundle-answers.ts'
import { openBundle, stockBundle } from '../helpers/stock-bundles.ts'
import { TWINNED_IDS, twinCase } from '../helpers/twin-cases.ts'

/** A sample of what `npm run bundles` compares: a case takes some ten runs of the sandbox. */
const FIRST = 1_000
const CASES = 150

describe('stock reducers as bundles', () => {
  for (const id of TWINNED_IDS)
    it(`${id}: ${CASES} cases from ${FIRST} are answered in the sandbox as outside`, async () => {
      const bundle = openBundle(await stockBundle(id))
      for (let number = FIRST; number < FIRST + CASES; number += 1) {
        const one = twinCase(id, number)
        const expected = nativeAnswers(findReducer(id)!, one)
        expect(bundleAnswers(bundle, one), `case ${number}`).to.deep.equal(expected)
      }
    })
})
