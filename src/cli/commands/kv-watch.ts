import { fromHex } from '../../codec/hex.ts'
import { logCodec } from '../../reducers/command-log/log-state.ts'
import { KEY_BYTES_MAX, kvConfig } from '../../reducers/machines/kv-config.ts'
import type { KvEntry } from '../../reducers/machines/kv-config.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import { nameOf, openMachine, textOf } from '../machine.ts'
import type { KvWatchOptions } from '../options.ts'
import { toJson } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

const codec = logCodec(kvConfig.state)

/**
 * What a key is after each height that has changed it, in order and without a gap: heights come from the node one by one. Of
 * several changes within one height the last one is seen.
 */
export async function kvWatch(
  name: string,
  options: KvWatchOptions,
  { json, output, signal }: CommandContext,
): Promise<ExitCode> {
  const { client, task } = await openMachine(kvConfig.id, options)
  const key = nameOf(name, KEY_BYTES_MAX)
  let version = 0n
  try {
    // the height before tells what is a change
    for await (const { height, state } of client.events(task, Math.max(0, options.after - 1), signal)) {
      const entry = entryOf(fromHex(state as Hex), key)
      const isNew = (entry?.version ?? 0n) !== version
      version = entry?.version ?? 0n
      if (!isNew || height <= options.after) continue
      const value = entry === null ? null : textOf(entry.value)
      const data = { height, key: name, value, version: Number(version) }
      if (!output.line(json ? toJson(data) : `${height}  ${value === null ? 'deleted' : value}`)) break
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return EXIT.ok
}

function entryOf(state: Uint8Array, key: Hex): KvEntry | null {
  const content = codec.decode(state)
  const entries = content?.kind === 'state' ? content.machine : []
  return entries.find((entry) => entry.key === key) ?? null
}
