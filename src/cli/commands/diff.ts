import { RsdpClient } from '../../api/client.ts'
import { fromHex } from '../../codec/hex.ts'
import type { Difference, Frozen } from '../../types/frozen.ts'
import { findReducer } from '../../reducers/catalog.ts'
import type { AnyReducer } from '../../reducers/catalog.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { diffStates } from '../app/state-diff.ts'
import { askHealth, notRunning, order } from '../control/client.ts'
import type { DiffOptions, OnDataDirOptions } from '../options.ts'
import { toJson } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { parseTaskId } from './task-list.ts'

/** Of `/status`: the one task. */
interface ShownTask {
  readonly taskId: string
  readonly frozen: Frozen | null
  readonly difference: Difference | null
}

/** Why a node votes NIL in a task, and where its own state differs from the decided one. Exit 6 if it does. */
export async function diff(
  text: string,
  { dataDir, app }: DiffOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(text)
  const { task, port } = await taskOf(taskId, dataDir)
  if (task.difference === null) {
    const why = task.frozen === null ? 'its states are those that are decided' : `frozen: ${task.frozen}`
    output.result({ taskId, frozen: task.frozen, difference: null }, `task ${text}  ${why}`)
    return EXIT.ok
  }
  const { height, members, own, decided } = task.difference
  const { tasks } = await new RsdpClient({ port }).tasks()
  const name = tasks.find((one) => one.task === task.taskId)?.reducer ?? ''
  const found = diffStates(fromHex(own), fromHex(decided), await reducerOf(name, app))
  const fields = found.fields?.map(
    ({ path, own: mine, decided: theirs }) => `  ${path}  own ${shown(mine)}  decided ${shown(theirs)}`,
  )
  const lines = [
    `task ${text}  height ${height}, inputs of ${members.join(', ')}, reducer ${name}`,
    `own      ${own}`,
    `decided  ${decided}`,
    `${found.bytes} bytes differ, the first is ${found.first}`,
    ...(fields ?? []),
    `next  another engine or bundle is the usual reason; then rsdp app resume ${text} --data-dir ${dataDir}`,
  ]
  output.result(
    { taskId, frozen: task.frozen, difference: { ...task.difference, ...found } },
    lines.join('\n'),
  )
  return EXIT.mismatch
}

/** Lets a node vote for values again in a task that was frozen. */
export async function appResume(
  text: string,
  { dataDir }: OnDataDirOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(text)
  await taskOf(taskId, dataDir)
  const { answer } = await order(dataDir, `/v1/tasks/${taskId}/resume`)
  const isResumed = answer['answer'] === 'resumed'
  output.result(
    { taskId, resumed: isResumed },
    isResumed ? `task ${text} goes on` : `task ${text} was not frozen`,
  )
  return EXIT.ok
}

const shown = (value: unknown): string => (value === undefined ? 'absent' : toJson(value))

async function taskOf(
  taskId: bigint,
  dataDir: string,
): Promise<{ readonly task: ShownTask; readonly port: number }> {
  const found = await askHealth(dataDir)
  if (found === null) throw notRunning(dataDir)
  const tasks = found.health['tasks'] as readonly ShownTask[]
  const task = tasks.find((one) => one.taskId === String(taskId))
  if (task !== undefined) return { task, port: found.control.port }
  throw new RsdpError({
    code: 'E_NOT_MEMBER',
    message: `the node runs no task ${taskId}`,
    hint: `rsdp node status --data-dir ${dataDir} shows the tasks it runs`,
    exit: EXIT.precondition,
    details: { taskId },
  })
}

/** What reads the states: the stock reducer, or the application's own if its folder is named. */
async function reducerOf(name: string, app: string | undefined): Promise<AnyReducer | null> {
  if (app === undefined) return findReducer(name)
  const { describedApp, readApp } = await import('../app/folder.ts')
  return (await readApp(app)).id === name ? (await describedApp(app)).reducer : null
}
