import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../api/call.ts'
import type { StoreClient, WriteConditions } from '../../api/store-client.ts'
import { fromHex, toHex } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import { textOf } from '../machine.ts'
import type { CommandContext } from '../run-command.ts'

/** A store, at a node or through gateways. */
export type KeyClient = Pick<StoreClient, 'get' | 'put' | 'delete' | 'session'>
type Output = Pick<CommandContext, 'output'>

/** For how long a primary is waited for: longer than a failover takes. */
const PATIENCE_MS = 30_000
const PAUSE_MS = 250
/** Nobody can answer now, or not so often. */
const PASSING = [429, 503, 504]

/** The value of a key; of a causal or eventual store all values that stand side by side. */
export async function getKey(store: KeyClient, key: string, { output }: Output): Promise<ExitCode> {
  const { values, ...facts } = await asked(key, () => store.get(key))
  const texts = values.map((value) => textOf(fromHex(value as Hex)))
  if (texts.length === 0) throw noKey(key)
  output.result({ key, values: texts, ...facts }, texts.join('\n'))
  return EXIT.ok
}

/** Writes once, whatever is lost on the way; into a causal or eventual store in place of what the node holds. */
export async function putKey(
  store: KeyClient,
  key: string,
  value: string,
  ifVersion: number | undefined,
  { output }: Output,
): Promise<ExitCode> {
  const conditions = await conditionsFor(store, key, ifVersion)
  const bytes = toHex(new TextEncoder().encode(value))
  const answer = await asked(key, () => store.put(key, bytes, conditions))
  output.result({ key, value, ...answer }, `${key}  ${whereOf(answer)}`)
  return EXIT.ok
}

export async function deleteKey(
  store: KeyClient,
  key: string,
  ifVersion: number | undefined,
  { output }: Output,
): Promise<ExitCode> {
  const conditions = await conditionsFor(store, key, ifVersion)
  const answer = await asked(key, () => store.delete(key, conditions))
  if (answer.outcome === 'missing') throw noKey(key)
  output.result({ key, value: null, ...answer }, `${key}  ${whereOf(answer)}`)
  return EXIT.ok
}

/** A session of a strong store, so that a retry is applied once; of others what the node holds of the key. */
async function conditionsFor(
  store: KeyClient,
  key: string,
  ifVersion: number | undefined,
): Promise<WriteConditions> {
  const { consistency, context } = await asked(key, () => store.get(key))
  if (consistency === 'strong') {
    const session = await asked(key, () => store.session())
    return { session, seq: 1, ...(ifVersion === undefined ? {} : { version: ifVersion }) }
  }
  if (ifVersion === undefined) return context === null ? {} : { context }
  throw new RsdpError({
    code: 'E_STORE',
    message: `the store is ${consistency}: its keys have no versions`,
    hint: 'leave --if-version out',
    exit: EXIT.usage,
  })
}

/** Asks again for as long as nobody may answer. @throws RsdpError E_STORE, E_STORE_VERSION, E_STORE_UNAVAILABLE */
async function asked<T>(key: string, ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (!PASSING.includes(error.status)) throw refused(error, key)
      if (performance.now() > deadline) throw unavailable(error)
      await sleep(PAUSE_MS)
    }
  }
}

/** What a store says when it does not do it. */
export function refused(error: ApiError, key = ''): RsdpError {
  if (error.error === 'conflict')
    return new RsdpError({
      code: 'E_STORE_VERSION',
      message: `${key} has version ${String(error.details['version'])}; nothing was written`,
      hint: 'read it again: rsdp store get',
      exit: EXIT.precondition,
      details: { key, ...error.details },
    })
  return new RsdpError({
    code: 'E_STORE',
    message: `the store refuses: ${error.message}`,
    hint: HINTS[error.error] ?? 'see which stores there are: rsdp services show',
    exit: EXIT.precondition,
    details: { reason: error.error, ...error.details },
  })
}

const HINTS: Readonly<Record<string, string>> = {
  key: 'a key has 1 to 256 bytes',
  body: 'a value has at most 32 KiB',
  value: 'a value has at most 32 KiB',
  full: 'delete keys first: a store holds 4 MiB',
  gone: 'read all keys again, then watch without --after',
  forbidden: 'whoever published the task permits it: rsdp services permit',
  clock: 'ask again: the clocks of the two machines have moved',
  'no-copy': 'watch at a node that has a copy: rsdp services show',
}

function unavailable({ error, message, details }: ApiError): RsdpError {
  return new RsdpError({
    code: 'E_STORE_UNAVAILABLE',
    message: `nobody may answer for the store: ${message}`,
    hint:
      error === 'unknown-outcome'
        ? 'it may have been written: read it when a majority of the copies is back (rsdp services show)'
        : 'nothing was written; see who is missing: rsdp services show',
    exit: EXIT.timeout,
    details: { reason: error, ...details },
  })
}

function noKey(key: string): RsdpError {
  return new RsdpError({
    code: 'E_STORE_MISSING',
    message: `there is no key ${key}`,
    hint: 'write it: rsdp store put',
    exit: EXIT.precondition,
    details: { key },
  })
}

function whereOf({
  consistency,
  index,
  height,
}: {
  consistency: string
  index: number
  height: number
}): string {
  return consistency === 'strong' ? `entry ${index}, height ${height}` : `${consistency}, height ${height}`
}
