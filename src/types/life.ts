import type { Moment } from './moment.ts'
import { isReached, later } from './moment.ts'
import type { TaskParams, TaskStatus } from './task.ts'

/** Everything that decides where a task stands, besides the block at which somebody looks. */
export interface LifeFacts extends LifeWindows {
  readonly params: TaskParams
  readonly signups: number
  /** When the cluster was drawn. */
  readonly formed: Moment | null
  /** When it was revoked; `idle`: that came before the drawing. */
  readonly revoked: Moment | null
  readonly idle: boolean
  /** The last checkpoint that came before the task was Finalizing, and whether it held the last height. */
  readonly anchored: Moment | null
  readonly complete: boolean
}

/** What of the deployment decides, in blocks and in seconds. */
export interface LifeWindows {
  readonly reorgDepth: bigint
  readonly seedDelaySeconds: bigint
  /** Blocks after the first that can be the seed in which the drawing must happen. */
  readonly formWindow: bigint
  readonly closeGrace: bigint
  readonly graceSeconds: bigint
  /** After closing, for evidence. */
  readonly evidence: bigint
  readonly evidenceSeconds: bigint
}

export interface Life {
  readonly status: TaskStatus
  /** When it closed or expired. */
  readonly closedAt: Moment | null
  /** First moment at which `claim` and the release of seats are accepted, and evidence no more. */
  readonly claimsOpenAt: Moment | null
  /** What ended it, or is going to. */
  readonly because: string
}

/** First moment after sign-up. */
export function signedUpAt({ joinDeadline, joinTime }: TaskParams): Moment {
  return { number: BigInt(joinDeadline) + 1n, time: BigInt(joinTime) }
}

/** The first block that reaches it draws the cluster. */
export function seedAt(
  { joinDeadline, joinTime }: TaskParams,
  { reorgDepth, seedDelaySeconds }: Pick<LifeWindows, 'reorgDepth' | 'seedDelaySeconds'>,
): Moment {
  return later({ number: BigInt(joinDeadline), time: BigInt(joinTime) }, reorgDepth, seedDelaySeconds)
}

/** Where a task stands in a block, as TaskStatus.sol has it, without asking a contract. */
export function lifeAt(facts: LifeFacts, at: Moment): Life {
  return facts.formed === null ? beforeDrawing(facts, at) : afterDrawing(facts, facts.formed, at)
}

function beforeDrawing(facts: LifeFacts, at: Moment): Life {
  const { params, formWindow, graceSeconds, signups, revoked } = facts
  const expired = (closedAt: Moment, because: string): Life =>
    isReached(closedAt, at)
      ? { status: 'Expired', closedAt, claimsOpenAt: closedAt, because }
      : { status: 'Open', closedAt: null, claimsOpenAt: null, because }
  const signedUp = signedUpAt(params)
  if (revoked !== null && !isReached(signedUp, revoked))
    return expired(revoked, 'the client revoked it while sign-up was open')
  if (signups < params.minNodes) return expired(signedUp, `${signups} sign-ups, ${params.minNodes} needed`)
  const undrawn = later(seedAt(params, facts), formWindow + 1n, graceSeconds)
  const end = endOf(params)
  const isFirst = end.number < undrawn.number || end.time < undrawn.time
  const because = isFirst ? 'no cluster was drawn before the end' : 'no cluster was drawn in time'
  return expired({ number: min(end.number, undrawn.number), time: min(end.time, undrawn.time) }, because)
}

function afterDrawing(facts: LifeFacts, formed: Moment, at: Moment): Life {
  const { params, closeGrace, graceSeconds, revoked, idle, complete } = facts
  const last = facts.anchored ?? formed
  const isRevoked = revoked !== null && !idle
  const silence = later(last, BigInt(params.stallBlocks), BigInt(params.stallSeconds))
  // what ends a task first follows from these two alone, not from when somebody looks
  const end = endOf(params)
  const isSilent = params.stallSeconds === 0 ? silence.number < end.number : silence.time < end.time
  if (!complete && !idle && !isRevoked && isSilent) {
    const because = `no checkpoint for ${params.stallBlocks} blocks${params.stallSeconds === 0 ? '' : ` and ${params.stallSeconds} seconds`}`
    if (at.number > silence.number && isReached(silence, at)) return over(facts, 'NoQuorum', silence, because)
    return { status: 'Active', closedAt: null, claimsOpenAt: null, because }
  }
  const [ends, because] = idle
    ? [formed, 'the client had revoked it before the drawing']
    : complete
      ? [last, 'the last height']
      : isRevoked
        ? [revoked, 'the client revoked it']
        : [end, 'its end']
  if (!isReached(ends, at)) return { status: 'Active', closedAt: null, claimsOpenAt: null, because }
  const from = { number: ends.number < last.number ? last.number : ends.number, time: ends.time }
  const closes = later(from, closeGrace, graceSeconds)
  if (isReached(closes, at)) return over(facts, 'Closed', closes, because)
  return { status: 'Finalizing', closedAt: null, claimsOpenAt: null, because }
}

function over(
  { evidence, evidenceSeconds }: LifeFacts,
  status: TaskStatus,
  closedAt: Moment,
  because: string,
): Life {
  return { status, closedAt, because, claimsOpenAt: later(closedAt, evidence + 1n, evidenceSeconds) }
}

const endOf = ({ endBlock, endTime }: TaskParams): Moment => ({
  number: BigInt(endBlock),
  time: BigInt(endTime),
})

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
