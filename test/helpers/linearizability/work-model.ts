import { SKEW_MS_MAX } from '../../../src/reducers/lease.ts'
import type { Job, WorkCommand, WorkResult } from '../../../src/reducers/machines/work-codec.ts'
import type { Model } from './check.ts'

/** A job of a queue, as far as its answers tell. */
interface Known {
  readonly name: string
  readonly status: Job['status']
  readonly tries: number
  readonly triesMax: number
  /** Name of who holds it or held it last: no two clients share one. */
  readonly holder: string | null
  /** Of the last claim; null: nobody has seen it. */
  readonly token: bigint | null
  /** Greatest that any claim of it is known to have. */
  readonly highest: bigint
  /** Of a job that is held: its end, or the earliest end if `isBlind`. */
  readonly endMs: bigint
  /** A claim or a renewal whose answer nobody has seen. */
  readonly isBlind: boolean
  readonly body: string
}

/** One queue of `work-assignment@1`. */
export interface QueueKey {
  /** Those that wait are claimed from the first on. */
  readonly jobs: readonly Known[]
  /** No later agreed time is less. */
  readonly nowMs: bigint
}

type Asked = Parameters<Model<QueueKey, WorkCommand, WorkResult>['next']>[1]

/**
 * One queue of `work-assignment@1`: what happens to each job follows from the order of the operations and from the agreed time.
 * That shows in the ends of leases; for answers without one, each time is tried at which something would end.
 */
export const workModel: Model<QueueKey, WorkCommand, WorkResult> = {
  empty: { jobs: [], nowMs: 0n },
  name: ({ jobs, nowMs }) =>
    `${nowMs} ${jobs.map((job) => Object.values(job).map(String).join(' ')).join('|')}`,
  next(state, operation) {
    const times = timesOf(state, operation).map((at) => at.flatMap((one) => stepOf(one, operation)))
    // what may end later can be left to end later; but a claim that nobody saw may be of what has ended
    const isBlind = operation.input.kind === 'claim' && operation.output === null
    return isBlind ? times.flat() : (times.find((states) => states.length > 0) ?? [])
  },
}

/** The queue at each agreed time that the operation may have had. Two queues at one time: nobody knows what has ended. */
function timesOf(state: QueueKey, { input, output }: Asked): readonly (readonly QueueKey[])[] {
  const shown = output?.outcome === 'done' ? output.jobs[0]?.endMs : undefined
  if ((input.kind === 'claim' || input.kind === 'renew') && shown !== undefined) {
    const nowMs = shown - BigInt(input.ttlMs)
    return nowMs < state.nowMs ? [] : [endedBy(state, nowMs)]
  }
  const ends = state.jobs.flatMap(({ status, endMs }) => (status === 'held' ? [endMs + SKEW_MS_MAX] : []))
  const later = ends.filter((end) => end > state.nowMs)
  const ascending = [...new Set([state.nowMs, ...later])].sort((a, b) => (a < b ? -1 : 1))
  return ascending.map((nowMs) => endedBy(state, nowMs))
}

/** Leases that are over have ended; those whose end nobody has seen may have. */
function endedBy({ jobs }: QueueKey, nowMs: bigint): readonly QueueKey[] {
  return jobs.reduce<readonly QueueKey[]>(
    (states, job) => {
      const isOver = job.status === 'held' && job.endMs + SKEW_MS_MAX <= nowMs
      const choices = !isOver ? [job] : job.isBlind ? [freed(job), job] : [freed(job)]
      return states.flatMap((state) => choices.map((one) => ({ ...state, jobs: [...state.jobs, one] })))
    },
    [{ jobs: [], nowMs }],
  )
}

function freed(job: Known): Known {
  return { ...job, status: job.tries < job.triesMax ? 'waiting' : 'failed', endMs: 0n, isBlind: false }
}

function stepOf(state: QueueKey, { client, input, output }: Asked): readonly QueueKey[] {
  if (output?.outcome === 'full') return input.kind === 'add' ? [state] : []
  switch (input.kind) {
    case 'list':
      return output === null ? [state] : listed(state, output)
    case 'add':
      return added(state, input, output)
    case 'claim':
      return claimed(state, client, input, output)
    case 'renew':
    case 'done':
    case 'fail':
      return settled(state, client, input, output)
  }
}

function listed(state: QueueKey, { outcome, jobs }: WorkResult): readonly QueueKey[] {
  if (outcome !== 'done' || jobs.length !== state.jobs.length) return []
  const seen = state.jobs.map((job, i) => seenAs(job, jobs[i], state.nowMs))
  return seen.some((job) => job === null) ? [] : [{ ...state, jobs: seen.flatMap((job) => job ?? []) }]
}

