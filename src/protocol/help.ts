import type { Part } from '../types/frames.ts'
import { GET_MAX } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { Signed } from '../types/objects.ts'
import { objectsOf } from './accuse.ts'
import { FEW, fromSeat, groupBeside, groupsBeside } from './few.ts'
import { admission } from './votes.ts'
import type { EngineState } from './state.ts'
import type { Work } from './work.ts'
import { emit, isFenced, own } from './work.ts'

/** Bodies and objects that a member gets on request within `shareTicks`: enough for a page of decided heights. */
const ANSWERS_MAX = 512
/** Between two questions what was missed, of two members, in share time-outs. */
const ASK_PHASES = 5
/** Own objects that a member is shown at a time. */
const HELD_MAX = 128
/** What a page of decided heights counts for among them. */
const PAGE_COST = 32

/**
 * Nobody is left behind: a vote of a round that we have left is answered with the certificate that ended it, a vote of
 * a decided height with that height. At most one answer per member and `shareTicks`, duplicates included, and a few members
 * answer at a time: whose turn it is changes with each occasion.
 */
export function help(
  w: Work,
  member: MemberIndex,
  what: 'serve-heights' | 'serve-admission' | 'ask-heights',
  height = w.s.box.height,
): void {
  const { s } = w
  const { tick = -Infinity, times = 0 } = s.helped.get(member) ?? {}
  if (s.tick - tick < s.config.shareTicks) return
  own(w, s, 'helped').set(member, { tick: s.tick, times: times + 1 })
  const { cluster, self } = s.config
  const isTurn = times % groupsBeside(cluster) === groupBeside(cluster, self, member)
  if (what !== 'ask-heights' && !isTurn) return
  switch (what) {
    case 'serve-heights':
      emit(w, { kind: 'serveHeights', to: member, fromHeight: Math.max(height, 1) })
      break
    case 'ask-heights':
      emit(w, { kind: 'send', to: member, parts: [{ kind: 'sync', fromHeight: s.box.height }] })
      break
    case 'serve-admission': {
      const certificate = admission(s.box, s.round)
      if (certificate !== null) {
        emit(w, { kind: 'send', to: member, parts: [{ kind: 'roundCertificate', certificate }] })
      }
      break
    }
  }
}

/**
 * Who sees CONFIRM(value) without the SHAREs behind it asks signers: a convener that does not know the latest lock would
 * propose what its holder must refuse. Of each value a few signers are asked within `shareTicks`, then others, then all again.
 */
export function askProofs(w: Work): void {
  const { s } = w
  for (const [value, holders] of proofHolders(w)) {
    const known = s.proofs.get(value)
    const isOver = known === undefined || s.tick - known.since >= s.config.shareTicks
    const asked = known?.asked ?? []
    const fresh = holders.filter((member) => !asked.includes(member))
    const isAgain = isOver && fresh.length === 0
    const room = FEW - (isOver ? 0 : known.inWindow)
    const chosen = (isAgain ? holders : fresh).slice(0, room)
    if (chosen.length === 0) continue
    own(w, s, 'proofs').set(value, {
      since: isOver ? s.tick : known.since,
      inWindow: FEW - room + chosen.length,
      asked: [...(isAgain ? [] : asked), ...chosen],
    })
    for (const to of chosen) emit(w, { kind: 'send', to, parts: [{ kind: 'get', hashes: [value] }] })
  }
}

/** Others that have confirmed a value of which no SHARE quorum is here, by the value of their latest such CONFIRM. */
function proofHolders({ s }: Work): Map<Digest, MemberIndex[]> {
  const { cluster, self } = s.config
  const latest = new Map<MemberIndex, Digest>()
  const rounds = [...s.box.rounds].filter(([round]) => round <= s.round && round > (s.valid?.round ?? -1))
  for (const [, { confirms }] of rounds.sort(([a], [b]) => b - a)) {
    for (const { member, object } of confirms.values())
      if (object.value !== NIL && member !== self && !latest.has(member)) latest.set(member, object.value)
  }
  const holders = new Map<Digest, MemberIndex[]>()
  for (const member of fromSeat(cluster, [...latest.keys()], self)) {
    const value = latest.get(member) ?? NIL
    holders.set(value, [...(holders.get(value) ?? []), member])
  }
  return holders
}

/**
 * A member that takes no part, as after a restart or a reset, may have missed a decision; one that is behind the chain has:
 * asks the others, one at a time. Nobody sends the votes of the last height again to who has left.
 */
