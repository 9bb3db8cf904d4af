import { byteLength } from '../../codec/hex.ts'
import type { Hex } from '../../types/ids.ts'
import { ByteReader, ByteWriter } from '../bytes.ts'
import type { Codec } from '../reducer.ts'
import type { Holder } from './names.ts'
import { holderIn, NAME_BYTES_MAX, nameIn, putHolder, putName, putToken, TTL_MS, tokenIn } from './names.ts'

/** A job of a queue. */
export interface Job {
  readonly queue: Hex
  /** No two jobs of a queue share one. */
  readonly name: Hex
  readonly status: (typeof STATUSES)[number]
  /** Claims so far, and how many there may be: a job that is given back or left after its last one has failed. */
  readonly tries: number
  /** 1 … 255 */
  readonly triesMax: number
  /** Number of the command that put it where it is: the waiting job with the least is claimed first. */
  readonly place: bigint
  /** Of the last claim, which renewals keep; 0 before the first. */
  readonly token: bigint
  /** Agreed time at which the lease ends; 0: nobody holds the job. */
  readonly endMs: bigint
  /** Who holds it, or held it last; null before the first claim. */
  readonly holder: Holder | null
  /** What is to be done. Of a job that is done: what its worker said of it. */
  readonly body: Uint8Array
}

/** By place. */
export type WorkState = readonly Job[]

/** A claim, as its worker names it later. */
interface Claimed {
  readonly queue: Hex
  readonly job: Hex
  readonly owner: Hex
  readonly token: bigint
}

export type WorkCommand =
  | { readonly kind: 'list'; readonly queue: Hex }
  | {
      readonly kind: 'add'
      readonly queue: Hex
      readonly job: Hex
      readonly triesMax: number
      readonly body: Uint8Array
    }
  | { readonly kind: 'claim'; readonly queue: Hex; readonly owner: Hex; readonly ttlMs: number }
  | ({ readonly kind: 'renew'; readonly ttlMs: number } & Claimed)
  | ({ readonly kind: 'done'; readonly output: Uint8Array } & Claimed)
  | ({ readonly kind: 'fail' } & Claimed)

/**
 * `done`: the command did what it says. `exists`: a job of this name is there, which this is. `none`: no job waits. `lost`: who
 * asks does not hold the job under this token; this is the job, if there is one. `full`: there is no room.
 */
export interface WorkResult {
  readonly outcome: (typeof OUTCOMES)[number]
  /** The job in question as it is now; of a `list` all jobs of the queue. */
  readonly jobs: readonly Job[]
}

const KINDS = ['list', 'add', 'claim', 'renew', 'done', 'fail'] as const
const OUTCOMES = ['done', 'exists', 'none', 'lost', 'full'] as const
const STATUSES = ['waiting', 'held', 'done', 'failed'] as const
/** Longest body of a job, bytes. */
export const JOB_BYTES_MAX = 512
/** Longest output of a worker, bytes: a hash, or where the result is. */
export const OUTPUT_BYTES_MAX = 64
/** Of a job that was claimed, all that has one length: three lengths of names, status and tries, numbers, proposer. */
const FIXED_BYTES = 3 + 3 + 8 + 16 + 8 + 2 + 20

/**
 * `u8 op ‖ queue`, and for add `job ‖ u8 triesMax ‖ u16 length ‖ body`, for claim `owner ‖ u32 ttlMs`, for renew, done and fail
 * `job ‖ owner ‖ 16 bytes token`, then for renew `u32 ttlMs`, for done `u16 length ‖ output`.
 */
export function encodeWorkCommand(command: WorkCommand): Uint8Array {
  const to = putName(new ByteWriter().u8(KINDS.indexOf(command.kind)), command.queue)
  switch (command.kind) {
    case 'list':
      return to.done()
    case 'add':
      return putBytes(putName(to, command.job).u8(command.triesMax), command.body).done()
    case 'claim':
      return putName(to, command.owner).u32(command.ttlMs).done()
    case 'renew':
      return putClaimed(to, command).u32(command.ttlMs).done()
    case 'done':
      return putBytes(putClaimed(to, command), command.output).done()
    case 'fail':
      return putClaimed(to, command).done()
  }
}

/** Null for bytes that `encodeWorkCommand` would not have written. */
export function decodeWorkCommand(bytes: Uint8Array): WorkCommand | null {
  const from = new ByteReader(bytes)
  const kind = KINDS[from.u8()]
  const queue = nameIn(from)
  if (kind === undefined || queue === null) return null
  const command = commandIn(from, kind, queue)
  return from.isWhole ? command : null
}

