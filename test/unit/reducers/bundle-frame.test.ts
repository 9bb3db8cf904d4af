import { expect } from 'chai'
import fc from 'fast-check'
import { fromHex, toHex } from '../../../src/codec/hex.ts'
import type { CallFrame } from '../../../src/reducers/bundle/frame.ts'
import {
  decodeCall,
  decodeDescribe,
  decodeDescription,
  decodeValidate,
  encodeCall,
  encodeDescribe,
  encodeDescription,
  encodeValidate,
  OPERATION,
} from '../../../src/reducers/bundle/frame.ts'
import { serve } from '../../../src/reducers/bundle/serve.ts'
import { median } from '../../../src/reducers/median.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { readVectors } from '../../helpers/vectors.ts'

const blob = fc.uint8Array({ maxLength: 40 })
const call: fc.Arbitrary<CallFrame> = fc.record({
  params: blob,
  context: fc.record({
    seed: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex),
    height: fc.nat({ max: 2 ** 31 - 1 }),
    members: fc.array(
      fc.record({
        key: fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex),
        weight: fc.nat({ max: 65_535 }),
      }),
      { maxLength: 5 },
    ),
    previous: blob,
    events: fc
      .array(fc.record({ kind: fc.constantFrom('posted' as const, 'system' as const), data: blob }), {
        maxLength: 4,
      })
      .map((events) => events.map((event, i) => ({ seq: i + 1, ...event }))),
  }),
  current: blob,
  inputs: fc.array(fc.record({ member: fc.nat({ max: 65_535 }), state: blob }), { maxLength: 5 }),
})

interface Vector {
  readonly operation: keyof typeof OPERATION
  readonly frame: Hex
  /** What `median@1` answers; null: it refuses. */
  readonly answer: Hex | null
}

describe('bundle frames', () => {
  it('refuse what is cut short, and what goes on', () => {
    fc.assert(
      fc.property(call, fc.nat(), (frame, cut) => {
        const bytes = encodeCall(frame)
        expect(() => decodeCall(bytes.subarray(0, cut % bytes.length))).to.throw(RangeError)
        expect(() => decodeCall(Uint8Array.from([...bytes, 0]))).to.throw(RangeError)
      }),
    )
    for (const decode of [decodeValidate, decodeDescribe, decodeCall]) {
      expect(() => decode(new Uint8Array())).to.throw(RangeError)
      expect(() => decode(Uint8Array.of(255, 255, 255, 255, 1))).to.throw(RangeError)
    }
  })

  it('refuse an event of no kind', () => {
    const event = { seq: 1, kind: 'posted', data: new Uint8Array() } as const
    const context = { seed: toHex(new Uint8Array(32)), height: 1, members: [], previous: new Uint8Array() }
    const none = { params: new Uint8Array(), current: new Uint8Array(), inputs: [] }
    const bytes = encodeCall({ ...none, context: { ...context, events: [event] } })
    // params, seed, height, members, previous, number of events
    const kindAt = 4 + 32 + 4 + 2 + 4 + 2
    expect(decodeCall(bytes).context.events).to.deep.equal([event])
    bytes[kindAt] = 2
    expect(() => decodeCall(bytes)).to.throw(RangeError)
  })

  it('give back what was written', () => {
    fc.assert(
      fc.property(call, (frame) => {
        expect(decodeCall(encodeCall(frame))).to.deep.equal(frame)
      }),
    )
    fc.assert(
      fc.property(blob, blob, (params, input) => {
        expect(decodeValidate(encodeValidate(params, input))).to.deep.equal({ params, input })
        expect(decodeDescribe(encodeDescribe(params))).to.deep.equal(params)
      }),
    )
  })

  it('describe nothing but a name, and two facts', () => {
    const description = { name: 'median@1', usesPrevious: true, acceptsParams: false }
    expect(decodeDescription(encodeDescription(description))).to.deep.equal(description)
    const name = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0))
    for (const bytes of [
      [],
      [1],
      [2, 0, ...name('a@1')],
      [0, 2, ...name('a@1')],
      [0, 0],
      [0, 0, ...name('a')],
      [0, 0, ...name('A@1')],
      [0, 0, ...name('a@1\n')],
      [0, 0, ...name(`${'a'.repeat(63)}@1`)],
      [0, 0, ...name('a@1'), 200],
    ])
      expect(decodeDescription(Uint8Array.from(bytes)), String(bytes)).to.equal(null)
  })

  describe('vectors', () => {
    const vectors = readVectors('frames') as readonly Vector[]
    const served = serve(median)

    it('there is one of each operation', () => {
      expect(new Set(vectors.map(({ operation }) => operation))).to.deep.equal(
        new Set(Object.keys(OPERATION)),
      )
    })

    for (const [i, { operation, frame, answer }] of vectors.entries())
      it(`${i}: ${operation} ${answer === null ? 'is refused' : 'is answered'}`, () => {
        const ask = (): Hex => toHex(served(OPERATION[operation], fromHex(frame)))
        if (answer === null) expect(ask).to.throw()
        else expect(ask()).to.equal(answer)
      })

    it('no other operation is answered', () => {
      const { frame } = vectors.find(({ operation }) => operation === 'status')!
      for (const operation of [-1, 5, 1.5, NaN])
        expect(() => served(operation, fromHex(frame))).to.throw(RangeError)
    })
  })
})
