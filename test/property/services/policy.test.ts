import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { fromHex, keccak } from '../../../src/codec/hex.ts'
import { leastConnections } from '../../../src/services/placement/balancers.ts'
import {
  CELLS,
  cellOf,
  encodeTable,
  leastCost,
  openTable,
  unitOf,
} from '../../../src/services/sentinel/policy.ts'
import type { Digest, Hex } from '../../../src/types/ids.ts'
import { BALANCE_PAGE, TABLE_FILE, withBalance } from '../../helpers/balance-results.ts'
import { holds } from '../../helpers/holds.ts'

const backends = fc
  .array(
    fc.record({
      weight: fc.integer({ min: 1, max: 1001 }),
      connections: fc.nat(300),
      use: fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.constant(1000)),
    }),
    { maxLength: 8 },
  )
  .map((list) => list.map((one, member) => ({ ...one, member })))
const costs = (least: number) =>
  fc.array(fc.integer({ min: least, max: 0xffff }), { minLength: CELLS, maxLength: CELLS })

describe('balancer by a table', () => {
  it('refuses bytes of another hash, and bytes that are no table', () => {
    holds(
      fc.property(costs(0), fc.nat(2 * CELLS), fc.integer({ min: 1, max: 255 }), (list, at, flip) => {
        const bytes = encodeTable({ costs: list })
        expect(openTable(bytes, keccak(bytes))).deep.equal({ costs: list })
        const tampered = bytes.slice()
        tampered[at] = tampered[at]! ^ flip
        expect(openTable(tampered, keccak(bytes))).equal(null)
        for (const other of [bytes.subarray(1), new Uint8Array(), Uint8Array.of(2, ...bytes.subarray(1))])
          expect(openTable(other, keccak(other))).equal(null)
      }),
      50,
    )
  })

  it('chooses among hosts that have something free, whatever the table says, in any order', () => {
    holds(
      fc.property(backends, costs(0), (list, table) => {
        const chosen = leastCost({ costs: table }, list)
        expect(leastCost({ costs: table }, list.toReversed())).equal(chosen)
        if (list.length === 0) {
          expect(chosen).equal(null)
          return
        }
        const isFree = list.some(({ use }) => use < 1000)
        expect(list[chosen!]!.use < 1000).equal(isFree)
      }),
    )
  })

  it('takes the cheapest cell, and by the rule where training has not been', () => {
    holds(
      fc.property(backends, costs(1), fc.nat(7), (list, table, at) => {
        const free = list.some(({ use }) => use < 1000) ? list.filter(({ use }) => use < 1000) : list
        if (free.length === 0) return
        const unit = unitOf(free)
        const least = Math.min(...free.map((one) => table[cellOf(one, unit)]!))
        const chosen = free.find(({ member }) => member === leastCost({ costs: table }, list))!
        expect(table[cellOf(chosen, unit)]).equal(least)
        const doubt = table.slice()
        doubt[cellOf(free[at % free.length]!, unit)] = 0
        expect(leastCost({ costs: doubt }, list)).equal(leastConnections(free))
      }),
    )
  })
})

describe('docs/balancing.md', () => {
  it('has the tables of its results file, and the table in models is what its hash says', () => {
    const page = readFileSync(BALANCE_PAGE, 'utf8')
    expect(withBalance(page)).equal(page)
    const { hash, bytes } = JSON.parse(readFileSync(TABLE_FILE, 'utf8')) as { hash: Digest; bytes: Hex }
    expect(openTable(fromHex(bytes), hash)).not.equal(null)
  })
})
