import { expect } from 'chai'
import fc from 'fast-check'
import {
  decodeBatch,
  decodeExceptions,
  decodeInputs,
  encodeBatch,
  encodeExceptions,
  encodeInputs,
} from '../../../src/codec/batch.ts'
import { concatHex, fromHex, toHex } from '../../../src/codec/hex.ts'
import { decodeNotes, encodeNote } from '../../../src/codec/notes.ts'
import type { Note } from '../../../src/codec/notes.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import { holds } from '../../helpers/holds.ts'
import { BATCH_MEMBERS, KNOWN, batch, exceptions, inputs, notes } from '../../helpers/wire-arbitraries.ts'

const encodeNotes = (list: readonly Note[]): Hex => concatHex(...list.map((note) => encodeNote(note, KNOWN)))
const readNotes = (packed: Hex): Note[] | null => decodeNotes(packed, KNOWN)
const row = (member: number): string => `${member.toString(16).padStart(2, '0')}${'00'.repeat(40)}`
/** A note of member 0 with one entry t2 of round 0 at the batch's first height. */
const noteOf = (tagAndValue: string): Hex => `0x00000102000000${tagAndValue}`

/** What must hold for each packed list: round trip, one spelling, no exception on any bytes. */
function packedList<T>(
  name: string,
  values: fc.Arbitrary<T[]>,
  encode: (value: readonly T[]) => Hex,
  decode: (packed: Hex) => T[] | null,
): void {
  describe(name, () => {
    it('gives back what was encoded', () => {
      holds(fc.property(values, (value) => void expect(decode(encode(value))).deep.equal(value)))
    })

    it('refuses bytes cut short or extended, unless they are a list of their own', () => {
      holds(
        fc.property(values, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 60 }), (value, cut, more) => {
          const packed = encode(value)
          const whole = packed.slice(0, 2 + 2 * (cut % (packed.length / 2))) as Hex
          for (const other of [whole, concatHex(packed, toHex(more))]) {
            const decoded = decode(other)
            if (decoded !== null) expect(encode(decoded)).equal(other)
          }
        }),
      )
    })

    it('has one spelling for each list: any bytes are refused or encode to themselves', () => {
      holds(
        fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
          const bytes = fromHex(encode(value))
          if (bytes.length > 0) bytes[at % bytes.length]! ^= flip
          const decoded = decode(toHex(bytes))
          if (decoded !== null) expect(encode(decoded)).equal(toHex(bytes))
        }),
        1_000,
      )
      holds(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
          const decoded = decode(toHex(bytes))
          if (decoded !== null) expect(encode(decoded)).equal(toHex(bytes))
        }),
        1_000,
      )
    })

    it('refuses what is no hex, without a throw', () => {
      for (const text of ['', '0x0', '0xzz', '0xAA', 'aa']) expect(decode(text as Hex), text).equal(null)
    })
  })
}

packedList(
  'batch',
  batch,
  (heights) => encodeBatch(heights, BATCH_MEMBERS),
  (packed) => decodeBatch(packed, BATCH_MEMBERS),
)
packedList('exceptions', exceptions, encodeExceptions, decodeExceptions)
packedList('inputs', inputs, encodeInputs, decodeInputs)
packedList('notes', notes, encodeNotes, readNotes)

