import { hashObject } from '../codec/objects.ts'
import { invariant } from '../types/errors.ts'
import type { Part } from '../types/frames.ts'
import type { Checkpoint, Close, Confirm, Hello, Share, Signed, Status } from '../types/objects.ts'
import { keepCheckpoint, onCheckpointed, onVetted, sendCheckpoints } from './checkpoint.ts'
import { leaving, onCloseSigned, requestClose } from './close.ts'
import { onAggregated, tryFinishDebate } from './debate.ts'
import { measure, tryDecide } from './decide.ts'
import { passDue } from './accuse.ts'
import { askProofs, askWhatWasMissed } from './help.ts'
import type { EngineEffect, EngineInput } from './io.ts'
import { onFence } from './fence.ts'
import { onLedger } from './ledger.ts'
import { onObserved, tryOpen } from './opening.ts'
import { receive } from './receive.ts'
import { resetAfterTimeout } from './reset.ts'
import { helloAttachments, resolveList, tryAnswerHello, tryLeaveRound } from './rounds.ts'
import { confirmParts } from './seen.ts'
import { noteShareQuorum, tryFinishShare } from './share.ts'
import { paperRules } from './paper/rules.ts'
import type { EngineConfig, EngineState } from './state.ts'
import { cloneState } from './state.ts'
import { isOnDemand } from './wish.ts'
import type { Rules, Work } from './work.ts'
import {
  emit,
  expired,
  GROWTH_MAX,
  grown,
  hasOpened,
  isFenced,
  own,
  ownRound,
  RESENDS_PROMPT,
  setTimer,
  workInPlace,
  workOn,
} from './work.ts'

/**
 * The protocol as a function: pure and total. No clock, dice, I/O or async, and no throw on anything a peer sends.
 *
 * @returns the next state, and what must happen, in this order
 */
export function step(
  state: EngineState,
  input: EngineInput,
): { readonly state: EngineState; readonly effects: readonly EngineEffect[] } {
  const w = workOn(cloneState(state))
  run(w, input)
  return { state: w.s, effects: w.effects }
}

/**
 * The same, written into the state: for a driver that needs no older state, and holds this one alone. At 31 members the copies
 * of `step` take a tenth of a node's time. After a throw the state is of no more use.
 */
export function stepInPlace(state: EngineState, input: EngineInput): readonly EngineEffect[] {
  const w = workInPlace(state)
  run(w, input)
  return w.effects
}

function run(w: Work, input: EngineInput): void {
  const rules = rulesOf(w.s.config)
  take(w, rules, input)
  while (rules.advance(w));
}

const BFT: Rules = { receive, onAggregated, onSigned, resend, advance }

function rulesOf({ profile }: EngineConfig): Rules {
  return profile?.kind === 'paper' ? paperRules(profile) : BFT
}

function take(w: Work, rules: Rules, input: EngineInput): void {
  const { s } = w
  switch (input.kind) {
    case 'start':
      s.running = true
      break
    case 'tick':
      s.tick += 1
      if (expired(w, 'measure')) measure(w)
      if (expired(w, 'checkpoint')) sendCheckpoints(w)
      if (expired(w, 'resend')) rules.resend(w)
      passDue(w)
      askWhatWasMissed(w)
      break
    case 'message':
      rules.receive(w, input.from, input.parts)
      break
    case 'observed':
      onObserved(w, input.height, input.state, input.stateHash)
      break
    case 'ledger':
      onLedger(w, input.eventSeq, input.eventsHash)
      break
    case 'aggregated':
      rules.onAggregated(w, input.token, input.result, input.isVerdict === true)
      break
    case 'expired':
      resetAfterTimeout(w, input.token)
      break
    case 'close':
      requestClose(w)
      break
    case 'signed':
      takeSigned(w, rules, input.signed)
      break
    case 'resync':
      if (!hasOpened(w)) s.resync = true // a height in work is a resynchronisation already
      break
    case 'wish':
      s.wished = isOnDemand(s.config)
      break
    case 'vetted':
      onVetted(w, input.height)
      break
    case 'fence':
      onFence(w, input.upTo)
      break
    case 'checkpointed':
      onCheckpointed(w, input.height)
      break
  }
}

function advance(w: Work): boolean {
  if (tryDecide(w)) return true
  if (isFenced(w)) return false
  if (tryOpen(w) || tryLeaveRound(w)) return true
  if (!hasOpened(w)) return false
  if (w.s.log.status === 'DEBATE') return tryFinishDebate(w) || tryAnswerHello(w)
  if (w.s.log.status === 'SHARE') return tryFinishShare(w)
  return false
}

