import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../api/call.ts'
import type { StoreClient, WriteConditions } from '../../api/store-client.ts'
import { fromHex, toHex } from '../../codec/hex.ts'
import { services } from '../../services/services.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import { openMachine, textOf } from '../machine.ts'
import type { KvOptions, MachineOptions, StoreWatchOptions } from '../options.ts'
import { toJson } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

/** For how long a primary is waited for: longer than a failover takes. */
const PATIENCE_MS = 30_000
const PAUSE_MS = 250

/** The value of a key; of a causal or eventual store all values that stand side by side. */
export async function storeGet(
  service: number,
  key: string,
  options: MachineOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const store = await openStore(service, options)
  const { values, ...facts } = await asked(key, () => store.get(key))
  const texts = values.map((value) => textOf(fromHex(value as Hex)))
  if (texts.length === 0) throw noKey(key)
  output.result({ key, values: texts, ...facts }, texts.join('\n'))
  return EXIT.ok
}

/** Writes once, whatever is lost on the way; into a causal or eventual store in place of what the node holds. */
export async function storePut(
  service: number,
  key: string,
  value: string,
  options: KvOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const store = await openStore(service, options)
  const conditions = await conditionsFor(store, key, options)
  const bytes = toHex(new TextEncoder().encode(value))
  const answer = await asked(key, () => store.put(key, bytes, conditions))
  output.result({ key, value, ...answer }, `${key}  ${whereOf(answer)}`)
  return EXIT.ok
}

export async function storeDelete(
  service: number,
  key: string,
  options: KvOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const store = await openStore(service, options)
  const conditions = await conditionsFor(store, key, options)
  const answer = await asked(key, () => store.delete(key, conditions))
  if (answer.outcome === 'missing') throw noKey(key)
  output.result({ key, value: null, ...answer }, `${key}  ${whereOf(answer)}`)
  return EXIT.ok
}

/** Each change of a strong store, in the order of its log, until interrupted or the copy stops. */
export async function storeWatch(
  service: number,
  options: StoreWatchOptions,
  { json, output, signal }: CommandContext,
): Promise<ExitCode> {
  const store = await openStore(service, options)
  try {
    for await (const { index, key, value } of store.changes(options.after ?? null, options.key, signal)) {
      const text = value === null ? null : textOf(fromHex(value as Hex))
      const line = json ? toJson({ index, key, value: text }) : `${index}  ${key}  ${text ?? 'deleted'}`
      if (!output.line(line)) break
    }
  } catch (error) {
    if (error instanceof ApiError) throw refused(error)
    if (!signal.aborted) throw error
  }
  return EXIT.ok
}

async function openStore(service: number, options: MachineOptions): Promise<StoreClient> {
  const { client, task } = await openMachine(services.id, options)
  return client.store(task, service)
}

/** A session of a strong store, so that a retry is applied once; of others what the node holds of the key. */
async function conditionsFor(
  store: StoreClient,
  key: string,
  { ifVersion }: KvOptions,
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
      const isPassing = [421, 503, 504].includes(error.status)
      if (!isPassing) throw refused(error, key)
      if (performance.now() > deadline) throw unavailable(error)
      await sleep(PAUSE_MS)
    }
  }
}

function refused(error: ApiError, key = ''): RsdpError {
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
  gone: 'read the keys anew, then watch without --after',
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
