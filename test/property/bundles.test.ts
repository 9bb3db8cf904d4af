import { expect } from 'chai'
import { findReducer } from '../../src/reducers/catalog.ts'
import { bundleAnswers, nativeAnswers } from '../helpers/bundle-answers.ts'
import { machineCases } from '../helpers/machine-cases.ts'
import { machineBundle, openBundle, stockBundle } from '../helpers/stock-bundles.ts'
import { TWINNED_IDS, twinCase } from '../helpers/twin-cases.ts'

/** The first of those that `npm run bundles` goes on with. */
const FIRST = 1
const CASES = 2_000
/** Of eight heights each. */
const RUNS = 5
const MACHINES = [
  ['kv-config@1', 'kv', 'kv'],
  ['lock@1', 'lock', 'locks'],
  ['leader-election@1', 'leader', 'leaders'],
  ['work-assignment@1', 'work', 'work'],
] as const

describe('stock reducers as bundles', function () {
  // a case takes some ten runs of the sandbox
  this.timeout(600_000)
  for (const id of TWINNED_IDS)
    it(`${id}: ${CASES} cases from ${FIRST} are answered in the sandbox as outside`, async () => {
      const bundle = openBundle(await stockBundle(id))
      for (let number = FIRST; number < FIRST + CASES; number += 1) {
        const one = twinCase(id, number)
        const expected = nativeAnswers(findReducer(id)!, one)
        expect(bundleAnswers(bundle, one), `case ${number}`).to.deep.equal(expected)
      }
    })

  for (const [id, workload, exported] of MACHINES)
    it(`${id}: the heights of ${RUNS} runs are answered in the sandbox as outside`, async () => {
      const bundle = openBundle(await machineBundle(exported))
      let states = 0
      for (let number = FIRST; number < FIRST + RUNS; number += 1)
        for (const one of machineCases(workload, number)) {
          const expected = nativeAnswers(findReducer(id)!, one)
          expect(bundleAnswers(bundle, one), `run ${number}, height ${one.height}`).to.deep.equal(expected)
          if (expected.status !== null && expected.accepted.every(Boolean)) states += 1
        }
      expect(states, 'no height is refused').to.equal(RUNS * 8)
    })
})
