import { NIL } from '../types/ids.ts'
import { confirmParts } from './seen.ts'
import type { ShareQuorum } from './state.ts'
import { emptyRound } from './state.ts'
import { shareQuorum, tallyShares } from './votes.ts'
import type { Work } from './work.ts'
import { emit, expired, logEvent, ownRound, parentOf, record, recordEntries } from './work.ts'

/**
 * SHARE. Entered by t4; left by t6 when one (value, validRound) has quorum, none can get it any more, or at
 * `shareTimeout`.
 */
export function tryFinishShare(w: Work): boolean {
  const { s } = w
  const { quorum, shares, confirms } = s.box.rounds.get(s.round) ?? emptyRound()
  const done =
    quorum !== null ||
    confirms.has(s.config.self) || // signed before a restart: that vote stands
    expired(w, 'share') ||
    tallyShares(s.config.cluster, parentOf(w), shares).hopeless
  if (!done) return false
  castConfirm(w, quorum)
  return true
}

/** Looks for a SHARE quorum among the votes heard in a round of the height in work. */
export function noteShareQuorum(w: Work, round: number): void {
  const { s } = w
  const box = s.box.rounds.get(round)
  if (box === undefined || box.quorum !== null) return
  const { winner } = tallyShares(s.config.cluster, parentOf(w), box.shares)
  if (winner !== null) keepQuorum(w, shareQuorum(winner))
}

/** Keeps a round's SHARE quorum, and that of the highest round: what re-proposals rest on. */
export function keepQuorum(w: Work, quorum: ShareQuorum | null): void {
  const { s } = w
  if (quorum === null) return
  ownRound(w, s.box, quorum.round).quorum ??= quorum
  if (s.valid === null || quorum.round > s.valid.round) s.valid = quorum
}

/** t6, then CONFIRM. A value locks: from now on this node votes NIL or for a value that is valid since then. */
function castConfirm(w: Work, quorum: ShareQuorum | null): void {
  const { s } = w
  const stored = s.box.rounds.get(s.round)?.confirms.get(s.config.self)
  const confirmed = stored?.object.value ?? quorum?.value ?? NIL
  logEvent(w, 't6', s.round, confirmed)
  if (confirmed !== NIL) s.lock = { value: confirmed, round: s.round }
  if (stored !== undefined) {
    recordEntries(w)
    emit(w, { kind: 'broadcast', parts: confirmParts(w, stored) })
    return
  }
  record(w, { type: 'confirm', height: s.box.height, round: s.round, value: confirmed }, quorum)
}