describe('packed layout', () => {
  it('a height has 67 bytes and a list: hint, stateHash, inputsRoot, eventSeqDelta, ⌈n / 8⌉ bytes', () => {
    const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)]
    const height = { hint: 1, stateHash: `0x${a}`, inputsRoot: `0x${b}`, eventSeqDelta: 258 } as const
    const listed = { ...height, inputs: 0b1011n }
    expect(encodeBatch([listed], 4)).equal(`0x01${a}${b}01020b`)
    expect(encodeBatch([{ ...listed, inputs: 1n << 127n }], 128)).equal(
      `0x01${a}${b}010280${'00'.repeat(15)}`,
    )
    expect(decodeBatch(`0x${'00'.repeat(67)}`, 8)).equal(null)
    expect(decodeBatch(`0x${'00'.repeat(68)}`, 8)).length(1)
    expect(decodeBatch(`0x${'00'.repeat(68)}`, 9)).equal(null)
    expect(() => encodeBatch([{ ...listed, hint: 256 }], 4)).throw(InvariantError)
    expect(() => encodeBatch([{ ...listed, eventSeqDelta: 65_536 }], 4)).throw(InvariantError)
  })

  it('a list that names a seat that does not exist is refused', () => {
    const stranger = { hint: 0, stateHash: NIL, inputsRoot: NIL, eventSeqDelta: 0, inputs: 0b10000n }
    expect(() => encodeBatch([stranger], 4)).throw(InvariantError)
    expect(decodeBatch(encodeBatch([stranger], 5), 4)).equal(null)
  })

  it('exceptions come by member, each at most once', () => {
    expect(decodeExceptions(`0x${row(1)}${row(2)}`)).length(2)
    expect(decodeExceptions(`0x${row(2)}${row(1)}`)).equal(null)
    expect(decodeExceptions(`0x${row(1)}${row(1)}`)).equal(null)
    expect(decodeExceptions(`0x${row(128)}`)).equal(null)
    expect(decodeExceptions(`0x${row(127)}`)).length(1)
    const rows = [2, 1].map((member) => ({ member, logSeq: 0, logHead: NIL }))
    expect(() => encodeExceptions(rows)).throw(InvariantError)
  })

  it('exceptions refuse a logSeq that no number holds exactly', () => {
    expect(decodeExceptions(`0x000020000000000000${'00'.repeat(32)}`)).equal(null)
  })

  it('inputs are a count, then by member a state or a CLOSE', () => {
    const state = Uint8Array.of(1, 2, 3)
    const list = [
      [],
      [{ kind: 'status', member: 0, eventSeq: 5, state } as const, { kind: 'close', member: 3 } as const],
    ]
    expect(encodeInputs(list)).equal('0x00' + '02' + '00' + '0000000000000005' + '0003' + '010203' + '83')
    expect(decodeInputs('0x028380')).equal(null)
    expect(decodeInputs('0x028383')).equal(null)
    expect(decodeInputs('0x01ff')).deep.equal([[{ kind: 'close', member: 127 }]])
    const close = { kind: 'close', member: 3 } as const
    expect(() => encodeInputs([[close, close]])).throw(InvariantError)
    expect(decodeInputs('0xff')).equal(null)
  })

  it('notes name known values by tag, and no other way', () => {
    const spelled = (value: Hex): Hex => noteOf(`03${value.slice(2)}`)
    const value = (packed: Hex): Hex | undefined => readNotes(packed)?.[0]?.entries[0]?.value
    expect(value(noteOf('00'))).equal(NIL)
    expect(value(noteOf('01'))).equal(KNOWN.valueOf(21))
    expect(value(noteOf('02'))).equal(KNOWN.valueOf(20))
    expect(value(spelled(`0x${'77'.repeat(32)}`))).equal(`0x${'77'.repeat(32)}`)
    for (const known of [NIL, KNOWN.valueOf(21), KNOWN.valueOf(20)])
      expect(readNotes(spelled(known))).equal(null)
    expect(readNotes(noteOf('04'))).equal(null)
    expect(readNotes(`0x0000010900000000`)).equal(null)
    expect(readNotes('0x00ffff')).equal(null)
    expect(readNotes('0x010000000000')).equal(null)
    expect(readNotes('0x010000010000')).equal(null)
    expect(readNotes('0x800000')).equal(null)
    expect(readNotes('0x000000010000')).length(2)
    expect(readNotes('0x0100000000')).equal(null)
    expect(() =>
      encodeNote({ member: 0, entries: [{ event: 't1', height: 20, round: 0, value: NIL }] }, KNOWN),
    ).throw(InvariantError)
  })
})
