import type { MemberRow } from './fixed-width.ts'
import type { Input } from './reducer.ts'

/** The single row of an input, whose member is 0; null if there are others or none. */
export function onlyRow<Row extends MemberRow>(rows: readonly Row[]): Row | null {
  const [row] = rows
  return row?.member === 0 && rows.length === 1 ? row : null
}

/** One row per input, the signer's, by member. Input order does not matter. */
export function rowsOf<Row extends MemberRow>(
  inputs: readonly Input<{ readonly rows: readonly Row[] }>[],
): Row[] {
  return byMember(inputs.flatMap(({ member, state }) => state.rows.map((row) => ({ ...row, member }))))
}

/**
 * Every member's row, by member; where lists differ about a member, `choose` says which row it is. Commutative,
 * associative and idempotent if `choose` is.
 */
export function uniteRows<Row extends MemberRow>(
  lists: readonly (readonly Row[])[],
  choose: (a: Row, b: Row) => Row,
): Row[] {
  const united = new Map<number, Row>()
  for (const row of lists.flat()) {
    const other = united.get(row.member)
    united.set(row.member, other === undefined ? row : choose(other, row))
  }
  return byMember([...united.values()])
}

/** The rows of those who stay. */
export function remainingRows<Row extends MemberRow>(
  rows: readonly Row[],
  remaining: readonly Input<unknown>[],
): Row[] {
  const staying = new Set(remaining.map(({ member }) => member))
  return rows.filter(({ member }) => staying.has(member))
}

function byMember<Row extends MemberRow>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => a.member - b.member)
}
