import { fromHex, toHex, utf8Hex } from '../../../src/codec/hex.ts'
import type { Random } from '../../../src/faults/random.ts'
import { decodeKvResult, encodeKvCommand } from '../../../src/reducers/machines/kv-config.ts'
import type { KvCommand, KvResult } from '../../../src/reducers/machines/kv-config.ts'
import { decodeLeaderResult, encodeLeaderCommand } from '../../../src/reducers/machines/leader-election.ts'
import type { LeaderCommand, LeaderResult } from '../../../src/reducers/machines/leader-election.ts'
import { decodeLockResult, encodeLockCommand } from '../../../src/reducers/machines/lock.ts'
import type { LockCommand, LockResult } from '../../../src/reducers/machines/lock.ts'
import { decodeWorkResult, encodeWorkCommand } from '../../../src/reducers/machines/work-codec.ts'
import type { WorkCommand, WorkResult } from '../../../src/reducers/machines/work-codec.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { checkHistory } from './check.ts'
import type { Verdict } from './check.ts'
import type { History } from './history.ts'
import { checkVersions, kvModel } from './kv-model.ts'
import { leaderModel, lockModel } from './lease-models.ts'
import { workModel } from './work-model.ts'

/** What clients ask of one kind of machine, and how the answers are judged. */
export interface Workload<I, O> {
  readonly reducer: string
  /** @param owner name of the client; @param seen what it was answered on this key, the last one last */
  draw(dice: Random, owner: Hex, key: string, seen: readonly O[]): I
  encode(input: I): Uint8Array
  decode(result: Uint8Array): O | null
  check(history: History<I, O>): Verdict
  /** Fencing token that the answer gives, and of what of the key; null: it gives none. */
  grant(input: I, output: O): { readonly of: string; readonly token: bigint } | null
}

/** Unique over all histories of a process: a read says which write it has seen. */
let writes = 0

export const kvWorkload: Workload<KvCommand, KvResult> = {
  reducer: 'kv-config@1',
  draw(dice, _owner, key, seen) {
    const name = utf8Hex(key)
    const version = dice.chance(0.4) ? (seen.at(-1)?.version ?? 0n) : null
    const kind = dice.pick(['get', 'get', 'put', 'put', 'put', 'delete'] as const)
    if (kind === 'get') return { kind, key: name }
    if (kind === 'delete') return { kind, key: name, version }
    writes += 1
    return { kind, key: name, version, value: fromHex(utf8Hex(`w${writes}`)) }
  },
  encode: encodeKvCommand,
  decode: decodeKvResult,
  grant: () => null,
  check(history) {
    const verdict = checkHistory(kvModel, history)
    if (verdict.kind !== 'linearizable') return verdict
    const problem = checkVersions(history)
    if (problem === null) return verdict
    return { kind: 'violation', key: `all: ${problem}`, longest: 0, of: history.length }
  },
}

const TTL_MS = [2_000, 2_000, 3_000, 5_000] as const

export const lockWorkload: Workload<LockCommand, LockResult> = {
  reducer: 'lock@1',
  draw(dice, owner, key) {
    const kind = dice.pick(['acquire', 'acquire', 'acquire', 'release', 'release', 'read'] as const)
    const name = utf8Hex(key)
    if (kind === 'read') return { kind, name, owner: '0x', ttlMs: 0 }
    return { kind, name, owner, ttlMs: kind === 'acquire' ? dice.pick(TTL_MS) : 0 }
  },
  encode: encodeLockCommand,
  decode: decodeLockResult,
  grant: ({ kind }, { outcome, token }) =>
    kind === 'acquire' && outcome === 'done' ? { of: '', token } : null,
  check: (history) => checkHistory(lockModel, history),
}

export const leaderWorkload: Workload<LeaderCommand, LeaderResult> = {
  reducer: 'leader-election@1',
  draw(dice, owner, key) {
    const kind = dice.pick(['campaign', 'campaign', 'campaign', 'resign', 'resign', 'read'] as const)
    const group = utf8Hex(key)
    if (kind === 'read') return { kind, group, owner: '0x', ttlMs: 0 }
    return { kind, group, owner, ttlMs: kind === 'campaign' ? dice.pick(TTL_MS) : 0 }
  },
  encode: encodeLeaderCommand,
  decode: decodeLeaderResult,
  grant: ({ kind }, { outcome, token }) =>
    kind === 'campaign' && outcome === 'leader' ? { of: '', token } : null,
  check: (history) => checkHistory(leaderModel, history),
}

export const workWorkload: Workload<WorkCommand, WorkResult> = {
  reducer: 'work-assignment@1',
  draw(dice, owner, key, seen) {
    const queue = utf8Hex(key)
    const claims = seen.flatMap(({ jobs }) => jobs.filter(({ holder }) => holder?.owner === owner))
    const last = claims.at(-1)
    const isHeld = last?.status === 'held' && dice.chance(0.55)
    // a worker that does not know what it has lost, what it has said, or under which token it holds a job
    const old = claims.filter(({ name }) => !isHeld || name === last.name)
    const isWoken = dice.chance(isHeld ? 0.3 : 0.15) && old.length > 0
    const told = isWoken ? dice.pick(old) : isHeld ? last : null
    if (told !== null) {
      const claimed = { queue, job: told.name, owner, token: told.token }
      const kind = dice.pick(['done', 'done', 'fail', 'renew'] as const)
      if (kind === 'fail') return { kind, ...claimed }
      if (kind === 'renew') return { kind, ...claimed, ttlMs: dice.pick(TTL_MS) }
      writes += 1
      return { kind, ...claimed, output: fromHex(utf8Hex(`w${writes}`)) }
    }
    const kind = dice.pick(['add', 'add', 'add', 'claim', 'claim', 'claim', 'list'] as const)
    if (kind === 'list') return { kind, queue }
    if (kind === 'claim') return { kind, queue, owner, ttlMs: dice.pick(TTL_MS) }
    writes += 1
    const job = utf8Hex(`${key}${dice.chance(0.1) ? dice.int(1, 9) : `w${writes}`}`)
    return { kind, queue, job, triesMax: dice.int(1, 4), body: fromHex(utf8Hex(`w${writes}`)) }
  },
  encode: encodeWorkCommand,
  decode: decodeWorkResult,
  grant({ kind }, { outcome, jobs: [job] }) {
    return kind === 'claim' && outcome === 'done' && job !== undefined
      ? { of: job.name, token: job.token }
      : null
  },
  check: (history) => checkHistory(workModel, history),
}

export const WORKLOADS = {
  kv: kvWorkload,
  lock: lockWorkload,
  leader: leaderWorkload,
  work: workWorkload,
} as const
export type WorkloadName = keyof typeof WORKLOADS

/** One operation as text, for reports. */
export function show({
  client,
  key,
  input,
  output,
  invokedAt,
  returnedAt,
}: History<unknown, unknown>[number]): string {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'bigint' ? String(part) : part instanceof Uint8Array ? toHex(part) : part,
    )
  return `${invokedAt} … ${returnedAt}  ${client} ${key} ${text(input)} -> ${text(output)}`
}
