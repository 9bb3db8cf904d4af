import type { TaskParams, TaskStatus } from '../types/task.ts'

/** Everything that decides where a task stands, besides the block number. */
export interface LifeFacts {
  readonly params: TaskParams
  readonly reorgDepth: bigint
  /** Blocks after the seed block in which the drawing must happen. */
  readonly formWindow: bigint
  readonly closeGrace: bigint
  /** Blocks after closing in which evidence is accepted. */
  readonly evidence: bigint
  readonly signups: number
  /** Block of the drawing. */
  readonly formed: bigint | null
  /** Block of `revoke`; `idle`: it came before the drawing. */
  readonly revoked: bigint | null
  readonly idle: boolean
  /** Block of the last checkpoint, and whether it held the last height. */
  readonly anchored: bigint | null
  readonly complete: boolean
}

export interface Life {
  readonly status: TaskStatus
  /** Block at which it closed or expired. */
  readonly closedAt: bigint | null
  /** First block in which `claim` and the release of seats are accepted. */
  readonly claimsOpenAt: bigint | null
  /** What ended it, or is going to. */
  readonly because: string
}

interface Ending {
  readonly block: bigint
  readonly because: string
}

/** Where a task stands at a block: of all that can end it, what comes first. Derived without asking the contract. */
export function lifeAt(facts: LifeFacts, at: bigint): Life {
  return facts.formed === null ? beforeDrawing(facts, at) : afterDrawing(facts, facts.formed, at)
}

function beforeDrawing({ params, reorgDepth, formWindow, signups, revoked }: LifeFacts, at: bigint): Life {
  const deadline = BigInt(params.joinDeadline)
  const lastDrawing = deadline + reorgDepth + formWindow
  const { block, because } = first([
    { block: lastDrawing + 1n, because: 'no cluster was drawn while the seed could be proved' },
    { block: BigInt(params.endBlock), because: 'no cluster was drawn before the end block' },
    ...(signups < params.minNodes
      ? [{ block: deadline + 1n, because: `${signups} sign-ups, ${params.minNodes} needed` }]
      : []),
    ...(revoked !== null && revoked <= deadline
      ? [{ block: revoked, because: 'the client revoked it while sign-up was open' }]
      : []),
  ])
  return at < block
    ? { status: 'Open', closedAt: null, claimsOpenAt: null, because }
    : { status: 'Expired', closedAt: block, claimsOpenAt: block, because }
}

function afterDrawing(facts: LifeFacts, formed: bigint, at: bigint): Life {
  const { params, closeGrace, evidence, revoked, idle, anchored, complete } = facts
  const end = first([
    { block: BigInt(params.endBlock), because: 'the end block' },
    ...(complete && anchored !== null ? [{ block: anchored, because: 'the last height' }] : []),
    ...(revoked === null || idle ? [] : [{ block: revoked, because: 'the client revoked it' }]),
    ...(idle ? [{ block: formed, because: 'the client had revoked it before the drawing' }] : []),
  ])
  const quiet = (anchored ?? formed) + BigInt(params.stallBlocks)
  const over = (status: TaskStatus, closedAt: bigint, because: string): Life => ({
    ...{ status, closedAt, because },
    claimsOpenAt: closedAt + evidence + 1n,
  })
  if (quiet < end.block && at > quiet)
    return over('NoQuorum', quiet, `no checkpoint for ${params.stallBlocks} blocks`)
  const closes = end.block + closeGrace
  if (at >= closes) return over('Closed', closes, end.because)
  const status = at < end.block ? 'Active' : 'Finalizing'
  return { status, closedAt: null, claimsOpenAt: null, because: end.because }
}

function first(endings: readonly Ending[]): Ending {
  return endings.reduce((earliest, one) => (one.block < earliest.block ? one : earliest))
}
