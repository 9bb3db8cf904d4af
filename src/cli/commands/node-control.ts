import { setTimeout as sleep } from 'node:timers/promises'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { askHealth, notRunning, order } from '../control/client.ts'
import type {
  NodeLeaveOptions,
  NodeStatusOptions,
  NodeStopOptions,
  NodeTrustStoreOptions,
} from '../node-options.ts'
import type { CommandContext } from '../run-command.ts'
import { confirm } from '../terminal.ts'
import { nodeView } from '../watch/node-view.ts'
import type { ShownHealth } from '../watch/node-view.ts'
import { parseTaskId } from './task-list.ts'

/** How often it is looked whether a process is gone. */
const LOOK_MS = 50

/** What the node on a data directory says of itself; exit 3 if none runs, 4 if it is not ready, with `--wait` 5. */
export async function nodeStatus(
  { dataDir, wait }: NodeStatusOptions,
  { output, signal }: CommandContext,
): Promise<ExitCode> {
  const deadline = performance.now() + (wait ?? 0) * 1_000
  let found = await askHealth(dataDir)
  while (wait !== undefined && found?.health['ready'] !== true && !signal.aborted) {
    if (performance.now() > deadline) throw notReady(dataDir, wait, found !== null)
    await sleep(LOOK_MS)
    found = await askHealth(dataDir)
  }
  if (found === null) throw notRunning(dataDir)
  const { control, health } = found
  output.result(
    { pid: control.pid, apiPort: control.port, health },
    nodeView(health as unknown as ShownHealth, control.pid).join('\n'),
  )
  return health['ready'] === true ? EXIT.ok : EXIT.unreachable
}

function notReady(dataDir: string, seconds: number, isRunning: boolean): RsdpError {
  return new RsdpError({
    code: 'E_TIMEOUT',
    message: `${isRunning ? 'the node' : 'no node runs'} on ${dataDir}${isRunning ? ' is not ready' : ''} after ${seconds} s`,
    hint: `look at the end of ${dataDir}/node.log, and what rsdp doctor --data-dir ${dataDir} says`,
    exit: EXIT.timeout,
    details: { dataDir, isRunning },
  })
}

/** Ends a node in order and waits until its process is gone. */
export async function nodeStop(
  options: NodeStopOptions,
  { output, signal }: CommandContext,
): Promise<ExitCode> {
  const { dataDir, timeout } = options
  const { control } = await order(dataDir, '/v1/stop')
  const { pid } = control
  const deadline = performance.now() + timeout * 1_000
  while (isAlive(pid) && !signal.aborted) {
    if (performance.now() > deadline) {
      throw new RsdpError({
        code: 'E_TIMEOUT',
        message: `process ${pid} was told to stop and is still there after ${timeout} s`,
        hint: 'wait a little; if it hangs, end it with kill: its store stands that',
        exit: EXIT.timeout,
        details: { pid },
      })
    }
    await sleep(LOOK_MS)
  }
  output.result({ pid, stopped: true }, `stopped: process ${pid} is gone`)
  return EXIT.ok
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Makes a running node sign CLOSE for a task: it leaves for good. */
export async function nodeLeave(
  text: string,
  options: NodeLeaveOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(text)
  const { dataDir, yes } = options
  if ((await askHealth(dataDir)) === null) throw notRunning(dataDir)
  const effect = [
    `leave    task ${taskId} for good: the node signs CLOSE and is in no list of inputs any more`,
    'keep it running: it goes on voting and signing checkpoints, and its lock stays until the task is over',
  ]
  await confirm({ effect, yes }, output.say)
  const { answer } = await order(dataDir, `/v1/tasks/${taskId}/leave`)
  if (answer['answer'] !== 'signed') throw notLeft(taskId, dataDir, String(answer['answer']))
  output.result(
    { taskId, membership: 'leaving' },
    `CLOSE for task ${taskId} is signed; rsdp node status --data-dir ${dataDir} shows when it has left`,
  )
  return EXIT.ok
}

/** Makes a running node sign in a task as if its store had everything: against the rule, at the operator's risk. */
export async function nodeTrustStore(
  text: string,
  options: NodeTrustStoreOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(text)
  const { dataDir, yes, stakeAtRisk } = options
  if ((await askHealth(dataDir)) === null) throw notRunning(dataDir)
  if (!stakeAtRisk) {
    throw new RsdpError({
      code: 'E_STAKE_AT_RISK',
      message: `if this store has lost anything signed in task ${taskId}, the node signs it again and loses its whole lock`,
      hint: 'let it wait: it goes on by itself; or say --stake-at-risk, if you know that nothing was signed since',
      exit: EXIT.precondition,
      details: { taskId },
    })
  }
  const effect = [
    `trust    the store for task ${taskId}: the node signs at once, and waits for nothing`,
    'if anything is missing in it, or another process has the key, the lock is lost: 100 %, and it cannot be taken back',
  ]
  await confirm({ effect, yes }, output.say)
  const { answer } = await order(dataDir, `/v1/tasks/${taskId}/trust`)
  if (answer['answer'] !== 'trusted') throw notLeft(taskId, dataDir, 'not-a-member')
  output.result({ taskId, trusted: true }, `the node signs in task ${taskId}`)
  return EXIT.ok
}

function notLeft(taskId: bigint, dataDir: string, answer: string): RsdpError {
  const details = { taskId, answer }
  if (answer === 'failed') {
    return new RsdpError({
      code: 'E_NODE_BUSY',
      message: `the node could not sign CLOSE for task ${taskId} and is about to stop`,
      hint: `look into node.log in ${dataDir}`,
      exit: EXIT.timeout,
      details,
    })
  }
  if (answer === 'waiting') {
    return new RsdpError({
      code: 'E_SIGNING_UNKNOWN',
      message: `the node signs nothing in task ${taskId} yet: it does not know what it has signed`,
      hint: 'wait until node status calls it proved, then leave (docs/disks.md)',
      exit: EXIT.timeout,
      details,
    })
  }
  return new RsdpError({
    code: answer === 'over' ? 'E_TASK_OVER' : 'E_NOT_MEMBER',
    message:
      answer === 'over'
        ? `all heights of task ${taskId} are decided: there is nothing to leave`
        : `the node runs no task ${taskId}`,
    hint: `rsdp node status --data-dir ${dataDir} shows the tasks it runs`,
    exit: EXIT.precondition,
    details,
  })
}
