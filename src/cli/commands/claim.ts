import type { LeaderCommand } from '../../reducers/machines/leader-election.ts'
import {
  decodeLeaderResult,
  encodeLeaderCommand,
  leaderElection,
} from '../../reducers/machines/leader-election.ts'
import type { LockCommand } from '../../reducers/machines/lock.ts'
import { decodeLockResult, encodeLockCommand, lock } from '../../reducers/machines/lock.ts'
import { NAME_BYTES_MAX } from '../../reducers/machines/names.ts'
import { fromHex } from '../../codec/hex.ts'
import { invariant } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import { nameOf, openMachine, tell, textOf } from '../machine.ts'
import type { ClaimOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'

/** lock acquire, release, read; leader campaign, resign, read. Exit 7 if somebody else has what was asked for. */
export async function claim(
  machine: 'lock' | 'leader',
  verb: string,
  name: string,
  options: ClaimOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const owner = options.as === undefined ? '0x' : nameOf(options.as, NAME_BYTES_MAX)
  const asked = { owner, ttlMs: (options.ttl ?? 0) * 1_000, of: nameOf(name, NAME_BYTES_MAX) } as const
  const id = machine === 'lock' ? lock.id : leaderElection.id
  const bytes = machine === 'lock' ? lockCommand(verb, asked) : leaderCommand(verb, asked)
  const { height, result } = await tell(await openMachine(id, options), id, bytes)
  const told = machine === 'lock' ? lockAnswer(result) : leaderAnswer(result)
  const parts = [`token ${told.token}`, ...(told.endMs === 0 ? [] : [new Date(told.endMs).toISOString()])]
  output.result(
    { name, height, ...told },
    [told.outcome, ...('owner' in told ? [told.owner] : []), ...parts].join('  '),
  )
  const isElsewhere =
    verb !== 'read' && verb !== 'resign' && ['held', 'full', 'follower'].includes(told.outcome)
  return isElsewhere ? EXIT.busy : EXIT.ok
}

interface Asked {
  readonly of: Hex
  readonly owner: Hex
  readonly ttlMs: number
}

function lockCommand(verb: string, { of: name, owner, ttlMs }: Asked): Uint8Array {
  return encodeLockCommand({ kind: verb as LockCommand['kind'], name, owner, ttlMs })
}

function leaderCommand(verb: string, { of: group, owner, ttlMs }: Asked): Uint8Array {
  return encodeLeaderCommand({ kind: verb as LeaderCommand['kind'], group, owner, ttlMs })
}

function lockAnswer(bytes: Uint8Array): { outcome: string; token: string; endMs: number } {
  const result = decodeLockResult(bytes)
  invariant(result !== null, 'a node answers what the machine said')
  return { outcome: result.outcome, token: String(result.token), endMs: Number(result.endMs) }
}

function leaderAnswer(bytes: Uint8Array): {
  outcome: string
  owner: string
  term: number
  token: string
  endMs: number
} {
  const result = decodeLeaderResult(bytes)
  invariant(result !== null, 'a node answers what the machine said')
  const { outcome, term, token, endMs, owner } = result
  return {
    outcome,
    owner: textOf(fromHex(owner)),
    term: Number(term),
    token: String(token),
    endMs: Number(endMs),
  }
}
