import {
  farAheadFlood,
  invalidInputState,
  lateEdge,
  lyingEventSeq,
  replayOld,
  selectiveSend,
  silent,
  withholdBodies,
} from './delivery.ts'
import { bogusCheckpoint, twoParents } from './histories.ts'
import type { Liar } from './liar.ts'
import { baselessHello, bogusList, equivocateHello, pinnedInput } from './lists.ts'
import { equivocateCheckpoint, forkedLog, illegalLog, wrongCheckpoint } from './logs.ts'
import {
  amnesia,
  equivocateConfirm,
  equivocateShare,
  equivocateStatus,
  flatterer,
  forger,
  shareForOne,
  unjustifiedVote,
  wrongAggregate,
} from './votes.ts'

/** Loses its disk with every stop: whatever it signed before, it signs again. */
const reborn: Liar = { forgets: true, rewrite: (mail) => [mail] }

const TABLE = {
  'equivocate-status': equivocateStatus,
  'equivocate-share': equivocateShare,
  'equivocate-confirm': equivocateConfirm,
  'equivocate-hello': equivocateHello,
  silent,
  'selective-send': selectiveSend,
  'late-edge': lateEdge,
  'bogus-list': bogusList,
  'pinned-input': pinnedInput,
  'wrong-aggregate': wrongAggregate,
  'share-for-one': shareForOne,
  'replay-old': replayOld,
  'withhold-bodies': withholdBodies,
  amnesia,
  'far-ahead-flood': farAheadFlood,
  'wrong-checkpoint': wrongCheckpoint,
  'invalid-input-state': invalidInputState,
  'lying-event-seq': lyingEventSeq,
  forger,
  reborn,
  'equivocate-checkpoint': equivocateCheckpoint,
  'unjustified-vote': unjustifiedVote,
  'illegal-log': illegalLog,
  'forked-log': forkedLog,
  'baseless-hello': baselessHello,
  'bogus-checkpoint': bogusCheckpoint,
  'two-parents': twoParents,
} as const satisfies Record<string, Liar>

/** Another of the others at every frame. */
const chaos: Liar = {
  rewrite: (mail, context) => {
    const liar: Liar = context.dice.pick(Object.values(TABLE))
    return liar === silent ? [] : liar.rewrite(mail, context)
  },
}

/** Ways to lie, by name. */
export const LIARS = { ...TABLE, chaos, flatterer } as const satisfies Record<string, Liar>

export type LiarName = keyof typeof LIARS
export const LIAR_NAMES = Object.keys(LIARS) as LiarName[]
