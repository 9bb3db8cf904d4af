import type { CommandContext, Machine } from '../command-log/machine.ts'
import { MACHINE_BYTES_MAX } from '../command-log/log-state.ts'
import { mayGrantNext } from '../lease.ts'
import { isSameHolder } from './names.ts'
import type { Job, WorkCommand, WorkResult, WorkState } from './work-codec.ts'
import { decodeWorkCommand, encodeWorkResult, roomOf, workCodec } from './work-codec.ts'

/**
 * Queues of jobs. A worker claims the job that waits longest and holds it with a lease in agreed time; it is done once, by the
 * worker that holds it then. A job whose lease has ended, or that its worker gives back, waits again until its tries are used up.
 * Each claim of a job has a greater fencing token than the one before.
 */
export const workAssignment: Machine<WorkState> = {
  id: 'work-assignment@1',
  empty: [],
  state: workCodec,
  isCommand: (bytes) => decodeWorkCommand(bytes) !== null,

  /** Jobs whose holder is silent go back to their places. */
  turn: (state, { agreedMs }) =>
    state.map((job) => (job.status === 'held' && mayGrantNext(job.endMs, agreedMs) ? freed(job) : job)),

  apply(state, bytes, context) {
    const command = decodeWorkCommand(bytes)
    const { next, ...result } = command === null ? { next: state, ...NONE } : step(state, command, context)
    return { state: next, result: encodeWorkResult(result) }
  },
}

type Step = WorkResult & { readonly next: WorkState }

const NONE = { outcome: 'none', jobs: [] } as const

function step(state: WorkState, command: WorkCommand, context: CommandContext): Step {
  switch (command.kind) {
    case 'list':
      return { outcome: 'done', jobs: state.filter(({ queue }) => queue === command.queue), next: state }
    case 'add':
      return add(state, command, context)
    case 'claim':
      return claim(state, command, context)
    case 'renew':
    case 'done':
    case 'fail':
      return settle(state, command, context)
  }
}

function add(
  state: WorkState,
  { queue, job: name, triesMax, body }: Extract<WorkCommand, { kind: 'add' }>,
  { index: place, token }: CommandContext,
): Step {
  const present = state.find((one) => one.queue === queue && one.name === name)
  if (present !== undefined) return { outcome: 'exists', jobs: [present], next: state }
  const job: Job = {
    ...{ queue, name, status: 'waiting', tries: 0, triesMax, place, body },
    ...{ token: 0n, endMs: 0n, holder: null },
  }
  const kept = withRoom(state, roomOf(job), token)
  return kept === null
    ? { outcome: 'full', jobs: [], next: state }
    : { outcome: 'done', jobs: [job], next: [...kept, job] }
}

/**
 * Jobs that are over give way, oldest first. Not those of this height: a job that is added under the same name must get a greater
 * token than they had.
 */
function withRoom(state: WorkState, bytes: number, token: bigint): WorkState | null {
  let over = state.reduce((sum, job) => sum + roomOf(job), bytes) - MACHINE_BYTES_MAX
  const kept = state.filter((job) => {
    if (over <= 0 || !isOver(job) || job.token >= token) return true
    over -= roomOf(job)
    return false
  })
  return over <= 0 ? kept : null
}

function claim(
  state: WorkState,
  { queue, owner, ttlMs }: Extract<WorkCommand, { kind: 'claim' }>,
  { proposer, agreedMs, token }: CommandContext,
): Step {
  const job = state.find((one) => one.queue === queue && one.status === 'waiting' && token > one.token)
  if (job === undefined) return { ...NONE, next: state }
  const endMs = agreedMs + BigInt(ttlMs)
  const held: Job = {
    ...job,
    status: 'held',
    tries: job.tries + 1,
    token,
    endMs,
    holder: { proposer, owner },
  }
  return { outcome: 'done', jobs: [held], next: withJob(state, job, held) }
}

/** What the worker says of a job that it holds. Done under the same token twice is done once, and answered alike. */
function settle(
  state: WorkState,
  command: Extract<WorkCommand, { kind: 'renew' | 'done' | 'fail' }>,
  { proposer, agreedMs, index: place }: CommandContext,
): Step {
  const { queue, owner, token } = command
  const job = state.find((one) => one.queue === queue && one.name === command.job)
  if (job === undefined) return { outcome: 'lost', jobs: [], next: state }
  const isMine = isSameHolder(job.holder, { proposer, owner }) && token === job.token
  if (isMine && command.kind === 'done' && job.status === 'done')
    return { outcome: 'done', jobs: [job], next: state }
  if (!isMine || job.status !== 'held') return { outcome: 'lost', jobs: [job], next: state }
  const after: Job =
    command.kind === 'renew'
      ? { ...job, endMs: agreedMs + BigInt(command.ttlMs) }
      : command.kind === 'done'
        ? { ...job, status: 'done', place, endMs: 0n, body: command.output }
        : // behind those that wait: it may fail again
          { ...freed(job), place }
  return { outcome: 'done', jobs: [after], next: withJob(state, job, after) }
}

/** It waits again, unless its tries are used up. */
function freed(job: Job): Job {
  return { ...job, status: job.tries < job.triesMax ? 'waiting' : 'failed', endMs: 0n }
}

const isOver = ({ status }: Job): boolean => status === 'done' || status === 'failed'

function withJob(state: WorkState, job: Job, next: Job): WorkState {
  return [...state.filter((one) => one !== job), next].sort((a, b) => (a.place < b.place ? -1 : 1))
}
