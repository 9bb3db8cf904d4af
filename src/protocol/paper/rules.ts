import type { Close, Share, Signed, Status } from '../../types/objects.ts'
import { onCloseSigned } from '../close.ts'
import { tryOpen } from '../opening.ts'
import type { Rules, Work } from '../work.ts'
import { emit, hasOpened, own, ownRound, setTimer } from '../work.ts'
import { helloParts, shareParts } from './frames.ts'
import { onAggregated, tryFinishDebate, tryFinishShare } from './phases.ts'
import type { PaperProfile } from './profile.ts'
import { receive } from './receive.ts'

/** The engine's rules in profile `paper` (docs/paper-profile.md). */
export function paperRules(profile: PaperProfile): Rules {
  return { receive, onAggregated, onSigned, resend, advance: (w) => advance(w, profile) }
}

function advance(w: Work, profile: PaperProfile): boolean {
  if (tryOpen(w)) return true
  if (!hasOpened(w)) return false
  if (w.s.log.status === 'DEBATE') return tryFinishDebate(w)
  if (w.s.log.status === 'SHARE') return tryFinishShare(w, profile)
  return false
}

/** An own object is durable: count it and send it. */
function onSigned(w: Work, signed: Signed): void {
  const { s } = w
  const { object } = signed
  switch (object.type) {
    case 'status':
      if (object.height !== s.box.height) return
      own(w, s.box, 'inputs').set(signed.member, signed as Signed<Status>)
      setTimer(w, 'debate', s.config.debateTicks)
      emit(w, { kind: 'broadcast', parts: helloParts(w) })
      return
    case 'share':
      if (object.height !== s.box.height) return
      own(w, ownRound(w, s.box, 0), 'shares').set(signed.member, signed as Signed<Share>)
      setTimer(w, 'share', s.config.shareTicks)
      emit(w, { kind: 'broadcast', parts: shareParts(w, s.box) })
      return
    case 'close':
      onCloseSigned(w, signed as Signed<Close>)
      return
    case 'hello':
    case 'confirm':
    case 'checkpoint':
  }
}

/** After a reset within a height: what the others may have missed, once. */
function resend(w: Work): void {
  own(w, w.s, 'timers').delete('resend')
  emit(w, { kind: 'broadcast', parts: [...helloParts(w), ...shareParts(w, w.s.box)] })
}
