import type { KvCommand, KvResult } from '../../reducers/machines/kv-config.ts'
import {
  decodeKvResult,
  encodeKvCommand,
  KEY_BYTES_MAX,
  kvConfig,
} from '../../reducers/machines/kv-config.ts'
import { invariant, RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { nameOf, openMachine, tell, textOf } from '../machine.ts'
import type { KvOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'

/** The value of a key, through a height: it sees every write that was acknowledged before. */
export function kvGet(key: string, options: KvOptions, context: CommandContext): Promise<ExitCode> {
  return ask({ kind: 'get', key: nameOf(key, KEY_BYTES_MAX) }, key, options, context)
}

export function kvPut(
  key: string,
  value: string,
  options: KvOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const bytes = new TextEncoder().encode(value)
  const version = versionOf(options)
  return ask({ kind: 'put', key: nameOf(key, KEY_BYTES_MAX), version, value: bytes }, key, options, context)
}

export function kvDelete(key: string, options: KvOptions, context: CommandContext): Promise<ExitCode> {
  const version = versionOf(options)
  return ask({ kind: 'delete', key: nameOf(key, KEY_BYTES_MAX), version }, key, options, context)
}

async function ask(
  command: KvCommand,
  key: string,
  options: KvOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const machine = await openMachine(kvConfig.id, options)
  const { height, result } = await tell(machine, kvConfig.id, encodeKvCommand(command))
  const answer = decodeKvResult(result)
  invariant(answer !== null, 'a node answers what the machine said')
  if (answer.outcome !== 'done') throw notDone(key, answer)
  const version = Number(answer.version)
  const value = command.kind === 'delete' ? null : textOf(answer.value)
  const text = command.kind === 'get' ? String(value) : `${key}  height ${height}`
  output.result({ key, value, version, height }, text)
  return EXIT.ok
}

function versionOf({ ifVersion }: KvOptions): bigint | null {
  return ifVersion === undefined ? null : BigInt(ifVersion)
}

function notDone(key: string, { outcome, version }: KvResult): RsdpError {
  const told = {
    missing: ['E_KV_MISSING', `there is no key ${key}`, 'write it: rsdp kv put'],
    conflict: [
      'E_KV_VERSION',
      `${key} has version ${version}; nothing was written`,
      'read it again: rsdp kv get',
    ],
    full: ['E_KV_FULL', 'there is no room: 20 KiB in all', 'delete keys first: rsdp kv delete'],
    done: ['E_BUG', 'it is done', ''],
  } as const
  const [code, message, hint] = told[outcome]
  return new RsdpError({ code, message, hint, exit: EXIT.precondition, details: { key, version } })
}