function added(
  state: QueueKey,
  { job: name, triesMax, body }: Extract<WorkCommand, { kind: 'add' }>,
  output: WorkResult | null,
): readonly QueueKey[] {
  const present = state.jobs.find((job) => job.name === name)
  if (present !== undefined) return shownAs(state, 'exists', present, present, output)
  const job: Known = {
    ...{ name, status: 'waiting', tries: 0, triesMax, holder: null, body: textOf(body) },
    ...{ token: 0n, highest: 0n, endMs: 0n, isBlind: false },
  }
  return shownAs({ ...state, jobs: [...state.jobs, job] }, 'done', job, job, output)
}

function claimed(
  state: QueueKey,
  client: string,
  { ttlMs }: Extract<WorkCommand, { kind: 'claim' }>,
  output: WorkResult | null,
): readonly QueueKey[] {
  const job = state.jobs.find(({ status }) => status === 'waiting')
  if (job === undefined) return output === null || isBare(output, 'none') ? [state] : []
  const held = { ...job, status: 'held', tries: job.tries + 1, holder: ownerOf(client) } as const
  const endMs = state.nowMs + BigInt(ttlMs)
  const [shown] = output?.jobs ?? []
  if (shown === undefined)
    return shownAs(state, 'done', job, { ...held, token: null, endMs, isBlind: true }, output)
  // a claim of a job has a greater token than any before, and a queue's tokens never fall
  const { token } = shown
  const isLater = token > job.highest && state.jobs.every(({ highest }) => token >= highest)
  return isLater ? shownAs(state, 'done', job, { ...held, token, highest: token, endMs }, output) : []
}

function settled(
  state: QueueKey,
  client: string,
  input: Extract<WorkCommand, { kind: 'renew' | 'done' | 'fail' }>,
  output: WorkResult | null,
): readonly QueueKey[] {
  const job = state.jobs.find(({ name }) => name === input.job)
  if (job === undefined) return output === null || isBare(output, 'lost') ? [state] : []
  const isToken = job.token === null ? input.token > job.highest : input.token === job.token
  const isMine = job.holder === ownerOf(client) && isToken
  const isAgain = isMine && input.kind === 'done' && job.status === 'done'
  if (isAgain) return shownAs(state, 'done', job, job, output)
  // nobody has seen the token: the client may be right, or not
  const isUnsure = isMine && job.token === null
  const refused = shownAs(state, 'lost', job, job, output)
  if (!isMine || job.status !== 'held') return refused
  const { token } = input
  const mine = { ...job, token, highest: token > job.highest ? token : job.highest }
  const kept = isUnsure ? refused : []
  if (input.kind === 'fail')
    return [...kept, ...shownAs(behind(state, job), 'done', job, freed(mine), output)]
  if (input.kind === 'done') {
    const done = { ...mine, status: 'done', endMs: 0n, isBlind: false, body: textOf(input.output) } as const
    return [...kept, ...shownAs(behind(state, job), 'done', job, done, output)]
  }
  const endMs = state.nowMs + BigInt(input.ttlMs)
  const isBlind = output === null
  return [...kept, ...shownAs(state, 'done', job, { ...mine, endMs, isBlind }, output)]
}

function behind(state: QueueKey, job: Known): QueueKey {
  return { ...state, jobs: [...state.jobs.filter((one) => one !== job), job] }
}

/** The queue with `next` instead of `job`, if that is what the answer shows. */
function shownAs(
  state: QueueKey,
  outcome: WorkResult['outcome'],
  job: Known,
  next: Known,
  output: WorkResult | null,
): readonly QueueKey[] {
  const seen =
    output === null ? next : output.outcome === outcome ? seenAs(next, output.jobs[0], state.nowMs) : null
  return seen === null ? [] : [{ ...state, jobs: state.jobs.map((one) => (one === job ? seen : one)) }]
}

/** What is known of a job once an answer shows it; null: it cannot be this one. */
function seenAs(job: Known, shown: Job | undefined, nowMs: bigint): Known | null {
  if (shown === undefined) return null
  const { token, endMs, holder } = shown
  const isSame =
    shown.name === job.name &&
    shown.status === job.status &&
    shown.tries === job.tries &&
    shown.triesMax === job.triesMax &&
    (holder?.owner ?? null) === job.holder &&
    textOf(shown.body) === job.body
  const isToken = job.token === null ? token > job.highest : token === job.token
  const isEnd = job.isBlind ? endMs >= job.endMs && endMs + SKEW_MS_MAX > nowMs : endMs === job.endMs
  if (!isSame || !isToken || !isEnd) return null
  return { ...job, token, endMs, isBlind: false, highest: token > job.highest ? token : job.highest }
}

/** An answer that shows no job. */
function isBare({ outcome, jobs }: WorkResult, wanted: WorkResult['outcome']): boolean {
  return outcome === wanted && jobs.length === 0
}

const ownerOf = (client: string): string => client.slice(client.indexOf('/') + 1)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
