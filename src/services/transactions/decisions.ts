import { fromHex, toHex } from '../../codec/hex.ts'
import { ByteReader, ByteWriter } from '../../reducers/bytes.ts'
import { MACHINE_BYTES_MAX } from '../../reducers/command-log/log-state.ts'
import type { Machine } from '../../reducers/command-log/machine.ts'
import type { Codec } from '../../reducers/reducer.ts'
import type { Address } from '../../types/ids.ts'
import { TX_LIMITS } from '../../types/transaction.ts'
import type { TxName } from '../../types/transaction.ts'

const VOTES = ['none', 'yes', 'no'] as const
export const DECISIONS = ['pending', 'commit', 'abort'] as const
export type Decision = (typeof DECISIONS)[number]

export interface Party {
  /** Ascending. Any of them speaks for it: members of the group of a store, of which now one leads and now another. */
  readonly keys: readonly Address[]
  readonly vote: (typeof VOTES)[number]
  /** It has the outcome on its own record. */
  readonly isDone: boolean
}

/** The one decision record of a transaction. */
export interface DecisionRow extends TxName {
  /** Agreed time after which a missing vote is a no. */
  readonly deadlineMs: bigint
  readonly decision: Decision
  readonly isCoordinatorDone: boolean
  readonly parties: readonly Party[]
}

export type DecisionState = readonly DecisionRow[]

export type DecisionCommand =
  /** Of the coordinator. */
  | {
      readonly kind: 'begin'
      readonly number: number
      readonly ttlMs: number
      readonly parties: readonly Party['keys'][]
    }
  /** For a party by its number, from 0. Null: of the coordinator, who may say `no` and `done`. */
  | { readonly kind: 'yes' | 'no' | 'done'; readonly tx: TxName; readonly party: number | null }
  | { readonly kind: 'read'; readonly tx: TxName }

/** `unknown`: never begun, too late to begin, or all are done. `full`: too many are open. */
export const ANSWERS = [...DECISIONS, 'unknown', 'full'] as const
export type DecisionAnswer = (typeof ANSWERS)[number]

/** Keys of all parties together. */
export const PARTY_KEYS_MAX = 16
export const TX_TTL_MS = { min: 1, max: 600_000 } as const
/**
 * A transaction begins so long after the time that its number is, at most, and its record waits for its coordinator as long: one
 * that comes back later is not told an outcome anew.
 */
export const KEEP_MS = 600_000n
const OPS = ['begin', 'yes', 'no', 'done', 'read'] as const
const COORDINATOR = 0xff

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
    state
      .map((row): DecisionRow =>
        row.decision === 'pending' && agreedMs >= row.deadlineMs ? { ...row, decision: 'abort' } : row,
      )
      .filter((row) => !isOver(row, agreedMs)),

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
      if (agreedMs >= BigInt(name.number) + KEEP_MS) return answer('unknown')
      const next = sorted([...state, begun(name, command, agreedMs)])
      return decisions.state.encode(next).length > MACHINE_BYTES_MAX
        ? answer('full')
        : answer('pending', next)
    }
    if (row === undefined) return answer('unknown')
    if (command.kind === 'read' || !maySpeak(row, proposer, command.party)) return answer(row.decision)
    const { kind, party } = command
    const next = kind === 'done' ? done(row, party) : voted(row, party, kind)
    const rest = state.filter((one) => one !== row)
    return answer(next.decision, isOver(next, agreedMs) ? rest : sorted([...rest, next]))
  },
}

function begun(
  name: TxName,
  { ttlMs, parties }: DecisionCommand & { readonly kind: 'begin' },
  agreedMs: bigint,
): DecisionRow {
  return {
    ...name,
    ...{ deadlineMs: agreedMs + BigInt(ttlMs), decision: 'pending', isCoordinatorDone: false },
    parties: parties.map((keys) => ({ keys, vote: 'none', isDone: false })),
  }
}

function maySpeak({ coordinator, parties }: DecisionRow, key: Address, party: number | null): boolean {
  return party === null ? key === coordinator : parties[party]?.keys.includes(key) === true
}

/** A first vote counts, a second does not: neither of two from one party can undo the other. */
function voted(row: DecisionRow, number: number | null, vote: 'yes' | 'no'): DecisionRow {
  if (row.decision !== 'pending') return row
  if (number === null) return vote === 'no' ? { ...row, decision: 'abort' } : row
  const parties = row.parties.map((party, i) =>
    i === number && party.vote === 'none' ? { ...party, vote } : party,
  )
  const decision = parties.some((party) => party.vote === 'no')
    ? 'abort'
    : parties.every((party) => party.vote === 'yes')
      ? 'commit'
      : 'pending'
  return { ...row, parties, decision }
}

/** Nobody is done with what is not decided. */
function done(row: DecisionRow, number: number | null): DecisionRow {
  if (row.decision === 'pending') return row
  if (number === null) return { ...row, isCoordinatorDone: true }
  return { ...row, parties: row.parties.map((one, i) => (i === number ? { ...one, isDone: true } : one)) }
}

function isOver({ parties, isCoordinatorDone, number }: DecisionRow, agreedMs: bigint): boolean {
  const isKnown = isCoordinatorDone || agreedMs >= BigInt(number) + KEEP_MS
  return isKnown && parties.every(({ isDone }) => isDone)
}

/** Name of a row, as a string that sorts like its bytes. */
export function nameOf({ coordinator, number }: TxName): string {
  return `${coordinator}${number.toString(16).padStart(16, '0')}`
}

