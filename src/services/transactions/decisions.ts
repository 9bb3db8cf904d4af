import { fromHex, toHex } from '../../codec/hex.ts'
import { ByteReader, ByteWriter } from '../../reducers/bytes.ts'
import type { Machine } from '../../reducers/command-log/machine.ts'
import type { Codec } from '../../reducers/reducer.ts'
import type { Address } from '../../types/ids.ts'

/** A transaction by its coordinator and that one's number for it: nobody else can take the name. */
export interface TxName {
  readonly coordinator: Address
  readonly number: number
}

const VOTES = ['none', 'yes', 'no'] as const
export const DECISIONS = ['pending', 'commit', 'abort'] as const
export type Decision = (typeof DECISIONS)[number]

export interface Party {
  readonly key: Address
  readonly vote: (typeof VOTES)[number]
  /** It has the outcome on its own record. */
  readonly isDone: boolean
}

/** The one decision record of a transaction. */
export interface DecisionRow extends TxName {
  /** Agreed time after which a missing vote is a no. */
  readonly deadlineMs: bigint
  readonly decision: Decision
  /** By key. */
  readonly parties: readonly Party[]
}

export type DecisionState = readonly DecisionRow[]

export type DecisionCommand =
  /** Of the coordinator; `parties` ascending, 1 … 8. */
  | {
      readonly kind: 'begin'
      readonly number: number
      readonly ttlMs: number
      readonly parties: readonly Address[]
    }
  /** Of a party. */
  | { readonly kind: 'yes' | 'no' | 'done'; readonly tx: TxName }
  | { readonly kind: 'read'; readonly tx: TxName }

/** `unknown`: never begun, or all are done. `full`: too many are open. */
export const ANSWERS = [...DECISIONS, 'unknown', 'full'] as const
export type DecisionAnswer = (typeof ANSWERS)[number]

export const PARTIES_MAX = 8
/** At most 202 bytes each. */
const ROWS_MAX = 96
export const TX_TTL_MS = { min: 1, max: 600_000 } as const
const OPS = ['begin', 'yes', 'no', 'done', 'read'] as const

/**
 * Decisions of transactions by an agreed log: commit once every party has said yes, abort at the first no or when a vote
 * is missing at the deadline. Whoever comes first decides, and nothing changes a decision. A row goes when every party is
 * done with it, so no party can ask too late.
 */
export const decisions: Machine<DecisionState> = {
  id: 'transactions@1',
  empty: [],
  state: stateCodec(),
  isCommand: (bytes) => decodeDecision(bytes) !== null,

  turn: (state, { agreedMs }) =>
    state.map((row) =>
      row.decision === 'pending' && agreedMs >= row.deadlineMs ? { ...row, decision: 'abort' } : row,
    ),

  apply(state, bytes, { proposer, agreedMs }) {
    const command = decodeDecision(bytes)
    const answer = (result: DecisionAnswer, next: DecisionState = state) => ({
      state: next,
      result: Uint8Array.of(ANSWERS.indexOf(result)),
    })
    if (command === null) return answer('unknown')
    const name = command.kind === 'begin' ? { coordinator: proposer, number: command.number } : command.tx
    const row = state.find((one) => nameOf(one) === nameOf(name))
    if (command.kind === 'begin') {
      if (row !== undefined) return answer(row.decision)
      if (state.length >= ROWS_MAX) return answer('full')
      const begun: DecisionRow = {
        ...name,
        deadlineMs: agreedMs + BigInt(command.ttlMs),
        decision: 'pending',
        parties: command.parties.map((key) => ({ key, vote: 'none', isDone: false })),
      }
      return answer('pending', sorted([...state, begun]))
    }
    if (row === undefined) return answer('unknown')
    const isParty = row.parties.some(({ key }) => key === proposer)
    if (command.kind === 'read' || !isParty) return answer(row.decision)
    const next = command.kind === 'done' ? done(row, proposer) : voted(row, proposer, command.kind)
    const rest = state.filter((one) => one !== row)
    const isOver = next.parties.every(({ isDone }) => isDone)
    return answer(next.decision, isOver ? rest : sorted([...rest, next]))
  },
}

/** A first vote counts, a second does not: neither of two from one party can undo the other. */
function voted(row: DecisionRow, proposer: Address, vote: 'yes' | 'no'): DecisionRow {
  if (row.decision !== 'pending') return row
  const parties = row.parties.map((party) =>
    party.key === proposer && party.vote === 'none' ? { ...party, vote } : party,
  )
  const decision = parties.some((party) => party.vote === 'no')
    ? 'abort'
    : parties.every((party) => party.vote === 'yes')
      ? 'commit'
      : 'pending'
  return { ...row, parties, decision }
}

