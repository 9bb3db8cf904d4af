import { expect } from 'chai'
import type { Candidate, KeyFacts } from '../../../src/audit/draw.ts'
import { candidatesAt, drawSeats, operatorCap } from '../../../src/audit/draw.ts'
import { keccak, utf8Hex } from '../../../src/codec/hex.ts'
import type { Address, Digest } from '../../../src/types/ids.ts'
import type { Moment } from '../../../src/types/moment.ts'
import { atBlock } from '../../helpers/moments.ts'

const DEADLINE = 100n
const address = (text: string): Address => `0x${keccak(utf8Hex(text)).slice(26)}`
const seedOf = (i: number): Digest => keccak(utf8Hex(`draw ${i}`))

/** Sign-ups by the numbers of their operators. */
const signups = (owners: readonly number[]): Candidate[] =>
  owners.map((owner, index) => ({
    index,
    key: address(`key ${index}`),
    operator: address(`operator ${owner}`),
  }))

/** All ways to share out m sign-ups among operators, each once: the first has operator 0, a new operator the next number. */
function* partitions(m: number, prefix: readonly number[] = []): Generator<readonly number[]> {
  if (prefix.length === m) yield prefix
  else
    for (let next = 0; next <= Math.max(-1, ...prefix) + 1; next += 1) yield* partitions(m, [...prefix, next])
}

function* orders(items: readonly number[], prefix: readonly number[] = []): Generator<readonly number[]> {
  if (items.length === 0) yield prefix
  for (const item of items)
    yield* orders(
      items.filter((other) => other !== item),
      [...prefix, item],
    )
}

const subsets = (items: readonly number[]): number[][] =>
  Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((__, i) => (bits >> i) & 1))

/** The rule a second time, by an order of ranks instead of a seed. */
function seatsBy(order: readonly number[], owners: readonly number[], min: number, max: number): number[] {
  const held = (seats: readonly number[], owner: number): number =>
    seats.filter((seat) => owners[seat] === owner).length
  for (let n = max; n >= min; n -= 1) {
    const seats: number[] = []
    for (const one of order)
      if (seats.length < n && held(seats, owners[one]!) < operatorCap(n)) seats.push(one)
    if (seats.length === n) return seats
  }
  return []
}

/** Share of the seats that operators 0 and 1 get on average over all orders; null if there is no cluster. */
function shareOf(
  present: readonly number[],
  owners: readonly number[],
  min: number,
  max: number,
): number | null {
  let [own, all] = [0, 0]
  for (const order of orders(present)) {
    const seats = seatsBy(order, owners, min, max)
    own += seats.filter((seat) => owners[seat]! < 2).length
    all += seats.length
  }
  return all === 0 ? null : own / all
}

const END = atBlock(DEADLINE + 1n)
const momentOf = (block: bigint | null): Moment | null => (block === null ? null : atBlock(block))

