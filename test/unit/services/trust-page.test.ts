import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { withFederated } from '../../helpers/federated-results.ts'
import { readCells, TRUST_PAGE, withTables } from '../../helpers/trust-results.ts'
import type { TrustOutcome } from '../../helpers/trust-world.ts'
import { TrustWorld } from '../../helpers/trust-world.ts'

describe('docs/trust.md', () => {
  const page = readFileSync(TRUST_PAGE, 'utf8')

  it('has the tables that its results files make', () => {
    expect(withTables(page, readCells())).equal(page)
    expect(withFederated(page)).equal(page)
  })

  it('a run of the file comes out the same again', function () {
    this.timeout(60_000)
    const cell = readCells().find(
      ({ n, liars, kind, arm }) => n === 7 && liars === 2 && kind === 'split' && arm === 'trust',
    )
    const [{ seed, ...outcome } = { seed: 0 }] = cell?.runs ?? []
    const again = new TrustWorld({ ...cell!, seed }).run()
    for (const [name, value] of Object.entries(outcome as TrustOutcome))
      expect(again[name as keyof TrustOutcome], name).closeTo(value, 1e-4)
  })
})

describe('liars against votes of profile paper', function () {
  this.timeout(60_000)

  const run = (arm: 'popular' | 'trust' | 'own'): TrustOutcome =>
    new TrustWorld({ seed: 1, n: 7, liars: 2, kind: 'split', arm, heights: 40 }).run()

  it('two of seven decide nearly every height of the popular vote, and none after a dozen by trust', () => {
    expect(run('popular').wrong).above(0.9)
    const { wrong, neutralised, leastHonest } = run('trust')
    expect(wrong).below(0.15)
    expect(neutralised).within(1, 15)
    expect(leastHonest).above(1)
  })

  it('levels in the own final state are lost with the first false one', () => {
    expect(run('own')).include({ wrong: 1, neutralised: -1 })
  })
})
