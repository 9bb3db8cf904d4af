import { expect } from 'chai'
import { assignSlots } from '../../../src/reducers/fair-slots.ts'

describe('assignSlots', () => {
  const cases: [name: string, slots: number, wanted: bigint[], owners: (number | null)[]][] = [
    ['nobody bids', 3, [], [null, null, null]],
    ['nobody wants a slot', 3, [0b001n, 0b001n], [0, null, null]],
    ['bids beyond the slots count for nothing', 1, [0b110n], [null]],
    ['equal bids take turns, first come first', 4, [0b1111n, 0b1111n], [0, 1, 0, 1]],
    ['the first bidder hands its slot on when another can only have that one', 2, [0b11n, 0b01n], [1, 0]],
    ['slots go down a chain of owners', 3, [0b011n, 0b110n, 0b001n], [2, 0, 1]],
    ['who wants little leaves the rest', 4, [0b1111n, 0b0001n], [1, 0, 0, 0]],
    ['64 slots', 64, [2n ** 64n - 1n], Array.from({ length: 64 }, () => 0)],
  ]
  for (const [name, slots, wanted, owners] of cases) {
    it(name, () => expect(assignSlots(slots, wanted)).to.deep.equal(owners))
  }
})
