import type { Address } from '../../types/ids.ts'
import type { LogInput, SessionRow } from './log-state.ts'
import { compareRows, SESSIONS_MAX } from './log-state.ts'

/** A session id is `ms << 20 | chance`: so many low bits tell sessions of one millisecond apart. */
export const SESSION_CHANCE_BITS = 20n
/** How far the id of a new session may be ahead of the agreed time, ms. */
export const SESSION_AHEAD_MS = 5_000n

/** The table of sessions in the making. */
export interface Sessions {
  readonly agreedMs: bigint
  /** Keys of the cluster. Each may have an equal part of the table. */
  readonly members: ReadonlySet<Address>
  /** An own session that rests so long gives way to a new one of the same proposer, ms. */
  readonly idleMs: bigint
  rows: SessionRow[]
  floor: bigint
}

/**
 * How many commands of an input are to be skipped, because they were applied before; null: none of them may be applied. A
 * session that is not in the table begins with command 1, once: its id must be above the floor, and not ahead of time.
 */
export function admit(table: Sessions, proposer: Address, input: LogInput): number | null {
  const { session, firstSeq } = input
  const row = table.rows.find((one) => one.proposer === proposer && one.session === session)
  if (row !== undefined) {
    const next = row.seq + 1
    return firstSeq <= next ? next - firstSeq : null
  }
  const isAhead = session >> SESSION_CHANCE_BITS > table.agreedMs + SESSION_AHEAD_MS
  if (firstSeq !== 1 || session <= table.floor || isAhead) return null
  return makeRoom(table, proposer) ? 0 : null
}

/** Commands up to `seq` of this session are applied. */
export function note(table: Sessions, proposer: Address, session: bigint, seq: number): void {
  const others = table.rows.filter((row) => row.proposer !== proposer || row.session !== session)
  table.rows = [...others, { proposer, session, seq, usedMs: table.agreedMs }].sort(compareRows)
}

/**
 * Room for one more session of this proposer: its own idle one gives way if it has its part of the table, else one of
 * somebody who is no member any more. Nobody's choice costs another member a session.
 */
function makeRoom(table: Sessions, proposer: Address): boolean {
  const quota = Math.max(1, Math.floor(SESSIONS_MAX / Math.max(table.members.size, 1)))
  const mine = table.rows.filter((row) => row.proposer === proposer)
  if (mine.length >= quota) {
    const idle = mine.filter(({ usedMs }) => usedMs + table.idleMs <= table.agreedMs)
    return drop(table, idle)
  }
  if (table.rows.length < SESSIONS_MAX) return true
  return drop(
    table,
    table.rows.filter((row) => !table.members.has(row.proposer)),
  )
}

/** Drops the one that was used longest ago; the first of several in the order of the table. */
function drop(table: Sessions, candidates: readonly SessionRow[]): boolean {
  const [first, ...others] = candidates
  if (first === undefined) return false
  const oldest = others.reduce((best, row) => (row.usedMs < best.usedMs ? row : best), first)
  table.rows = table.rows.filter((row) => row !== oldest)
  if (oldest.session > table.floor) table.floor = oldest.session
  return true
}