function commandIn(from: ByteReader, kind: WorkCommand['kind'], queue: Hex): WorkCommand | null {
  if (kind === 'list') return { kind, queue }
  if (kind === 'claim') {
    const [owner, ttlMs] = [nameIn(from), ttlIn(from)]
    return owner === null || ttlMs === null ? null : { kind, queue, owner, ttlMs }
  }
  const job = nameIn(from)
  if (job === null) return null
  if (kind === 'add') {
    const [triesMax, body] = [from.u8(), bytesIn(from, JOB_BYTES_MAX)]
    return body === null || triesMax === 0 ? null : { kind, queue, job, triesMax, body }
  }
  const [owner, token] = [nameIn(from), tokenIn(from)]
  if (owner === null) return null
  const claimed = { queue, job, owner, token }
  if (kind === 'fail') return { kind, ...claimed }
  if (kind === 'renew') {
    const ttlMs = ttlIn(from)
    return ttlMs === null ? null : { kind, ...claimed, ttlMs }
  }
  const output = bytesIn(from, OUTPUT_BYTES_MAX)
  return output === null ? null : { kind, ...claimed, output }
}

/** `u8 outcome ‖ jobs`, each as in a state. */
export function encodeWorkResult({ outcome, jobs }: WorkResult): Uint8Array {
  const to = new ByteWriter().u8(OUTCOMES.indexOf(outcome))
  for (const job of jobs) putJob(to, job)
  return to.done()
}

/** Null for bytes that no machine answered. */
export function decodeWorkResult(bytes: Uint8Array): WorkResult | null {
  const from = new ByteReader(bytes)
  const outcome = OUTCOMES[from.u8()]
  const jobs = jobsIn(from)
  return outcome === undefined || jobs === null ? null : { outcome, jobs }
}

/**
 * `jobs × (queue ‖ name ‖ u8 status ‖ u8 tries ‖ u8 triesMax ‖ u64 place ‖ 16 bytes token ‖ u64 endMs ‖ u16 length ‖ body`, and if
 * it was claimed `address proposer ‖ owner)`, by place.
 */
export const workCodec: Codec<WorkState> = {
  encode(state) {
    const to = new ByteWriter()
    for (const job of state) putJob(to, job)
    return to.done()
  },
  decode(bytes) {
    const jobs = jobsIn(new ByteReader(bytes))
    if (jobs === null) return null
    const names = new Set(jobs.map(({ queue, name }) => `${queue}/${name}`))
    return names.size === jobs.length ? jobs : null
  },
}

function putJob(to: ByteWriter, job: Job): void {
  const { queue, name, status, tries, triesMax, place, token, endMs, holder, body } = job
  putName(putName(to, queue), name).u8(STATUSES.indexOf(status)).u8(tries).u8(triesMax).u64(place)
  putBytes(putToken(to, token).u64(endMs), body)
  if (holder !== null) putHolder(to, holder)
}

/** All that is left; null if it is no jobs, or not by place. */
function jobsIn(from: ByteReader): Job[] | null {
  const jobs: Job[] = []
  while (!from.isWhole) {
    const job = jobIn(from)
    if (job === null || job.place <= (jobs.at(-1)?.place ?? 0n)) return null
    jobs.push(job)
  }
  return jobs
}

function jobIn(from: ByteReader): Job | null {
  const [queue, name, status] = [nameIn(from), nameIn(from), STATUSES[from.u8()]]
  const [tries, triesMax, place, token, endMs] = [from.u8(), from.u8(), from.u64(), tokenIn(from), from.u64()]
  const body = bytesIn(from, status === 'done' ? OUTPUT_BYTES_MAX : JOB_BYTES_MAX)
  const holder = tries === 0 ? null : holderIn(from)
  if (queue === null || name === null || status === undefined || body === null || from.failed) return null
  const wasClaimed = tries > 0 ? holder !== null && token > 0n : token === 0n && status === 'waiting'
  const isHeld = endMs > 0n
  const isSound = wasClaimed && tries <= triesMax && triesMax > 0 && isHeld === (status === 'held')
  return isSound ? { queue, name, status, tries, triesMax, place, token, endMs, holder, body } : null
}

function putClaimed(to: ByteWriter, { job, owner, token }: Claimed): ByteWriter {
  return putToken(putName(putName(to, job), owner), token)
}

function ttlIn(from: ByteReader): number | null {
  const ttlMs = from.u32()
  return ttlMs >= TTL_MS.min && ttlMs <= TTL_MS.max ? ttlMs : null
}

/** `u16 length ‖ bytes` */
function putBytes(to: ByteWriter, bytes: Uint8Array): ByteWriter {
  return to.u16(bytes.length).bytes(bytes)
}

function bytesIn(from: ByteReader, max: number): Uint8Array | null {
  const length = from.u16()
  const bytes = from.take(length)
  return from.failed || length > max ? null : bytes
}

/** Bytes that a job takes at most, whatever becomes of it: room for its holder and its output is kept from the beginning. */
export function roomOf({ queue, name, status, holder, body }: Job): number {
  const isOver = status === 'done' || status === 'failed'
  const owner = isOver && holder !== null ? byteLength(holder.owner) : NAME_BYTES_MAX
  const text = isOver ? body.length : Math.max(body.length, OUTPUT_BYTES_MAX)
  return FIXED_BYTES + byteLength(queue) + byteLength(name) + owner + text
}
