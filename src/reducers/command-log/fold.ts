import { fromHex, keccak } from '../../codec/hex.ts'
import type { Address, Digest, MemberIndex } from '../../types/ids.ts'
import { agreedTime } from '../agreed-time.ts'
import { ByteWriter } from '../bytes.ts'
import { fencingToken } from '../lease.ts'
import type { Context, Input } from '../reducer.ts'
import type { LogInput, LogState } from './log-state.ts'
import { emptyLog } from './log-state.ts'
import type { Machine } from './machine.ts'
import type { Sessions } from './sessions.ts'
import { admit, note } from './sessions.ts'

/** Parameters of a task with a log of commands. */
export interface LogParams {
  /** Fewest ticks between two heights, 1 … 65,535. */
  readonly minHeightTicks: number
  /** Rest of a session after which it may give way to a new one of its proposer, ms. */
  readonly sessionIdleMs: number
  /** First part of fencing tokens: rises when a line of tasks is lost for good and begins anew. */
  readonly generation: bigint
}

/** A command that this height applied, with what the machine answered. */
export interface Applied {
  readonly member: MemberIndex
  readonly session: bigint
  readonly seq: number
  readonly command: Uint8Array
  readonly result: Uint8Array
}

export interface Folded<S> {
  readonly state: LogState<S>
  /** In the order of the log. */
  readonly applied: readonly Applied[]
}

/**
 * One height: agreed time, then every command of the list that was not applied before, in the order of seats from seat
 * `height mod n` on, each member's by their numbers.
 *
 * @param previous the state of the height below; at height 1 that of the task which this one goes on from, or null
 * @param inputs ascending by member
 */
export function foldHeight<S>(
  machine: Machine<S>,
  { sessionIdleMs, generation }: LogParams,
  { height, members }: Pick<Context, 'height' | 'members'>,
  previous: LogState<S> | null,
  inputs: readonly Input<LogInput>[],
): Folded<S> {
  const before = previous ?? emptyLog(machine.empty)
  const agreedMs = agreedTime(
    before.agreedMs,
    inputs.map(({ member, state }) => ({ value: state.clockMs, weight: members[member]?.weight ?? 1 })),
  )
  const task = previous !== null && height === 1 ? previous.task + 1 : before.task
  const token = fencingToken(generation, task, height)
  const sessions: Sessions = {
    agreedMs,
    members: new Set(members.map(({ key }) => key)),
    idleMs: BigInt(sessionIdleMs),
    rows: [...before.sessions],
    floor: before.floor,
  }
  let state = machine.turn?.(before.machine, { agreedMs, token }) ?? before.machine
  const applied: Applied[] = []
  for (const { member, state: input } of rotated(inputs, height % Math.max(members.length, 1))) {
    const proposer = members[member]?.key
    if (proposer === undefined || input.commands.length === 0) continue
    const skip = admit(sessions, proposer, input)
    if (skip === null || skip >= input.commands.length) continue
    const { session } = input
    input.commands.slice(skip).forEach((command, i) => {
      const index = before.count + BigInt(applied.length) + 1n
      const done = machine.apply(state, command, { proposer, agreedMs, token, index })
      state = done.state
      applied.push({ member, session, seq: input.firstSeq + skip + i, command, result: done.result })
    })
    note(sessions, proposer, session, input.firstSeq + input.commands.length - 1)
  }
  const keyOf = (member: MemberIndex): Address => members[member]?.key ?? `0x${'00'.repeat(20)}`
  return {
    state: {
      ...{ kind: 'state', agreedMs, task },
      count: before.count + BigInt(applied.length),
      root: appendCommands(before.root, applied, keyOf),
      ...{ floor: sessions.floor, sessions: sessions.rows, machine: state },
    },
    applied,
  }
}

/**
 * Root after these commands: `keccak(root ‖ each: address ‖ u64 session ‖ u32 seq ‖ u16 length ‖ command)`; the same if there
 * are none.
 */
export function appendCommands(
  root: Digest,
  commands: readonly Pick<Applied, 'member' | 'session' | 'seq' | 'command'>[],
  keyOf: (member: MemberIndex) => Address,
): Digest {
  if (commands.length === 0) return root
  const to = new ByteWriter().bytes(fromHex(root))
  for (const { member, session, seq, command } of commands)
    to.bytes(fromHex(keyOf(member)))
      .u64(session)
      .u32(seq)
      .u16(command.length)
      .bytes(command)
  return keccak(to.done())
}

function rotated<T extends { readonly member: MemberIndex }>(inputs: readonly T[], first: number): T[] {
  return [...inputs.filter(({ member }) => member >= first), ...inputs.filter(({ member }) => member < first)]
}
