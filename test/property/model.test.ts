import { expect } from 'chai'
import { createEngine } from '../../src/protocol/create.ts'
import { step } from '../../src/protocol/engine.ts'
import { Exploration } from '../../scripts/model/explore.ts'
import type { Mutant } from '../../scripts/model/mutants.ts'
import { loadMutant, MUTANTS } from '../../scripts/model/mutants.ts'
import { NARROW_SCOPE, TEST_SCOPE } from '../../scripts/model/world.ts'

/** Found within seconds; `npm run model` tries all of them. */
const QUICK = ['half is a quorum', 'a locked node votes for a fresh list']

function quick(name: string): Mutant {
  const mutant = MUTANTS.find((candidate) => candidate.name === name)
  expect(mutant, name).to.not.equal(undefined)
  return mutant!
}

describe('small model', function () {
  // seconds, but of all of one core
  this.timeout(600_000)

  it('holds in every state of two values and two rounds with a liar that convenes nothing', () => {
    const report = new Exploration({ step, createEngine }, TEST_SCOPE).run()
    expect(report.violation).to.equal(null)
    expect([...report.decided.keys()].sort()).to.deep.equal(['A', 'B'])
    expect(report.states).to.be.greaterThan(100_000)
  })

  for (const name of QUICK) {
    it(`finds the mutant: ${name}`, async () => {
      const protocol = await loadMutant(quick(name))
      const { violation } = new Exploration(protocol, NARROW_SCOPE).run()
      expect(violation).to.not.equal(null)
      expect(violation?.story).to.not.deep.equal([])
    })
  }
})
