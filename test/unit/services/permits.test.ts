import { expect } from 'chai'
import fc from 'fast-check'
import { toHex } from '../../../src/codec/hex.ts'
import { encodePermit, permitIn, Permits } from '../../../src/services/gateway/permits.ts'
import type { Permit } from '../../../src/services/gateway/permits.ts'
import { VERBS } from '../../../src/types/gateway.ts'
import { orderIn } from '../../../src/services/placement/spec.ts'
import type { LedgerEvent } from '../../../src/types/ledger.ts'
import { holds } from '../../helpers/holds.ts'

const KEY = `0x${'c1'.repeat(20)}` as const
const PERMIT: Permit = { service: 2, key: KEY, verbs: ['get', 'put'], perSecond: 50 }
const posted = (data: Uint8Array): LedgerEvent => ({ seq: 1, kind: 'posted', data })

const permits = fc
  .record({
    service: fc.integer({ min: 1, max: 65_535 }),
    key: fc.constantFrom(KEY, `0x${'c2'.repeat(20)}` as const),
    verbs: fc.subarray([...VERBS]),
    perSecond: fc.integer({ min: 1, max: 65_535 }),
  })
  .map((one): Permit => (one.verbs.length === 0 ? { ...one, perSecond: 0 } : one))

describe('permits of a ledger', () => {
  it('a permit is 26 bytes of an event', () => {
    expect(toHex(encodePermit(PERMIT))).equal(`0x140002${'c1'.repeat(20)}030032`)
    expect(permitIn(posted(encodePermit(PERMIT)))).deep.equal(PERMIT)
  })

  it('bytes that nobody would write, and events of the board, are none', () => {
    const bytes = encodePermit(PERMIT)
    const at = (index: number, value: number): Uint8Array => bytes.with(index, value)
    const wrong: Readonly<Record<string, Uint8Array>> = {
      empty: new Uint8Array(),
      'another tag': at(0, 0x13),
      'service 0': at(2, 0),
      'a verb that there is not': at(23, 8),
      'no verb, and a rate': at(23, 0),
      'verbs, and no rate': at(25, 0),
      'a byte less': bytes.slice(0, -1),
      'a byte more': Uint8Array.of(...bytes, 0),
    }
    for (const [name, data] of Object.entries(wrong)) expect(permitIn(posted(data)), name).equal(null)
    expect(permitIn({ ...posted(bytes), kind: 'system' })).equal(null)
  })

  it('services@1 passes them over', () => {
    expect(orderIn(posted(encodePermit(PERMIT)))).equal(null)
  })

  it('are read as they were written, and the last word on a key and a service counts', () => {
    holds(
      fc.property(fc.array(permits, { maxLength: 30 }), (all) => {
        const ledger = new Permits()
        for (const permit of all) {
          const event = posted(encodePermit(permit))
          expect(permitIn(event)).deep.equal(permit)
          ledger.take(event)
        }
        for (const { service, key } of all) {
          const last = all.findLast((one) => one.service === service && one.key === key)!
          expect(ledger.of(service, key)).deep.equal(last.verbs.length === 0 ? null : last)
        }
        expect(ledger.of(1, `0x${'c3'.repeat(20)}`)).equal(null)
      }),
    )
  })
})
