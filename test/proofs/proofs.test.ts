import { expect } from 'chai'
import { globSync } from 'node:fs'
import type { Read } from '../../scripts/proofs/checker.ts'
import { prove, readProject } from '../../scripts/proofs/checker.ts'

const SEATS = 'test/proofs/SeatProofs.sol'

/** The project with one line of one source changed. */
const changed =
  (file: string, line: string, other: string): Read =>
  (path) => {
    const text = readProject(path)
    if (path !== file) return text
    expect(text.split(line)).to.have.length(2)
    return text.replace(line, other)
  }

const verdictOf = (property: string, read: Read) =>
  prove(SEATS, read).find((proof) => proof.property === property)

describe('Proofs', () => {
  it('finds what a broken library no longer does, and nothing else', () => {
    const read = changed('contracts/libraries/Draw.sol', 'return (n - 1) / 3;', 'return n / 3;')
    expect(verdictOf('oneOperatorHasLessThanAThird', read)?.verdict).to.equal('counterexample')
    expect(verdictOf('anOperatorMayHaveASeat', read)?.verdict).to.equal('proved')
  })

  it('finds that arithmetic fails outside of what is required', () => {
    const read = changed(SEATS, 'SEATS_MIN = 4', 'SEATS_MIN = 0')
    const proof = prove(SEATS, read).find(({ property }) => property.endsWith('no underflow in n - 1'))
    expect(proof?.verdict).to.equal('counterexample')
  })

  it('does not take for proved what nothing can meet', () => {
    const read = changed(SEATS, 'SEATS_MIN = 4', 'SEATS_MIN = 129')
    expect(verdictOf('oneOperatorHasLessThanAThird', read)?.verdict).to.equal('vacuous')
  })

  for (const file of globSync('test/proofs/*.sol').sort())
    it(`proves all of ${file}`, () => {
      const proofs = prove(file)
      expect(proofs).not.to.be.empty
      expect(proofs.filter(({ verdict }) => verdict !== 'proved')).to.deep.equal([])
    })
})
