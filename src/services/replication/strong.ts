import type { MemberIndex } from '../../types/ids.ts'
import { seatsIn } from '../health/codec.ts'
import { NO_SEAT } from '../placement/codec.ts'
import type { Group } from './group.ts'

const bit = (seat: MemberIndex): bigint => 1n << BigInt(seat)

/**
 * One height of a strong group.
 *
 * - A lease is renewed by the primary's own word under its token, and granted to another when the old one has run out or was
 *   given back.
 * - Members change by one at a time, each time with a new token, and only when the primary serves under the one before: then
 *   any majority of the new members has a member of every majority that has acknowledged something.
 *
 * @param mayReplace asked once when the primary can be replaced: false if this height has replaced enough
 */
export function turnStrong(group: Group, mayReplace: () => boolean): Group {
  const { row, facts } = group
  if (row.members === 0n) return begun(group)
  if (group.isLost) return failedOver(accused(group), mayReplace)
  if (group.word?.standing === 'released') return handedOver(group)
  const renewed = group.word === null || row.successor !== NO_SEAT ? group : extended(group)
  const serving = settled(renewed)
  if (!serving.isSettled || row.successor !== NO_SEAT) return serving
  const changed = reformed(serving)
  if (changed !== null) return changed
  if (facts.copies.get(row.primary)?.phase !== 'leaving') return serving
  const next = serving.next()
  return next === NO_SEAT || next === row.primary ? serving : serving.with({ successor: next })
}

/** The first members: as many as the service has to have, each of them up and with a word. */
function begun(group: Group): Group {
  const { copies, reports, copiesMin, preferred } = group.facts
  const ready = [...copies.keys()].filter((seat) => reports.has(seat) && group.isUp(seat))
  const [first] = ready
  if (first === undefined || ready.length < copiesMin) return group
  const members = ready.reduce((set, seat) => set | bit(seat), 0n)
  return group.granted(ready.includes(preferred) ? preferred : first, { members }).at('steady')
}

function accused(group: Group): Group {
  const { stage, primary } = group.row
  const isKnown = stage === 'classify' || stage === 'isolate'
  return isKnown ? group.at('isolate') : group.with({ failed: primary, successor: NO_SEAT }).at('classify')
}

function failedOver(group: Group, mayReplace: () => boolean): Group {
  if (group.row.stage !== 'isolate' || !group.isFree) return group
  const next = group.next()
  return next === NO_SEAT || !mayReplace() ? group : group.granted(next).at('select')
}

/** The primary has given its lease back. If nobody else can lead, it gets another token. */
function handedOver(group: Group): Group {
  const next = group.next()
  return next === NO_SEAT ? group : group.granted(next)
}

function extended(group: Group): Group {
  const { leaseMs, agreedMs } = group.facts
  return group.with({ leaseEndMs: Math.max(group.row.leaseEndMs, agreedMs + leaseMs) })
}

/** Stages go on as the new primary says how far it is; one that came back before it was replaced was none. */
function settled(group: Group): Group {
  const { stage, sinceMs } = group.row
  const { agreedMs, watchMs } = group.facts
  switch (stage) {
    case 'detect':
    case 'classify':
    case 'isolate':
      return group.with({ failed: NO_SEAT }).at('steady')
    case 'select':
    case 'migrate':
      if (group.isSettled) return group.at('watch')
      return group.word === null ? group : group.at('migrate')
    case 'watch':
      return agreedMs - sinceMs < watchMs ? group : group.with({ failed: NO_SEAT }).at('steady')
    default:
      return group
  }
}

/** Members without the one whose copy is gone, or with the one that has caught up. */
function reformed(group: Group): Group | null {
  const { members, absent, primary } = group.row
  const { copies } = group.facts
  if (absent > 0) return group.granted(primary, { absent: absent - 1 })
  const gone = seatsIn(members, 128).find((seat) => !copies.has(seat))
  if (gone !== undefined) return group.granted(primary, { members: members & ~bit(gone) })
  const ready = [...copies.keys()].find(
    (seat) => !group.has(seat) && group.isUp(seat) && group.isInSync(seat),
  )
  return ready === undefined ? null : group.granted(primary, { members: members | bit(ready) })
}
