import { expect } from 'chai'
import { diffStates } from '../../../src/cli/app/state-diff.ts'
import { median } from '../../../src/reducers/median.ts'

const stateOf = (...values: readonly bigint[]): Uint8Array =>
  median.state.encode({ median: 5n, rows: values.map((value, member) => ({ member, value })) })

describe('two states of a height', () => {
  it('differ in bytes, and in fields if the reducer reads both', () => {
    const [own, decided] = [stateOf(5n, 6n), stateOf(5n, 7n)]
    expect(diffStates(own, decided, null)).to.deep.equal({ bytes: 1, first: own.length - 1, fields: null })
    expect(diffStates(own, decided, median).fields).to.deep.equal([
      { path: 'rows.1.value', own: 6n, decided: 7n },
    ])
  })

  it('differ in what one has more', () => {
    const [own, decided] = [stateOf(5n), stateOf(5n, 7n)]
    const { bytes, fields } = diffStates(own, decided, median)
    expect(bytes).to.equal(decided.length - own.length + 1)
    expect(fields).to.deep.equal([
      { path: 'rows.1.member', own: undefined, decided: 1 },
      { path: 'rows.1.value', own: undefined, decided: 7n },
    ])
  })

  it('have no fields that a reducer does not read', () => {
    expect(diffStates(Uint8Array.of(1), stateOf(5n), median).fields).to.equal(null)
  })

  it('are equal in nothing that differs', () => {
    expect(diffStates(stateOf(5n), stateOf(5n), median)).to.deep.equal({ bytes: 0, first: 34, fields: [] })
  })
})