function sorted(rows: readonly DecisionRow[]): DecisionRow[] {
  return [...rows].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

/**
 * `u8 op`, then for begin `u64 number ‖ u32 ttlMs ‖ parties`, else `address ‖ u64 number`, and behind it for all but read
 * `u8 party`, 255: the coordinator. Parties: `u8 count ‖ addresses ‖ u8 count ‖ sets of them as u16`, bit i: address i.
 */
export function encodeDecision(command: DecisionCommand): Uint8Array {
  const to = new ByteWriter().u8(OPS.indexOf(command.kind))
  if (command.kind === 'begin') {
    to.u64(BigInt(command.number)).u32(command.ttlMs)
    putKeys(to, command.parties)
    return to.done()
  }
  to.bytes(fromHex(command.tx.coordinator)).u64(BigInt(command.tx.number))
  return command.kind === 'read' ? to.done() : to.u8(command.party ?? COORDINATOR).done()
}

/** Null for bytes that `encodeDecision` would not have written of a sound command. */
export function decodeDecision(bytes: Uint8Array): DecisionCommand | null {
  const from = new ByteReader(bytes)
  const kind = OPS[from.u8()]
  if (kind === undefined) return null
  if (kind === 'begin') {
    const number = numberIn(from)
    const ttlMs = from.u32()
    const parties = keysIn(from)
    if (ttlMs < TX_TTL_MS.min || ttlMs > TX_TTL_MS.max) return null
    return from.isWhole && parties !== null ? { kind, number, ttlMs, parties } : null
  }
  const tx = { coordinator: toHex(from.take(20)), number: numberIn(from) }
  if (kind === 'read') return from.isWhole ? { kind, tx } : null
  const party = from.u8()
  const isParty = party < TX_LIMITS.stores || (party === COORDINATOR && kind !== 'yes')
  return from.isWhole && isParty ? { kind, tx, party: party === COORDINATOR ? null : party } : null
}

/** Null for bytes that the machine does not answer. */
export function decodeAnswer(bytes: Uint8Array): DecisionAnswer | null {
  return bytes.length === 1 ? (ANSWERS[bytes[0] ?? 255] ?? null) : null
}

/** Fails the reader for what is no number. */
function numberIn(from: ByteReader): number {
  const number = from.u64()
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) from.failed = true
  return Number(number)
}

function putKeys(to: ByteWriter, parties: readonly Party['keys'][]): void {
  const keys = [...new Set(parties.flat())].sort()
  to.u8(keys.length)
  for (const key of keys) to.bytes(fromHex(key))
  to.u8(parties.length)
  for (const party of parties) to.u16(party.reduce((set, key) => set | (1 << keys.indexOf(key)), 0))
}

/** Null: none, too many, a party of nobody, or a key of no party. */
function keysIn(from: ByteReader): Party['keys'][] | null {
  const size = from.u8()
  if (size > PARTY_KEYS_MAX) return null
  const keys = Array.from({ length: size }, () => toHex(from.take(20)))
  const count = from.u8()
  if (count < 1 || count > TX_LIMITS.stores || from.failed || !ascend(keys)) return null
  const sets = Array.from({ length: count }, () => from.u16())
  const isUsed = sets.reduce((all, set) => all | set, 0) === 2 ** size - 1
  if (!isUsed || sets.includes(0)) return null
  return sets.map((set) => keys.filter((_, i) => ((set >> i) & 1) === 1))
}

function ascend(names: readonly string[]): boolean {
  return names.every((name, i) => i === 0 || (names[i - 1] ?? '') < name)
}

/** `rows × (address ‖ u64 number ‖ u64 deadlineMs ‖ u8 decision + 3 coordinator done ‖ parties ‖ u8 vote + 3 done, for each)`. */
function stateCodec(): Codec<DecisionState> {
  return {
    encode(state) {
      const to = new ByteWriter()
      for (const { coordinator, number, deadlineMs, decision, isCoordinatorDone, parties } of state) {
        to.bytes(fromHex(coordinator)).u64(BigInt(number)).u64(deadlineMs)
        to.u8(DECISIONS.indexOf(decision) + (isCoordinatorDone ? 3 : 0))
        putKeys(
          to,
          parties.map(({ keys }) => keys),
        )
        for (const { vote, isDone } of parties) to.u8(VOTES.indexOf(vote) + (isDone ? 3 : 0))
      }
      return to.done()
    },
    decode(bytes) {
      const from = new ByteReader(bytes)
      const rows: DecisionRow[] = []
      while (!from.isWhole) {
        const row = rowIn(from)
        if (row === null) return null
        rows.push(row)
      }
      return bytes.length <= MACHINE_BYTES_MAX && ascend(rows.map(nameOf)) ? rows : null
    },
  }
}

function rowIn(from: ByteReader): DecisionRow | null {
  const name = { coordinator: toHex(from.take(20)), number: numberIn(from) }
  const deadlineMs = from.u64()
  const state = from.u8()
  const decision = DECISIONS[state % 3]
  const keys = keysIn(from)
  if (decision === undefined || state > 5 || keys === null) return null
  const parties: Party[] = []
  for (const one of keys) {
    const flags = from.u8()
    const vote = VOTES[flags % 3]
    if (flags > 5 || vote === undefined) return null
    parties.push({ keys: one, vote, isDone: flags >= 3 })
  }
  return from.failed ? null : { ...name, deadlineMs, decision, isCoordinatorDone: state > 2, parties }
}
