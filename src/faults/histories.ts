import { claimOf, rootAfter } from '../codec/claims.ts'
import type { RawPart } from '../codec/frames.ts'
import type { ProtocolObject, Share } from '../types/objects.ts'
import type { Liar, LiarContext } from './liar.ts'
import { rewriteOwn, WRONG } from './rewrite.ts'
import { noteVote, ownVote } from './votes.ts'

/**
 * E5: a CHECKPOINT of a history whose last height has a state that the reducer does not give, and, with the true vote of that
 * height, the vote for that state by which the history opens. The vote is a re-proposal in the next round: it proves nothing
 * by itself. The same to everybody. Needs a provable task, and a vote for a value in a height that ends an epoch or the task.
 * Where the task goes on, its next vote for a value is E6.
 */
export const bogusCheckpoint: Liar = {
  rewrite: (mail, context) => {
    for (const part of mail.parts) noteVote(part, context)
    const early: Share[] = []
    const lie = rewriteOwn(mail, context, (object) => {
      if (object.type === 'share' || object.type === 'confirm') early.push(...inventedVote(object, context))
      return invented(object, context) ?? object
    })
    if (early.length === 0) return [lie]
    const parts = early.map((object): RawPart => ({ kind: 'object', signed: context.sign(object) }))
    // with the true vote: who has decided takes no more votes of the height, and may not have waited for this CONFIRM
    return [{ ...lie, parts: [...parts, ...lie.parts] }]
  },
}

/** The vote for another state than that of the first own vote, whenever that, or its CONFIRM, is sent. */
function inventedVote(
  { height, round }: { readonly height: number; readonly round: number },
  context: LiarContext,
): Share[] {
  const key = `invented/${height}`
  const vote = ownVote(height, context)
  if (!context.memory.has(key) && vote?.round === round)
    context.memory.set(key, { ...vote, stateHash: WRONG, round: round + 1, validRound: round })
  const lie = context.memory.get(key) as Share | undefined
  return lie?.round === round + 1 ? [lie] : []
}

/** What is told instead of an own vote or CHECKPOINT; null: the truth. */
function invented(object: ProtocolObject, { memory }: LiarContext): ProtocolObject | null {
  if (object.type !== 'share' && object.type !== 'checkpoint') return null
  const lie = memory.get(`invented/${object.height}`) as Share | undefined
  if (lie === undefined) return null
  if (object.type === 'checkpoint') return { ...object, root: rootAfter(claimOf(lie)) }
  return object.round === lie.round ? lie : null
}

/** E6: votes for values that follow another history than its STATUS names. The same to everybody. Needs a vote for a value. */
export const twoParents: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) =>
      object.type === 'share' && object.inputs !== 0n ? { ...object, parent: WRONG } : object,
    ),
  ],
}
