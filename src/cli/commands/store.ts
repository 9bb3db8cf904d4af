import { ApiError } from '../../api/call.ts'
import type { StoreClient } from '../../api/store-client.ts'
import { fromHex } from '../../codec/hex.ts'
import { services } from '../../services/services.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import { openMachine, textOf } from '../machine.ts'
import type { KvOptions, MachineOptions, StoreWatchOptions } from '../options.ts'
import { toJson } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { deleteKey, getKey, putKey, refused } from '../services/store-keys.ts'

export async function storeGet(
  service: number,
  key: string,
  options: MachineOptions,
  context: CommandContext,
): Promise<ExitCode> {
  return getKey(await openStore(service, options), key, context)
}

export async function storePut(
  service: number,
  key: string,
  value: string,
  options: KvOptions,
  context: CommandContext,
): Promise<ExitCode> {
  return putKey(await openStore(service, options), key, value, options.ifVersion, context)
}

export async function storeDelete(
  service: number,
  key: string,
  options: KvOptions,
  context: CommandContext,
): Promise<ExitCode> {
  return deleteKey(await openStore(service, options), key, options.ifVersion, context)
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
