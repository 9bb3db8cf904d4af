import { randomUUID } from 'node:crypto'
import { ApiError } from '../api/call.ts'
import { RsdpClient } from '../api/client.ts'
import { fromHex, toHex, utf8Hex } from '../codec/hex.ts'
import { findMachine } from '../reducers/catalog.ts'
import type { Address, Hex } from '../types/ids.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import { parseAddress } from './account.ts'
import { parseTaskId } from './commands/task-list.ts'
import { notRunning } from './control/client.ts'
import { readControl } from './control/file.ts'
import type { MachineOptions } from './options.ts'

/** A task of a machine, at the node that runs on a data directory. */
export interface MachineTask {
  readonly client: RsdpClient
  readonly task: bigint
  /** Where no task was named: commands go to whichever task of this line decides; null: the task is none of a line. */
  readonly line: Address | null
}

/** How long a command may take in all: heights stand still while members are missing. */
const PATIENCE_MS = 60_000

/**
 * Without a task named: the newest of the machine's that has decided a height and not its last, else the newest.
 *
 * @param id of the machine
 * @throws RsdpError E_NODE_NOT_RUNNING, E_NO_MACHINE
 */
export async function openMachine(
  id: string,
  { dataDir, task }: Pick<MachineOptions, 'dataDir' | 'task'>,
): Promise<MachineTask> {
  const control = readControl(dataDir)
  if (control === null) throw notRunning(dataDir)
  const client = new RsdpClient(control, 15_000)
  if (task !== undefined) return { client, task: parseTaskId(task), line: null }
  const { tasks } = await client.tasks().catch(() => {
    throw notRunning(dataDir)
  })
  const ofKind = tasks.filter(({ reducer }) => reducer === id)
  // of a line that is not the one that waits for its predecessor, nor the one that is over
  const newest = ofKind.findLast(({ decided, heights }) => decided > 0 && decided < heights) ?? ofKind.at(-1)
  if (newest === undefined)
    throw new RsdpError({
      code: 'E_NO_MACHINE',
      message: `the node on ${dataDir} runs no task of ${id}`,
      hint: `publish one, and wait until it is drawn: rsdp task publish --reducer ${id}; or name it: --task`,
      exit: EXIT.precondition,
      details: { dataDir, reducer: id },
    })
  const { lines } = await client.lines()
  const line = lines.find(({ tasks: known }) => known.some((one) => one.task === newest.task))?.line
  return { client, task: BigInt(newest.task), line: line === undefined ? null : parseAddress(line) }
}

/**
 * What the machine said, and the height that holds the command. Asks again under the same name for as long as no height does.
 *
 * @throws RsdpError E_UNDECIDED, E_COMMAND
 */
export async function tell(
  { client, task, line }: MachineTask,
  id: string,
  command: Uint8Array,
): Promise<{ readonly height: number; readonly result: Uint8Array }> {
  if (findMachine(id)?.isCommand(command) !== true) throw refused('not-a-command', EXIT.usage)
  const request = randomUUID()
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      const { height, result } = await (line === null
        ? client.command(task, toHex(command), request)
        : client.lineCommand(line, toHex(command), request))
      return { height, result: fromHex(result as Hex) }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status !== 504)
        throw refused(error.error, error.status === 503 ? EXIT.busy : EXIT.precondition)
      if (performance.now() < deadline) continue
      throw new RsdpError({
        code: 'E_UNDECIDED',
        message: 'no height holds the command yet; the node goes on proposing it',
        hint: 'see who is missing: rsdp node status',
        exit: EXIT.timeout,
      })
    }
  }
}

const HINTS: Readonly<Record<string, string>> = {
  'not-a-command':
    'keys have 1 to 128 bytes, values up to 4,096, names up to 64, bodies of jobs up to 512, outputs up to 64',
  'no-machine': 'the task takes no commands, or this node was not drawn for it',
  'session-over': 'it was not applied; give the command again',
  over: 'the task has decided its last height; it was not applied',
  superseded: 'it was decided at a height that the task’s result does not have; give the command again',
  'not-a-member': 'it was not applied; give it to a node that is a member of the line’s newest task',
  busy: 'too many commands wait at this node; try again later',
}

function refused(code: string, exit: RsdpError['exit']): RsdpError {
  return new RsdpError({
    code: 'E_COMMAND',
    message: `the command is refused: ${code}`,
    hint: HINTS[code] ?? 'look into node.log in its data directory',
    exit,
    details: { reason: code },
  })
}

/** Name of a key, lock, group or client. @throws RsdpError E_COMMAND */
export function nameOf(text: string, bytesMax: number): Hex {
  const name = utf8Hex(text)
  if (name.length > 2 && name.length <= 2 + 2 * bytesMax) return name
  throw refused('not-a-command', EXIT.usage)
}

/** Bytes as a person reads them: text where they are, else hex. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return toHex(bytes)
  }
}