/** Nobody is done with what is not decided. */
function done(row: DecisionRow, proposer: Address): DecisionRow {
  if (row.decision === 'pending') return row
  return {
    ...row,
    parties: row.parties.map((one) => (one.key === proposer ? { ...one, isDone: true } : one)),
  }
}

/** Name of a row, as a string that sorts like its bytes. */
export function nameOf({ coordinator, number }: TxName): string {
  return `${coordinator}${number.toString(16).padStart(8, '0')}`
}

function sorted(rows: readonly DecisionRow[]): DecisionRow[] {
  return [...rows].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

/** `u8 op`, then for begin `u32 number ‖ u32 ttlMs ‖ u8 count ‖ addresses`, else `address ‖ u32 number`. */
export function encodeDecision(command: DecisionCommand): Uint8Array {
  const to = new ByteWriter().u8(OPS.indexOf(command.kind))
  if (command.kind !== 'begin') return to.bytes(fromHex(command.tx.coordinator)).u32(command.tx.number).done()
  to.u32(command.number).u32(command.ttlMs).u8(command.parties.length)
  for (const party of command.parties) to.bytes(fromHex(party))
  return to.done()
}

/** Null for bytes that `encodeDecision` would not have written of a sound command. */
export function decodeDecision(bytes: Uint8Array): DecisionCommand | null {
  const from = new ByteReader(bytes)
  const kind = OPS[from.u8()]
  if (kind === undefined) return null
  if (kind !== 'begin') {
    const coordinator = toHex(from.take(20))
    const tx = { coordinator, number: from.u32() }
    return from.isWhole ? { kind, tx } : null
  }
  const number = from.u32()
  const ttlMs = from.u32()
  const count = from.u8()
  if (count < 1 || count > PARTIES_MAX || ttlMs < TX_TTL_MS.min || ttlMs > TX_TTL_MS.max) return null
  const parties = Array.from({ length: count }, () => toHex(from.take(20)))
  return from.isWhole && ascend(parties) ? { kind, number, ttlMs, parties } : null
}

/** Null for bytes that the machine does not answer. */
export function decodeAnswer(bytes: Uint8Array): DecisionAnswer | null {
  return bytes.length === 1 ? (ANSWERS[bytes[0] ?? 255] ?? null) : null
}

function ascend(names: readonly string[]): boolean {
  return names.every((name, i) => i === 0 || (names[i - 1] ?? '') < name)
}

/** `rows × (address ‖ u32 number ‖ u64 deadlineMs ‖ u8 decision ‖ u8 count ‖ parties × (address ‖ u8 vote + 3 done))`. */
function stateCodec(): Codec<DecisionState> {
  return {
    encode(state) {
      const to = new ByteWriter()
      for (const { coordinator, number, deadlineMs, decision, parties } of state) {
        to.bytes(fromHex(coordinator)).u32(number).u64(deadlineMs)
        to.u8(DECISIONS.indexOf(decision)).u8(parties.length)
        for (const { key, vote, isDone } of parties)
          to.bytes(fromHex(key)).u8(VOTES.indexOf(vote) + (isDone ? 3 : 0))
      }
      return to.done()
    },
    decode(bytes) {
      const from = new ByteReader(bytes)
      const rows: DecisionRow[] = []
      while (!from.isWhole) {
        const coordinator = toHex(from.take(20))
        const [number, deadlineMs, decision, count] = [
          from.u32(),
          from.u64(),
          DECISIONS[from.u8()],
          from.u8(),
        ]
        if (decision === undefined || count < 1 || count > PARTIES_MAX) return null
        const parties: Party[] = []
        for (let i = 0; i < count; i += 1) {
          const key = toHex(from.take(20))
          const flags = from.u8()
          const vote = VOTES[flags % 3]
          if (flags > 5 || vote === undefined) return null
          parties.push({ key, vote, isDone: flags >= 3 })
        }
        if (from.failed || !ascend(parties.map(({ key }) => key))) return null
        rows.push({ coordinator, number, deadlineMs, decision, parties })
      }
      return rows.length <= ROWS_MAX && ascend(rows.map(nameOf)) ? rows : null
    },
  }
}
