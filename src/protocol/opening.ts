import type { Digest } from '../types/ids.ts'
import { hasLeft, leaving } from './close.ts'
import { hasHonest, weightOf } from './quorum.ts'
import { asynchronousDue, asynchronousPhase, slotOwner } from './schedule.ts'
import type { HeightBox } from './state.ts'
import { KEPT_NOTHING } from './state.ts'
import { isWishedFor } from './wish.ts'
import type { Work } from './work.ts'
import { emit, grown, hasOpened, logEvent, own, parentOf, record, recordEntries, setTimer } from './work.ts'

/**
 * Opens the height in work if there is a reason (docs/protocol.md, "Opening"): height 1; the resynchronisation schedule
 * says so; a ledger event above the last cut; a member's CLOSE; a member with something to say, in tasks on demand; members of
 * more than a third have opened, in profile `paper` any member; or this node itself has, before a restart.
 * A node that is merely behind catches up instead.
 */
export function tryOpen(w: Work): boolean {
  const { s } = w
  const { self } = s.config
  if (!s.running || hasOpened(w) || s.observing || s.adoption !== null) return false
  if (s.tick < s.backoffUntil || hasLeft(w, self)) return false
  if (s.box.height > s.config.heights) return false
  const isByDue = isDue(w)
  const isByWish = !isByDue && isWishedFor(w)
  if (!isByDue && !isByWish && !isOpenElsewhere(w)) return false
  s.isByWish = isByWish
  s.resync = false
  s.isWishing = s.wished
  s.wished = false
  if (s.box.inputs.has(self) || s.closes.has(self)) {
    // a restart or reset within this height, or a leaver: what stands in the list is signed already and is sent again
    s.anchorTick = s.tick
    logEvent(w, s.log.status === 'INITIAL' ? 't1' : 't3', s.round, s.chain.value)
    recordEntries(w)
    if (s.round === 0) setTimer(w, 'debate', s.config.debateTicks)
    else setTimer(w, 'hello', grown(w, s.config.helloTicks))
    setTimer(w, 'resend', 1)
    return true
  }
  s.observing = true
  emit(w, { kind: 'observe', height: s.box.height })
  return true
}

/** The state source answered: enter DEBATE and sign the one STATUS of this height. */
export function onObserved(w: Work, height: number, state: Uint8Array, stateHash: Digest): void {
  const { s } = w
  if (height !== s.box.height || !s.observing || hasOpened(w) || height <= s.fence) return
  s.observing = false
  s.anchorTick = s.tick
  own(w, s, 'bodies').set(stateHash, state)
  logEvent(w, s.log.status === 'INITIAL' ? 't1' : 't3', 0, s.chain.value)
  const status = { type: 'status', height, parent: parentOf(w), stateHash, eventSeq: s.ledgerSeq } as const
  record(w, status, null, { ...KEPT_NOTHING, bodies: new Map([[stateHash, state]]) })
}

function isDue(w: Work): boolean {
  const { s } = w
  if (s.box.height === 1 || s.ledgerSeq > s.chain.eventSeq) return true
  if (s.box.inputs.has(s.config.self) || leaving(w).length > 0) return true
  return isScheduled(w, openers(s.box))
}

/** Members of more than a third, one of whom is honest, have opened; in profile `paper` any member. */
function isOpenElsewhere({ s }: Work): boolean {
  const opened = openers(s.box)
  const { cluster, profile } = s.config
  return hasHonest(cluster, weightOf(cluster, opened)) || (profile?.kind === 'paper' && opened.size > 0)
}

/** Mandatory resynchronisation (paper, section 5): is it our time, or that of a member who has opened? */
function isScheduled(w: Work, opened: ReadonlySet<number>): boolean {
  const { config, anchorTick, tick, resync } = w.s
  switch (config.schedule ?? 'slots') {
    case 'slots':
      return slotOwners(w).some((owner) => owner === config.self || opened.has(owner))
    case 'asynchronous': {
      const period = config.slotTicks * config.order.length
      return asynchronousDue(asynchronousPhase(config.cluster, config.self, period), period, anchorTick, tick)
    }
    case 'external':
      return resync
  }
}

/** Members who showed that they opened a height. */
export function openers(box: HeightBox): Set<number> {
  const members = new Set(box.inputs.keys())
  for (const round of box.rounds.values()) {
    for (const member of [...round.shares.keys(), ...round.confirms.keys()]) members.add(member)
  }
  return members
}

/**
 * Owners of the present slot. Slots are counted from the opening of the height before, which honest members share up
 * to a delay; the owner of the next slot is already heard a quarter of a slot early.
 */
function slotOwners(w: Work): number[] {
  const { config, tick, anchorTick, chain } = w.s
  const period = config.slotTicks * config.order.length
  const elapsed = tick - anchorTick
  if (elapsed + config.slotTicks / 4 < config.slotTicks) return []
  // slots go on where the schedule stood at the height before, so that ownership rotates with the heights
  const at = (ticks: number): number =>
    slotOwner(config.order, period, ticks + chain.height * config.slotTicks)
  const owners = elapsed < config.slotTicks ? [] : [at(elapsed)]
  const early = at(elapsed + Math.floor(config.slotTicks / 4))
  return early === config.self || owners.includes(early) ? owners : [...owners, early]
}
