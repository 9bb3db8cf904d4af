import type { Address, Digest } from '../../types/ids.ts'
import { fromHex, toHex } from '../../codec/hex.ts'
import { NIL } from '../../types/ids.ts'
import { invariant } from '../../types/errors.ts'
import { ByteReader, ByteWriter } from '../bytes.ts'
import type { Codec } from '../reducer.ts'

/** What a member brings to a height: its clock, and commands of one session. */
export interface LogInput {
  readonly kind: 'input'
  /** Unix time of the member, ms. */
  readonly clockMs: bigint
  /** Of the commands; 0 if there are none. */
  readonly session: bigint
  /** Number of the first command, from 1; those after it follow without a gap. 0 if there are none. */
  readonly firstSeq: number
  readonly commands: readonly Uint8Array[]
}

/** A session of a proposer, with its last command that was applied. */
export interface SessionRow {
  /** Key of the member that proposes in it. */
  readonly proposer: Address
  readonly session: bigint
  readonly seq: number
  /** Agreed time of that command, ms. */
  readonly usedMs: bigint
}

/** What is agreed of a log of commands. */
export interface LogState<S> {
  readonly kind: 'state'
  readonly agreedMs: bigint
  /** Place of the task in its line, from 1. */
  readonly task: number
  /** Commands applied since the line began. */
  readonly count: bigint
  /** Chains all commands in their order (`appendCommands`). */
  readonly root: Digest
  /** No session with this id or a lesser one can begin: those that were dropped are among them. */
  readonly floor: bigint
  /** By proposer and session. */
  readonly sessions: readonly SessionRow[]
  readonly machine: S
}

export type LogContent<S> = LogInput | LogState<S>

/** Most sessions of all proposers. */
export const SESSIONS_MAX = 256
/** Most bytes of a machine's state: with a full table of sessions it fits into 31 KiB. */
export const MACHINE_BYTES_MAX = 20 * 1024
/** Longest command, bytes. */
export const COMMAND_BYTES_MAX = 8 * 1024
/** Most commands of an input. */
export const COMMANDS_MAX = 1_024

const TAG = { input: 0, state: 1 } as const

/** The state before the first height of a line. */
export function emptyLog<S>(machine: S): LogState<S> {
  return { kind: 'state', agreedMs: 0n, task: 1, count: 0n, root: NIL, floor: 0n, sessions: [], machine }
}

/**
 * Input: `u8 0 ‖ u64 clockMs ‖ u64 session ‖ u32 firstSeq ‖ u16 count ‖ count × (u16 length ‖ command)`. State:
 * `u8 1 ‖ u64 agreedMs ‖ u32 task ‖ u64 count ‖ bytes32 root ‖ u64 floor ‖ u16 sessions ‖ sessions × (address ‖ u64 session ‖
 * u32 seq ‖ u64 usedMs) ‖ machine`.
 */
export function logCodec<S>(machine: Codec<S>): Codec<LogContent<S>> {
  return {
    encode: (content) => (content.kind === 'input' ? encodeInput(content) : encodeState(content, machine)),
    decode(bytes) {
      const from = new ByteReader(bytes)
      const tag = from.u8()
      if (tag === TAG.input) return decodeInput(from)
      return tag === TAG.state ? decodeState(from, machine) : null
    },
  }
}

function encodeInput({ clockMs, session, firstSeq, commands }: LogInput): Uint8Array {
  const to = new ByteWriter().u8(TAG.input).u64(clockMs).u64(session).u32(firstSeq).u16(commands.length)
  for (const command of commands) to.u16(command.length).bytes(command)
  return to.done()
}

function decodeInput(from: ByteReader): LogInput | null {
  const [clockMs, session, firstSeq, count] = [from.u64(), from.u64(), from.u32(), from.u16()]
  if (from.failed || count > COMMANDS_MAX) return null
  // one way to say nothing; no command beyond the last number
  const isSound = count === 0 ? session === 0n && firstSeq === 0 : session > 0n && firstSeq > 0
  if (!isSound || firstSeq + count > 2 ** 32) return null
  const commands: Uint8Array[] = []
  for (let i = 0; i < count; i += 1) {
    const length = from.u16()
    if (length > COMMAND_BYTES_MAX) return null
    commands.push(from.take(length))
  }
  return from.isWhole ? { kind: 'input', clockMs, session, firstSeq, commands } : null
}

function encodeState<S>(state: LogState<S>, machine: Codec<S>): Uint8Array {
  const { agreedMs, task, count, root, floor, sessions } = state
  invariant(sessions.length <= SESSIONS_MAX, `${sessions.length} sessions`)
  const to = new ByteWriter().u8(TAG.state).u64(agreedMs).u32(task).u64(count).bytes(fromHex(root))
  to.u64(floor).u16(sessions.length)
  for (const { proposer, session, seq, usedMs } of sessions)
    to.bytes(fromHex(proposer)).u64(session).u32(seq).u64(usedMs)
  const bytes = machine.encode(state.machine)
  invariant(bytes.length <= MACHINE_BYTES_MAX, `${bytes.length} bytes of a machine`)
  return to.bytes(bytes).done()
}

function decodeState<S>(from: ByteReader, codec: Codec<S>): LogState<S> | null {
  const [agreedMs, task, count, root] = [from.u64(), from.u32(), from.u64(), toHex(from.take(32))]
  const [floor, rows] = [from.u64(), from.u16()]
  if (from.failed || rows > SESSIONS_MAX) return null
  const sessions: SessionRow[] = []
  for (let i = 0; i < rows; i += 1)
    sessions.push({
      proposer: toHex(from.take(20)),
      session: from.u64(),
      seq: from.u32(),
      usedMs: from.u64(),
    })
  const bytes = from.rest()
  if (!from.isWhole || bytes.length > MACHINE_BYTES_MAX) return null
  const ascend = sessions.every((row, i) => i === 0 || compareRows(sessions[i - 1] ?? row, row) < 0)
  const machine = ascend ? codec.decode(bytes) : null
  return machine === null ? null : { kind: 'state', agreedMs, task, count, root, floor, sessions, machine }
}

/** The one order of a table: by proposer, then by session. */
export function compareRows(
  a: Pick<SessionRow, 'proposer' | 'session'>,
  b: Pick<SessionRow, 'proposer' | 'session'>,
): number {
  if (a.proposer !== b.proposer) return a.proposer < b.proposer ? -1 : 1
  return a.session < b.session ? -1 : a.session > b.session ? 1 : 0
}
