import { expect } from 'chai'
import { loadEngine } from '../../../src/adapters/sandbox/load-engine.ts'
import { keccak, toHex } from '../../../src/codec/hex.ts'
import { FUEL, PROFILE } from '../../../src/sandbox/profile.ts'
import { prepare, run } from '../../../src/sandbox/sandbox.ts'
import type { Program } from '../../../src/sandbox/sandbox.ts'
import { bundleOf, HOSTILE, outcomeOf } from '../../helpers/hostile-bundles.ts'
import type { Outcomes } from '../../helpers/hostile-bundles.ts'
import { readVectors } from '../../helpers/vectors.ts'

/** What programs are called with that are no reducers. */
const FRAME = Uint8Array.of(5, 6, 7)

const { engine: engineHash, outcomes } = readVectors('sandbox') as Outcomes

function programOf(body: string): Program {
  const prepared = prepare(loadEngine(), bundleOf(body))
  if (!prepared.ok) throw new Error(`${prepared.code}: ${prepared.detail}`)
  return prepared.program
}

describe('sandbox', function () {
  this.timeout(60_000)

  it('is the engine that the vectors name', () => {
    expect(loadEngine().hash).to.equal(engineHash)
  })

  it('refuses what is not a bundle', () => {
    const refused = (bytes: Uint8Array): string => {
      const prepared = prepare(loadEngine(), bytes)
      return prepared.ok ? 'taken' : prepared.code
    }
    const text = (source: string): Uint8Array => new TextEncoder().encode(source)
    expect(refused(text(''))).to.equal('badBundle')
    expect(refused(text('5'))).to.equal('badBundle')
    expect(refused(text('(() => {'))).to.equal('threw')
    expect(refused(text('import "x"'))).to.equal('threw')
    expect(refused(text('throw 1'))).to.equal('threw')
    expect(refused(text('for (;;) {}'))).to.equal('overBudget')
    expect(refused(Uint8Array.of(0xff, 0xfe))).to.equal('badBundle')
    expect(refused(new Uint8Array(PROFILE.bundleBytesMax + 1))).to.equal('badBundle')
  })

  it('names a bundle by its bytes and its engine', () => {
    const [one, same, other] = ['return b', 'return b', 'return b '].map((body) => programOf(body).id)
    expect(one).to.equal(same)
    expect(one).not.to.equal(other)
  })

  it('answers bytes, and the same fuel each time', () => {
    const program = programOf('return new Uint8Array([op, ...b])')
    const first = run(program, 'close', FRAME)
    expect(first.ok && [...first.bytes]).to.deep.equal([3, ...FRAME])
    expect(run(program, 'close', FRAME)).to.deep.equal(first)
  })

  it('gives validate a fortieth of the fuel', () => {
    const program = programOf('for (;;) {}')
    const { fuel } = run(program, 'validate', FRAME)
    expect(fuel > FUEL.validate && fuel < FUEL.validate + 1_000n, `${fuel}`).to.equal(true)
  })

  it('computes keccak256, and charges for it', () => {
    const program = programOf('return keccak256(b)')
    for (const bytes of [new Uint8Array(), FRAME, new Uint8Array(1_000)]) {
      const result = run(program, 'status', bytes)
      expect(result.ok && toHex(result.bytes)).to.equal(keccak(bytes))
      expect(result.fuel > FUEL.keccak + FUEL.keccakByte * BigInt(bytes.length)).to.equal(true)
    }
  })

  for (const [name, body] of Object.entries(HOSTILE)) {
    it(`${name}: the verdict, state and fuel of the vectors`, () => {
      expect(outcomeOf(loadEngine(), body)).to.deep.equal(outcomes[name])
    })
  }

  it('has a vector for each hostile reducer', () => {
    expect(Object.keys(outcomes)).to.deep.equal(Object.keys(HOSTILE))
  })
})
