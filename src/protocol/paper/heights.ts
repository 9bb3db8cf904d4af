import { appendRoot } from '../../codec/roots.ts'
import type { Bitmap, Digest } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import { forgetEvents } from '../ledger.ts'
import type { ChainState, HeightBox } from '../state.ts'
import { emptyBox } from '../state.ts'
import type { Work } from '../work.ts'
import { hasOpened, logEvent, own, recordEntries } from '../work.ts'

/** What t6 left behind, then the next height. NIL leaves the state as it was. */
export function closeHeight(w: Work, final: Digest, heard: Bitmap, eventSeq: number): void {
  const { s } = w
  const { height } = s.box
  const settled: Partial<ChainState> =
    final === NIL ? {} : { value: final, stateHash: final, root: appendRoot(s.chain.root, final) }
  s.chain = {
    ...s.chain,
    ...settled,
    height,
    inputs: heard,
    eventSeq: Math.max(s.chain.eventSeq, eventSeq),
  }
  forgetEvents(w)
  enterHeight(w, height + 1)
}

/**
 * A member is in a height above ours. There is no certificate to catch up by: this node gives up what it had in work,
 * keeps its state, and takes part from there.
 */
export function jumpTo(w: Work, height: number): void {
  const { s } = w
  if (hasOpened(w)) {
    if (s.log.status === 'DEBATE') {
      logEvent(w, 't2', 0, NIL)
      logEvent(w, 't4', 0, NIL)
    }
    if (s.log.status === 'SHARE') logEvent(w, 't6', 0, NIL)
    recordEntries(w)
  }
  s.chain = { ...s.chain, height: height - 1 }
  enterHeight(w, height)
}

function enterHeight(w: Work, height: number): void {
  const { s } = w
  s.last = s.box.height === height - 1 ? s.box : null
  s.box = s.next.height === height ? s.next : emptyBox(height)
  s.next = emptyBox(height + 1)
  s.ownValue = NIL
  s.pending = null
  s.observing = false
  for (const name of ['debate', 'share', 'resend'] as const) own(w, s, 'timers').delete(name)
  // nothing is put on a chain, so no epoch has to be proved
  s.epoch = { first: height, previous: s.chain.value, values: [], entries: [], inputs: '0x' }
  const kept = new Set(boxes(w).flatMap(announced))
  for (const hash of s.bodies.keys()) if (!kept.has(hash)) own(w, s, 'bodies').delete(hash)
}

/** The heights of which something is kept, latest first. */
export function boxes(w: Work): HeightBox[] {
  const { box, last, next } = w.s
  return last === null ? [next, box] : [next, box, last]
}

/** Hashes of the states that the STATUS and SHARE objects of a height name. */
export function announced(box: HeightBox): Digest[] {
  const shares = [...(box.rounds.get(0)?.shares.values() ?? [])].map(({ object }) => object.stateHash)
  return [...box.inputs.values()].reduce(
    (hashes, { object }) => (object.type === 'status' ? [...hashes, object.stateHash] : hashes),
    shares,
  )
}