describe('audit: who can be drawn', () => {
  it('H-1: exactly the keys that were active at the deadline, whatever happens later', () => {
    const facts: readonly (readonly [inactiveSince: bigint | null, isDrawn: boolean])[] = [
      [null, true],
      [1n, false],
      [DEADLINE - 1n, false],
      [DEADLINE, false],
      [DEADLINE + 1n, true],
      [10n ** 9n, true],
    ]
    const keys = facts.map((_, i) => address(`key ${i}`))
    const factsOf = (key: Address): KeyFacts => ({
      operator: address('one'),
      inactiveSince: momentOf(facts[keys.indexOf(key)]![0]),
    })
    const drawn = candidatesAt(END, keys, factsOf).map(({ index }) => index)
    expect(drawn).deep.equal(facts.flatMap(([, isDrawn], i) => (isDrawn ? [i] : [])))
    expect(candidatesAt(END, keys, () => null)).deep.equal([])
  })

  it('H-1: and, where seconds count, until the second as well', () => {
    const end = { ...END, time: 1_000n }
    const isDrawn = (number: bigint, time: bigint): boolean =>
      candidatesAt(end, [address('key')], () => ({
        operator: address('one'),
        inactiveSince: { number, time },
      })).length === 1
    expect(isDrawn(DEADLINE, 2_000n)).equal(false)
    expect(isDrawn(DEADLINE + 50n, 999n)).equal(false)
    expect(isDrawn(DEADLINE + 1n, 1_000n)).equal(true)
  })

  it('H-1: the model: in every list of up to six, no subset of drop-outs and convictions after it moves a share', function () {
    this.timeout(120_000)
    let [lists, deeds, wouldGain] = [0, 0, 0]
    for (const m of [4, 5, 6]) {
      for (const owners of partitions(m)) {
        const list = signups(owners)
        const everybody = owners.map((_, i) => i)
        const seats = drawSeats(seedOf(m), list, 4, m)
        const share = shareOf(everybody, owners, 4, m)
        lists += 1
        // the operators 0 and 1 drop out with any of their keys, or have any rival convicted
        for (const gone of subsets(everybody)) {
          const inactiveSince = (key: Address): bigint | null =>
            gone.some((i) => list[i]!.key === key) ? DEADLINE + 1n : null
          const keys = list.map(({ key }) => key)
          const factsOf = (key: Address): KeyFacts => ({
            operator: list[keys.indexOf(key)]!.operator,
            inactiveSince: momentOf(inactiveSince(key)),
          })
          const after = drawSeats(seedOf(m), candidatesAt(END, keys, factsOf), 4, m)
          expect(after).deep.equal(seats)
          deeds += 1
          if (gone.length > 2) continue
          // what it would have been worth if they dropped out of the drawing
          const others = everybody.filter((i) => !gone.includes(i))
          wouldGain = Math.max(wouldGain, (shareOf(others, owners, 4, m) ?? 0) - (share ?? 0))
        }
      }
    }
    console.log(
      `      ${lists} lists, ${deeds} subsets: 0 moved; dropping out at form: up to +${percent(wouldGain)}`,
    )
    expect(wouldGain).above(0.1)
  })

  it('H-1: quitting is like not having signed up: no place in the list is worth more than another', () => {
    for (const owners of partitions(6)) {
      for (const quitter of [0, 3, 5]) {
        const rest = owners.filter((_, i) => i !== quitter)
        // the last of the list moves into the free place
        const moved = owners.slice(0, -1)
        if (quitter < 5) moved[quitter] = owners[5]!
        const all = [0, 1, 2, 3, 4]
        expect(shareOf(all, moved, 4, 5)).equal(shareOf(all, rest, 4, 5))
      }
    }
  })

  it('the model and the drawing are one rule', () => {
    for (const owners of [...partitions(5), [0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 6, 1]]) {
      const list = signups(owners)
      const rank = (i: number): string => keccak(`0x${seedOf(9).slice(2)}${i.toString(16).padStart(64, '0')}`)
      const order = owners.map((_, i) => i).sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
      const drawn = drawSeats(seedOf(9), list, 4, 8).map(({ index }) => index)
      expect(drawn).deep.equal(seatsBy(order, owners, 4, 8))
    }
  })

  it('H-2: 10,000 draws give every sign-up, and a coalition of names, its share of the seats', function () {
    this.timeout(120_000)
    const [m, n, draws, own] = [28, 7, 10_000, 12]
    const list = signups(Array.from({ length: m }, (_, i) => i))
    const counts = list.map(() => 0)
    let majorities = 0
    for (let i = 0; i < draws; i += 1) {
      const seats = drawSeats(seedOf(i), list, 4, n)
      for (const { index } of seats) counts[index]! += 1
      if (seats.filter(({ index }) => index < own).length >= 5) majorities += 1
    }
    const expected = (draws * n) / m
    // seats of one draw are without replacement: the sum is (m − n) / (m − 1) of what independent draws would give
    const sum = counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0)
    const chi2 = (sum * (m - 1)) / (m - n)
    const share = counts.slice(0, own).reduce((a, b) => a + b) / (draws * n)
    const five = majorities / draws
    console.log(
      `      χ² = ${chi2.toFixed(1)} (27 degrees of freedom, 99.9 %: 55.5); 12 of 28 names: ` +
        `${percent(share)} of the seats, 5 of 7 in ${percent(five)} of the draws`,
    )
    expect(chi2).below(55.5)
    expect(share).closeTo(own / m, 0.006)
  })
})

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`
