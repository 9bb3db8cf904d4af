import type { EngineState, HeightBox, RoundBox, TimerName } from '../../src/protocol/state.ts'
import { emptyBox } from '../../src/protocol/state.ts'
import { invariant } from '../../src/types/errors.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Names } from './names.ts'
import { PENDING_TICKS } from './world.ts'

/** Fields of an engine's state that make up its canonical text. */
const SHOWN = 'box round convened pending lock valid adoption timers log'.split(' ')
/** Fields that change, but decide nothing within one height (docs/model.md says why). */
const DROPPED = (
  'tick unrecorded ownValue tokens anchorTick helped answered heard vain epoch reported ' +
  'proofs passing checkpointsSent resentAt'
).split(' ')

/** The engine state with everything dropped that decides nothing, and the clock at 0. */
export function normalise(state: EngineState, first: EngineState): EngineState {
  return {
    ...state,
    tick: 0,
    timers: timersOf(state),
    log: { ...first.log, status: state.log.status, round: state.log.round, seq: Math.min(state.log.seq, 1) },
    pending: state.pending === null ? null : { ...state.pending, token: 1 },
    tokens: state.pending === null ? 0 : 1,
    unrecorded: [],
    ownValue: NIL,
    anchorTick: 0,
    helped: new Map(),
    answered: new Map(),
    heard: new Set(),
    vain: new Map(),
    epoch: first.epoch,
    reported: new Map(),
    proofs: new Map(),
    passing: new Map(),
    checkpointsSent: 0,
    resentAt: 0,
  }
}

/** Deadlines that somebody still looks at: passed ones are 0. */
function timersOf(state: EngineState): Map<TimerName, number> {
  const { status } = state.log
  const debating = status === 'DEBATE' && state.pending === null
  const awaited: (TimerName | false)[] = [
    debating && state.round === 0 && 'debate',
    debating && state.round > 0 && 'hello',
    status === 'SHARE' && 'share',
    state.adoption === null && 'confirm',
  ]
  return new Map(
    awaited.flatMap((name) => {
      const deadline = name === false ? undefined : state.timers.get(name)
      if (name === false || deadline === undefined) return []
      return [[name, deadline <= state.tick ? 0 : PENDING_TICKS] as const]
    }),
  )
}

/** Throws if a field that the canonical text takes for fixed, as it does all others, did change. */
export function checkFixed(state: EngineState, first: EngineState): void {
  for (const [field, value] of Object.entries(state) as [keyof EngineState, unknown][]) {
    if (SHOWN.includes(field) || DROPPED.includes(field)) continue
    const before = first[field]
    const same =
      field === 'next'
        ? isEmpty(state.next)
        : value instanceof Map && before instanceof Map
          ? value.size === before.size
          : value === before
    invariant(same, `"${field}" changes within the model, but is taken for fixed`)
  }
}

function isEmpty(box: HeightBox): boolean {
  return box.inputs.size + box.rounds.size + box.equivocators.size === 0
}

/**
 * Leaves a node only what it cannot be told again: where it stands, what it signed, its lock, a running aggregation, a
 * commit certificate seen, and the lists behind its own votes.
 */
export function forget(state: EngineState): EngineState {
  const { self } = state.config
  const own = state.box.inputs.get(self)
  const rounds = new Map<number, RoundBox>()
  for (const [round, heard] of state.box.rounds) {
    const kept = forgetRound(state, round, heard)
    if (kept !== null) rounds.set(round, kept)
  }
  const { adoption } = state
  const timers = new Map(state.timers)
  timers.delete('confirm')
  return {
    ...state,
    box: {
      ...emptyBox(state.box.height),
      inputs: new Map(own === undefined ? [] : [[self, own]]),
      rounds,
    },
    timers,
    valid: null,
    adoption: adoption === null ? null : { ...adoption, share: null, inputs: null },
  }
}

function forgetRound(state: EngineState, round: number, heard: RoundBox): RoundBox | null {
  const { self } = state.config
  const share = heard.shares.get(self)
  const confirm = heard.confirms.get(self)
  const pending = state.pending?.round === round
  const hello = pending || heard.hello?.member === self ? heard.hello : null
  const fresh = share !== undefined && share.object.inputs !== 0n && share.object.validRound < 0
  // the list of round 0 is the node's own work; later ones come with a HELLO, again if need be
  const mine = round === 0 || fresh || hello !== null || pending
  const list = mine ? heard.list : null
  if (share === undefined && confirm === undefined && hello === null && list === null) return null
  return {
    hello,
    list,
    quorum: null,
    shares: new Map(share === undefined ? [] : [[self, share]]),
    confirms: new Map(confirm === undefined ? [] : [[self, confirm]]),
  }
}

/** A normalised state as text; equal texts mean the same future. Names no one but other members. */
export function textOf(state: EngineState, names: Names): string {
  const { self } = state.config
  const who = (member: number): string => (member === self ? 'me' : `${member}`)
  const held = (map: ReadonlyMap<number, Parameters<Names['ofObject']>[0]>): string =>
    [...map]
      .sort(([a], [b]) => a - b)
      .map(([member, signed]) => `${who(member)}:${names.ofObject(signed)}`)
      .join(',')
  const { box, lock, valid, pending, adoption, log } = state
  const rounds = [...box.rounds]
    .sort(([a], [b]) => a - b)
    .map(([round, { hello, list, quorum, shares, confirms }]) =>
      [
        round,
        hello === null ? '' : `${who(hello.member)}:${names.ofObject(hello)}`,
        list === null ? '' : names.ofRoot(list.inputsRoot),
        quorum === null ? '' : `${names.ofValue(quorum.value)}${quorum.shares[0]?.object.validRound ?? ''}`,
        held(shares),
        held(confirms),
      ].join(';'),
    )
  return [
    `${log.status}${log.round}/${state.round}`,
    held(box.inputs),
    rounds.join('|'),
    [...box.equivocators].sort((a, b) => a - b).join(','),
    lock === null ? '' : `lock ${names.ofValue(lock.value)}@${lock.round}`,
    valid === null ? '' : `valid ${names.ofValue(valid.value)}@${valid.round}`,
    pending === null ? '' : `pending ${names.ofRoot(pending.inputsRoot)}@${pending.round}`,
    adoption === null
      ? ''
      : `adopts ${names.ofValue(adoption.value)} ${adoption.inputs === null ? '' : 'all'}`,
    [...state.timers].map(([name, at]) => `${name}${at === 0 ? '!' : ''}`).join(','),
    `convened ${state.convened}`,
  ].join(' ; ')
}
