/** The frames' own CBOR against the general encoder that stored records use. */
import { decode, encode } from '@ipld/dag-cbor'
import { expect } from 'chai'
import fc from 'fast-check'
import type { CborValue, DecodedCbor } from '../../src/codec/cbor.ts'
import { decodeCbor, encodeCbor, EncodedItems } from '../../src/codec/cbor.ts'
import { Malformed } from '../../src/codec/fields.ts'
import { fromHex, toHex } from '../../src/codec/hex.ts'
import { holds } from '../helpers/holds.ts'

const EDGES = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(...EDGES, ...EDGES.slice(1).map((edge) => -edge)),
  fc.constantFrom(...EDGES.slice(0, -1).map((edge) => -1 - edge)),
)
const bytes = fc.uint8Array({ maxLength: 300 })
const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    number,
    bytes,
    bytes.map(toHex),
    fc.array(tie('value'), { maxLength: 30 }),
  ),
}))

/** The same value as the general encoder takes it: `Hex` is a byte string. */
function plain(given: CborValue): unknown {
  if (typeof given === 'string') return fromHex(given)
  if (given instanceof EncodedItems) return decode(encodeCbor([given]))
  return typeof given === 'number' || given instanceof Uint8Array ? given : given.map(plain)
}

function read(data: Uint8Array): DecodedCbor | null {
  try {
    return decodeCbor(data)
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
}

/** What the general decoder reads, if it is of our kinds only, no deeper than frames are, and spelled as it spells it. */
function readByTwin(data: Uint8Array): unknown {
  try {
    const found = decode<unknown>(data)
    return isOurs(found, 0) && encode(found).every((byte, i) => byte === data[i]) ? found : null
  } catch {
    return null
  }
}

function isOurs(found: unknown, depth: number): boolean {
  if (Array.isArray(found)) return depth < 8 && found.every((item) => isOurs(item, depth + 1))
  return found instanceof Uint8Array || Number.isSafeInteger(found)
}

describe('cbor of frames', () => {
  it('writes items that are encoded already as if they stood in the array themselves', () => {
    const items = fc.array(value, { maxLength: 30 })
    holds(
      fc.property(items, items, items, (before, among, after) => {
        const spliced = [...before, new EncodedItems(among), new EncodedItems([]), [new EncodedItems(after)]]
        expect(encodeCbor(spliced)).to.deep.equal(encodeCbor([...before, ...among, after]))
      }),
    )
  })

  it('writes what the general encoder writes', () => {
    holds(
      fc.property(value, (given) => {
        expect(encodeCbor(given)).deep.equal(encode(plain(given)))
      }),
    )
  })

  it('reads back what it writes', () => {
    holds(
      fc.property(value, (given) => {
        expect(decodeCbor(encodeCbor(given))).deep.equal(plain(given))
      }),
    )
  })

  it('refuses and reads what the general decoder refuses and reads', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 })
    const damaged = fc.tuple(value, damage, fc.nat(3)).map(([given, changes, cut]) => {
      const data = encodeCbor(given)
      for (const [at, byte] of changes) data[at % data.length] = byte
      return data.subarray(0, data.length - (cut === 0 ? 1 : 0))
    })
    const anything = fc.oneof(damaged, fc.uint8Array({ maxLength: 40 }))
    holds(
      fc.property(anything, (data) => {
        expect(read(data)).deep.equal(readByTwin(data))
      }),
    )
  })

  it('allocates nothing for a length that the bytes cannot hold', () => {
    for (const head of ['9affffffff', '5affffffff', '9b001fffffffffffff', '9bffffffffffffffff'])
      expect(read(fromHex(`0x${head}`))).equal(null)
  })
})
