import {
  fixedCodec,
  onlyRow,
  remainingRows,
  rowsCodec,
  rowsOf,
  struct,
  u64,
  u8,
  uniteRows,
} from 'rsdp/reducers'
import type { MemberRow, Reducer } from 'rsdp/reducers'

interface Row extends MemberRow {
  /** Tokens that wait at the member. */
  readonly demand: bigint
  /** Tokens that it may send in this height; 0 in an input. */
  readonly share: bigint
}
interface State {
  /** Tokens that the provider takes in a height; 0 in an input. */
  readonly budget: bigint
  readonly rows: readonly Row[]
}
interface Params {
  readonly budget: bigint
  readonly demandMax: bigint
}

/** The smallest demands are met in full; what is left is split evenly among the others. */
function split(budget: bigint, rows: readonly Row[]): State {
  let [left, waiting] = [budget, BigInt(rows.length)]
  const shares = new Map<number, bigint>()
  for (const { member, demand } of rows.toSorted(
    (a, b) => Number(a.demand - b.demand) || a.member - b.member,
  )) {
    const level = left / waiting
    const share = demand < level ? demand : level
    shares.set(member, share)
    left -= share
    waiting -= 1n
  }
  return { budget, rows: rows.map((row) => ({ ...row, share: shares.get(row.member) ?? 0n })) }
}

const larger = (a: Row, b: Row): Row => (b.demand > a.demand ? b : a)

/** Members that send to one provider share its limit. */
const reducer: Reducer<State, Params> = {
  id: 'shared-limit@1',
  state: rowsCodec(struct({ budget: u64 }), struct<Row>({ member: u8, demand: u64, share: u64 })),
  params: fixedCodec(struct<Params>({ budget: u64, demandMax: u64 })),
  validate: ({ budget, rows }, { demandMax }) => {
    const row = onlyRow(rows)
    return row !== null && budget === 0n && row.share === 0n && row.demand <= demandMax
  },
  aggregateStatus: (inputs, { budget }) => split(budget, rowsOf(inputs)),
  aggregateShare: (own, shares, { budget }) => {
    const states = [own, ...shares.map(({ state }) => state)]
    return split(
      budget,
      uniteRows(
        states.map(({ rows }) => rows),
        larger,
      ),
    )
  },
  aggregateClose: (current, remaining, { budget }) => split(budget, remainingRows(current.rows, remaining)),
}
export default reducer

const asks = (demand: bigint): State => ({ budget: 0n, rows: [{ member: 0, demand, share: 0n }] })

/** For `rsdp app test`; the params are those of `rsdp task publish --app` unless it is given others. */
export const example = {
  params: { budget: 120_000n, demandMax: 1_000_000n },
  inputs: [asks(10_000n), asks(90_000n), asks(0n), asks(70_000n)],
}
