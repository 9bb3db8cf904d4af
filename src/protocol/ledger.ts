import type { Digest } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { SignedInput } from '../types/objects.ts'
import { hasHonest } from './quorum.ts'
import type { Work } from './work.ts'
import { own } from './work.ts'

/** The chain was read up to one more ledger event. Rolling hashes below the last cut are of no more use. */
export function onLedger(w: Work, eventSeq: number, eventsHash: Digest): void {
  const { s } = w
  s.ledgerSeq = Math.max(s.ledgerSeq, eventSeq)
  if (eventSeq >= s.chain.eventSeq) own(w, s, 'eventsHashes').set(eventSeq, eventsHash)
}

/** Rolling hash of the events 1 … eventSeq as this node reads them; null if it has not read that far, or no longer knows. */
export function readHash(w: Work, eventSeq: number): Digest | null {
  return eventSeq === 0 ? NIL : (w.s.eventsHashes.get(eventSeq) ?? null)
}

/** After a decision: what lies below the cut. */
export function forgetEvents(w: Work): void {
  const { eventsHashes, chain } = w.s
  for (const seq of eventsHashes.keys()) if (seq < chain.eventSeq) own(w, w.s, 'eventsHashes').delete(seq)
}

/**
 * The height's ledger cut: q(k) = max(q(k−1), the largest q such that members of more than W/3 in the list report ≥ q).
 * One of them is honest, so event q exists.
 */
export function ledgerCut(w: Work, inputs: readonly SignedInput[]): number {
  const { s } = w
  const reports = inputs.flatMap((input) =>
    input.object.type === 'status' ? [{ member: input.member, seq: input.object.eventSeq }] : [],
  )
  let weight = 0
  for (const { member, seq } of reports.sort((a, b) => b.seq - a.seq)) {
    weight += s.config.cluster.members[member]?.weight ?? 0
    if (hasHonest(s.config.cluster, weight)) return Math.max(s.chain.eventSeq, seq)
  }
  return s.chain.eventSeq
}
