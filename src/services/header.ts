import { struct, u8 } from '../reducers/fixed-width.ts'
import type { MemberRow } from '../reducers/fixed-width.ts'
import type { ContextMember } from '../reducers/reducer.ts'
import type { Address } from '../types/ids.ts'
import { MEMBERS_MAX } from '../types/ids.ts'
import { address, u32, u48 } from './fields.ts'
import type { SeatMap } from './slice.ts'
import { tablesCodec } from './tables.ts'

/** What ties a state to its place in a line of tasks. */
export interface Header {
  /** Agreed time, ms since 1970. */
  readonly agreedMs: number
  /** Ledger events of this task that are folded in. */
  readonly eventSeq: number
  /** Heights since the line began. */
  readonly heights: number
  /** Whose seats the rows of all slices are. */
  readonly seats: readonly SeatRow[]
}

export interface SeatRow extends MemberRow {
  readonly key: Address
}

export const EMPTY_HEADER: Header = { agreedMs: 0, eventSeq: 0, heights: 0, seats: [] }

export const headerCodec = tablesCodec(struct({ agreedMs: u48, eventSeq: u32, heights: u32 }), {
  seats: {
    row: struct<SeatRow>({ member: u8, key: address }),
    rowsMax: MEMBERS_MAX,
    keyOf: ({ member }: SeatRow) => member,
  },
})

/** Where the members of the height before sit now, by key; null if everybody still sits where they sat. */
export function seatChanges(before: readonly SeatRow[], members: readonly ContextMember[]): SeatMap | null {
  if (before.length === members.length && before.every(({ member, key }) => members[member]?.key === key))
    return null
  const seatByKey = new Map(members.map(({ key }, seat) => [key, seat]))
  const moved = new Map(before.map(({ member, key }) => [member, seatByKey.get(key) ?? null]))
  return (seat) => moved.get(seat) ?? null
}
