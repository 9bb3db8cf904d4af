import { expect } from 'chai'
import { FAULT_NAMES, parseFaults } from '../../../src/faults/parse.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'

/** Heights 1 … 12 about which each named fault lies. */
function heightsOf(text: string): [string, number[]][] {
  const heights = Array.from({ length: 12 }, (_, i) => i + 1)
  return parseFaults(text).map(({ name, isActive }) => [name, heights.filter(isActive)])
}

describe('--fault', () => {
  for (const text of [
    '',
    ',',
    'explode',
    'silent,',
    ',silent',
    'silent,explode:3',
    'Silent',
    ' silent',
    'reborn',
    'silent:',
    'silent:0',
    'silent:-1',
    'silent:03',
    'silent:3-',
    'silent:3-2',
    'silent:0-2',
    'silent:2-0',
    'silent:1.5',
    'silent:x',
    'silent:9999999999',
    'silent:3:100',
    'silent:3-4:100',
    'delay-status',
    'delay-status:3',
    'delay-status:3:0',
    'delay-status:3:1500:1',
    'toString',
    'constructor',
  ]) {
    it(`refuses '${text}' and lists what there is`, () => {
      let thrown: unknown
      try {
        parseFaults(text)
      } catch (error) {
        thrown = error
      }
      expect(thrown).to.be.instanceOf(RsdpError)
      const { code, exit, hint } = thrown as RsdpError
      expect({ code, exit }).to.deep.equal({ code: 'E_FAULT', exit: EXIT.usage })
      for (const name of FAULT_NAMES) expect(hint).to.include(name)
    })
  }

  it('reads names, heights and ranges', () => {
    const always = Array.from({ length: 12 }, (_, i) => i + 1)
    expect(heightsOf('equivocate-status:3,equivocate-share:9-11,silent')).to.deep.equal([
      ['equivocate-status', [3]],
      ['equivocate-share', [9, 10, 11]],
      ['silent', always],
    ])
    expect(heightsOf('delay-status:3:1500,delay-status:5-6:20')).to.deep.equal([
      ['delay-status', [3]],
      ['delay-status', [5, 6]],
    ])
  })

  it('knows a name for every kind of proof', () => {
    expect(FAULT_NAMES).to.include.members([
      'equivocate-hello',
      'equivocate-status',
      'equivocate-share',
      'equivocate-confirm',
      'equivocate-checkpoint',
      'amnesia',
      'illegal-log',
      'forked-log',
      'unjustified-vote',
      'bogus-list',
      'wrong-aggregate',
    ])
    for (const name of FAULT_NAMES) expect(heightsOf(`${name}:7`)).to.deep.equal([[name, [7]]])
  })
})
