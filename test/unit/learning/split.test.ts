import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { ATTACK_GROUPS } from '../../../src/learning/connections.ts'
import { heldOut, laterTime, partOfPerson, splitNames } from '../../../src/learning/split.ts'
import type { Split } from '../../../src/learning/split.ts'

const split = JSON.parse(readFileSync(new URL('../../../models/split.json', import.meta.url), 'utf8')) as {
  readonly asd: Split
  readonly nab: Split
  readonly kdd99: { readonly heldOutNames: readonly string[] }
}

describe('the split of the data sets', () => {
  it('is what the rule makes of the names, in any order', () => {
    for (const set of ['asd', 'nab'] as const) {
      const names = [...split[set].chosen, ...split[set].judged]
      expect(splitNames(set, names)).deep.equal(split[set])
      expect(splitNames(set, names.reverse())).deep.equal(split[set])
    }
    expect(Object.values(ATTACK_GROUPS).flatMap((names) => heldOut('kdd99', names))).deep.equal(
      split.kdd99.heldOutNames,
    )
  })

  it('holds out an attack of each group and keeps one', () => {
    for (const names of Object.values(ATTACK_GROUPS)) {
      const out = names.filter((name) => split.kdd99.heldOutNames.includes(name))
      expect(out.length).greaterThan(0).lessThan(names.length)
    }
  })

  it('puts a person on one side by name, and cuts time between labelled segments', () => {
    expect(partOfPerson('x', 'a')).equal(partOfPerson('x', 'a'))
    expect(new Set(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => partOfPerson('x', name))).size).equal(2)
    expect(
      laterTime([
        { from: 1, to: 3 },
        { from: 9, to: 9 },
      ]),
    ).equal(6)
  })
})
