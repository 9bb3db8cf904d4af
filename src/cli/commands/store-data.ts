import { ApiError } from '../../api/call.ts'
import { RsdpClient } from '../../api/client.ts'
import { services } from '../../services/services.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { notRunning } from '../control/client.ts'
import { readControl } from '../control/file.ts'
import { openMachine } from '../machine.ts'
import type { OnDataDirOptions, StorePurgeOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'

/** What copies of stores have on the disk of a node. @throws RsdpError E_NODE_NOT_RUNNING */
export async function storeData(
  { dataDir }: OnDataDirOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const control = readControl(dataDir)
  if (control === null) throw notRunning(dataDir)
  const { copies } = await new RsdpClient(control).storesKept().catch((error: unknown) => {
    throw error instanceof ApiError ? error : notRunning(dataDir)
  })
  const lines = copies.map(({ line, service, bytes, use }) => {
    return `task ${line}  store ${service}  ${bytes} bytes  ${WORDS[use]}`
  })
  output.result({ copies }, lines.length === 0 ? 'no data of any store' : lines.join('\n'))
  return EXIT.ok
}

/** Removes what a copy left on the disk of a node. @throws RsdpError E_STORE_IN_USE, E_STORE_MISSING */
export async function storePurge(
  service: number,
  options: StorePurgeOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { client, task } = await openMachine(services.id, options)
  try {
    const { bytes } = await client.store(task, service).purge(options.force)
    output.result({ service, task: String(task), bytes }, `removed ${bytes} bytes of store ${service}`)
    return EXIT.ok
  } catch (error) {
    throw error instanceof ApiError ? kept(service, task, error) : error
  }
}

const WORDS = {
  placed: 'in use',
  left: 'left here: rsdp store purge',
  unknown: 'not known: no placement of its tasks is decided at this node',
} as const

function kept(service: number, task: bigint, error: ApiError): Error {
  const details = { service, task: String(task), reason: error.error }
  if (error.error === 'nothing')
    return new RsdpError({
      code: 'E_STORE_MISSING',
      message: `the node has no data of store ${service} of task ${task}`,
      hint: 'see what it has: rsdp store data; a line is named by its first task: --task',
      exit: EXIT.precondition,
      details,
    })
  if (error.status !== 409) return error
  return new RsdpError({
    code: 'E_STORE_IN_USE',
    message:
      error.error === 'placed'
        ? `the members count on the copy of store ${service} here; nothing was removed`
        : `the node does not know whether a copy of store ${service} belongs here; nothing was removed`,
    hint:
      error.error === 'placed'
        ? 'remove the service, or wait until its copy is placed elsewhere: rsdp services show'
        : 'if all tasks of its line are over: --force',
    exit: EXIT.precondition,
    details,
  })
}