function takeSigned(w: Work, rules: Rules, signed: Signed): void {
  const { cluster, self } = w.s.config
  invariant(signed.member === self, 'a signature that is not ours came back from the store')
  invariant(
    hashObject(cluster.id, signed.object) === signed.hash,
    'the store returned an object with a foreign hash',
  )
  rules.onSigned(w, signed)
}

/** An own object is durable: count it and send it. */
function onSigned(w: Work, signed: Signed): void {
  const { s } = w
  const { object } = signed
  if (object.type === 'checkpoint') {
    keepCheckpoint(w, signed as Signed<Checkpoint>, null)
    sendCheckpoints(w)
    return
  }
  if (object.type === 'close') {
    onCloseSigned(w, signed as Signed<Close>)
    return
  }
  if (object.height !== s.box.height) return
  const part: Part = { kind: 'object', signed }
  switch (object.type) {
    case 'status':
      own(w, s.box, 'inputs').set(signed.member, signed as Signed<Status>)
      setTimer(w, 'debate', s.config.debateTicks)
      setTimer(w, 'resend', s.config.debateTicks + s.config.shareTicks)
      s.resentAt = s.tick
      emit(w, { kind: 'broadcast', parts: statusParts(w) })
      return
    case 'hello':
      putOff(w)
      ownRound(w, s.box, object.round).hello = signed as Signed<Hello>
      resolveList(w, object, [])
      emit(w, {
        kind: 'broadcast',
        parts: [
          part,
          ...helloAttachments(w, object).map((attached): Part => ({ kind: 'object', signed: attached })),
        ],
      })
      return
    case 'share':
      own(w, ownRound(w, s.box, object.round), 'shares').set(signed.member, signed as Signed<Share>)
      noteShareQuorum(w, object.round)
      setTimer(w, 'share', grown(w, s.config.shareTicks))
      putOff(w)
      break
    case 'confirm':
      putOff(w)
      own(w, ownRound(w, s.box, object.round), 'confirms').set(signed.member, signed as Signed<Confirm>)
      emit(w, { kind: 'broadcast', parts: confirmParts(w, signed as Signed<Confirm>) })
      return
  }
  emit(w, { kind: 'broadcast', parts: [part] })
}

/** The frame that opens a height: HELLO flag, STATUS and its body. */
function statusParts(w: Work): Part[] {
  const { s } = w
  const own = s.box.inputs.get(s.config.self)
  if (own?.object.type !== 'status') return []
  const bytes = s.bodies.get(own.object.stateHash)
  return [
    { kind: 'ask', height: s.box.height, ...(s.isWishing ? { wish: true } : {}) },
    { kind: 'object', signed: own },
    ...(bytes === undefined ? [] : [{ kind: 'body', hash: own.object.stateHash, bytes } as const]),
  ]
}

/** Longest time between two resends of a node that goes on, in SHARE time-outs of its round. */
const PUT_OFF_PHASES = 4

/**
 * A node that has something new to send goes on: who lacks an earlier object of it learns of that by the new one, or is stuck
 * and resends itself. So the resend waits for one more SHARE time-out, but not for ever: rounds may go on in vain.
 */
function putOff(w: Work): void {
  const { s } = w
  const due = s.timers.get('resend')
  if (due === undefined) return
  const phase = grown(w, s.config.shareTicks)
  const latest = Math.min(s.tick + phase, s.resentAt + PUT_OFF_PHASES * phase)
  if (latest > due) setTimer(w, 'resend', latest - s.tick)
}

/**
 * An undecided height: own STATUS and own objects of the last two rounds, again. While nothing new is heard the pause
 * comes to double each time, so that a cluster that cannot go on falls almost silent.
 */
function resend(w: Work): void {
  const { s } = w
  const doubled = 2 ** Math.min(Math.max(s.resends - RESENDS_PROMPT + 1, 0), 5)
  const pause = s.config.shareTicks * Math.min(doubled, GROWTH_MAX)
  setTimer(w, 'resend', Math.max(pause, grown(w, s.config.shareTicks)))
  s.resentAt = s.tick
  s.resends += 1
  askProofs(w)
  const parts: Part[] = statusParts(w)
  for (const signed of leaving(w)) if (signed.member === s.config.self) parts.push({ kind: 'object', signed })
  for (const round of [s.round - 1, s.round]) {
    const box = s.box.rounds.get(round)
    if (box === undefined) continue
    const { self } = s.config
    const own: (Signed | undefined)[] = [box.shares.get(self)]
    if (box.hello?.member === self) {
      own.unshift(box.hello)
      own.push(...helloAttachments(w, box.hello.object))
    }
    for (const signed of own) if (signed !== undefined) parts.push({ kind: 'object', signed })
    const confirm = box.confirms.get(self)
    if (confirm !== undefined) parts.push(...confirmParts(w, confirm))
  }
  if (parts.length > 0) emit(w, { kind: 'broadcast', parts })
}