export function askWhatWasMissed(w: Work): void {
  const { tick, log, box, config, backoffUntil, anchoredHeight } = w.s
  const isListening = log.status === 'INITIAL' || tick < backoffUntil || isFenced(w)
  if (config.profile?.kind === 'paper' || (!isListening && box.height > anchoredHeight)) return
  const period = ASK_PHASES * config.shareTicks
  if (box.height > config.heights || tick % period !== 1) return
  const others = config.cluster.members.filter(({ index }) => index !== config.self)
  const next = others[Math.floor(tick / period) % others.length]
  if (next !== undefined)
    emit(w, { kind: 'send', to: next.index, parts: [{ kind: 'sync', fromHeight: box.height }] })
}

/** What this node holds that a member signed, the newest last: most of it in the heights that are kept whole. */
export function heldOf({ box, last, older, next, checkpoints }: EngineState, member: MemberIndex): Signed[] {
  const held = [older, last, box, next].flatMap((height) => (height === null ? [] : [...objectsOf(height)]))
  const anchoring = [...checkpoints.values()].flatMap(({ signed }) => [...signed.values()])
  return [...anchoring, ...held].filter((signed) => signed.member === member).slice(-HELD_MAX)
}

/** Whether a member may get `count` more things on request. */
function mayAnswer(w: Work, member: MemberIndex, count: number): boolean {
  const { tick, config, answered } = w.s
  const window = answered.get(member)
  const { since, count: before } =
    window === undefined || tick - window.since >= config.shareTicks ? { since: tick, count: 0 } : window
  if (before + count > ANSWERS_MAX) {
    emit(w, { kind: 'ignored', from: member, code: 'over-quota' })
    return false
  }
  own(w, w.s, 'answered').set(member, { since, count: before + count })
  return true
}

/**
 * What third members signed in the last two, the running and the next height, by hashStruct, which may be the same for
 * several of them.
 */
function heldObjects(w: Work, from: MemberIndex, hashes: ReadonlySet<Digest>): Signed[] {
  const { box, last, older, next, config } = w.s
  return [box, last, older, next].flatMap((held) =>
    held === null
      ? []
      : [...objectsOf(held)].filter(
          ({ hash, member }) => hashes.has(hash) && member !== from && member !== config.self,
        ),
  )
}

/** Answers a request. All of them are reads: allowed in every status, outside the mutex. */
export function serveAsk(
  w: Work,
  from: MemberIndex,
  part: Extract<Part, { kind: 'ask' | 'get' | 'sync' }>,
): void {
  const { s } = w
  switch (part.kind) {
    case 'sync':
      if (part.fromHeight <= s.chain.height && mayAnswer(w, from, PAGE_COST)) {
        emit(w, { kind: 'serveHeights', to: from, fromHeight: Math.max(part.fromHeight, 1) })
      }
      break
    case 'ask': {
      const own = [s.box, s.last].find((box) => box?.height === part.height)?.inputs.get(s.config.self)
      if (own?.object.type !== 'status' || !mayAnswer(w, from, 1)) break
      const body = s.bodies.get(own.object.stateHash)
      emit(w, {
        kind: 'send',
        to: from,
        parts: [
          { kind: 'object', signed: own },
          ...(body === undefined ? [] : [{ kind: 'body', hash: own.object.stateHash, bytes: body } as const]),
        ],
      })
      break
    }
    case 'get': {
      const hashes = [...new Set(part.hashes)].slice(0, GET_MAX)
      if (!mayAnswer(w, from, hashes.length)) break
      const objects = heldObjects(w, from, new Set(hashes))
      if (objects.length > 0 && mayAnswer(w, from, objects.length)) {
        emit(w, {
          kind: 'send',
          to: from,
          parts: objects.map((signed) => ({ kind: 'object', signed }) as const),
        })
      }
      const found = new Set(objects.map(({ hash }) => hash))
      const rest = hashes.filter((hash) => !found.has(hash) && !s.bodies.has(hash) && s.valid?.value !== hash)
      const bodies = hashes.flatMap((hash) => {
        const bytes = s.bodies.get(hash)
        return bytes === undefined ? [] : [{ kind: 'body', hash, bytes } as const]
      })
      if (bodies.length > 0) emit(w, { kind: 'send', to: from, parts: bodies })
      if (s.valid !== null && hashes.includes(s.valid.value)) {
        const parts = s.valid.shares.map((signed) => ({ kind: 'object', signed }) as const)
        emit(w, { kind: 'send', to: from, parts })
      }
      if (rest.length > 0) emit(w, { kind: 'serveBodies', to: from, hashes: rest })
      break
    }
  }
}
