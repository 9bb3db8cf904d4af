import { fromHex, toHex } from '../../codec/hex.ts'
import { weightedLowerMedian } from '../../reducers/agreed-time.ts'
import { struct, u8 } from '../../reducers/fixed-width.ts'
import type { Field } from '../../reducers/fixed-width.ts'
import type { Input } from '../../reducers/reducer.ts'
import { invariant } from '../../types/errors.ts'
import type { Digest } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { LedgerEvent } from '../../types/ledger.ts'
import { oneOf, u16 } from '../fields.ts'
import type { FoldContext, Slice } from '../slice.ts'
import { tablesCodec } from '../tables.ts'

/**
 * - `steady`: the present model decides; none other is looked at
 * - `shadow`: another one scores beside it, and decides nothing
 * - `trial`: the other one has taken its place, and is watched
 * - `stopped`: nothing changes until the ledger says so
 */
export const STAGES = ['steady', 'shadow', 'trial', 'stopped'] as const
export type Stage = (typeof STAGES)[number]

/** Which model is in force, by hash. Whoever uses one takes no bytes of another hash. */
export interface ModelsState {
  readonly current: Digest
  /** In `shadow`; NIL otherwise. */
  readonly shadow: Digest
  /** What `current` replaced, in `trial`; NIL otherwise. */
  readonly before: Digest
  readonly stage: Stage
  /** Heights of this stage with figures that count. */
  readonly heights: number
  /** Of those, in a row, that speak for a change. */
  readonly streak: number
  /** Agreed error that later ones are compared with, ‰; 1,000 before there was a model. */
  readonly baseline: number
  /** Changes since the ledger has last said that the loop may run; saturates. */
  readonly changes: number
  /** The error has drifted: a new model is asked for. */
  readonly isWanted: 'no' | 'yes'
}

/** What a member measured over its own labelled cases. NIL: none. */
export interface ModelsObservation {
  readonly current: Digest
  readonly currentError: number
  readonly shadow: Digest
  readonly shadowError: number
}

export interface ModelsPolicy {
  /** By how much an error has to be better, or worse, ‰. */
  readonly margin: number
  /** Heights in a row that a change takes, and heights of a trial. */
  readonly streak: number
  readonly trial: number
  /** Changes after which the loop stops by itself. */
  readonly changesMax: number
}

const digest: Field<Digest> = {
  bytes: 32,
  put(view, at, value) {
    const bytes = fromHex(value)
    invariant(bytes.length === 32, `${value} is no digest`)
    new Uint8Array(view.buffer, view.byteOffset + at, 32).set(bytes)
  },
  get: (view, at) => toHex(new Uint8Array(view.buffer, view.byteOffset + at, 32)),
}

export const modelsPolicy = struct<ModelsPolicy>({ margin: u16, streak: u8, trial: u8, changesMax: u8 })

export function isModelsPolicy({ margin, streak, trial, changesMax }: ModelsPolicy): boolean {
  return margin >= 1 && streak >= 1 && trial >= streak && changesMax >= 1
}

/** A member that has measured no model. */
export const NO_MODELS: ModelsObservation = { current: NIL, currentError: 0, shadow: NIL, shadowError: 0 }

/** First byte of the events that are meant for this slice. */
const TAGS = { propose: 0x20, resume: 0x21 } as const

/** A model of this hash may score beside the present one. */
export function encodeProposal(hash: Digest): Uint8Array {
  return Uint8Array.of(TAGS.propose, ...fromHex(hash))
}

/** The loop may run again. */
export function encodeResume(): Uint8Array {
  return Uint8Array.of(TAGS.resume)
}

/**
 * Which model is in force: the loop of shadow scoring, promotion, rollback and drift, without a person.
 *
 * - A model comes by a ledger event, by its hash. In its shadow time it decides nothing.
 * - It is promoted after `streak` heights in a row in which its agreed error is lower than the present one's by `margin`. In
 *   the `trial` heights afterwards as many bad ones in a row bring the one before back.
 * - Errors are weighted lower medians over members that measured that very hash, and count only while these weigh more than
 *   twice what liars can.
 * - The loop stops after `changesMax` changes, and after a rollback, until the ledger resumes it.
 */
export const models: Slice<ModelsState, ModelsObservation, ModelsPolicy> = {
  state: tablesCodec<ModelsState, object>(
    struct<ModelsState>({
      ...{ current: digest, shadow: digest, before: digest, stage: oneOf(STAGES) },
      ...{ heights: u8, streak: u8, baseline: u16, changes: u8, isWanted: oneOf(['no', 'yes']) },
    }),
    {},
  ),
  observation: tablesCodec<ModelsObservation, object>(
    struct<ModelsObservation>({ current: digest, currentError: u16, shadow: digest, shadowError: u16 }),
    {},
    ({ currentError, shadowError }) => currentError <= 1000 && shadowError <= 1000,
  ),
  empty: {
    ...{ current: NIL, shadow: NIL, before: NIL, stage: 'steady' },
    ...{ heights: 0, streak: 0, baseline: 1000, changes: 0, isWanted: 'no' },
  },

  fold(previous, observations, context, policy) {
    const state = context.news.reduce(ordered, previous)
    const current = errorOf(state.current, observations, context, ['current', 'currentError'])
    const shadow = errorOf(state.shadow, observations, context, ['shadow', 'shadowError'])
    switch (state.stage) {
      case 'stopped':
        return state
      case 'steady':
        return watched(state, current, policy)
      case 'shadow':
        return compared(state, state.current === NIL ? 1000 : current, shadow, policy)
      case 'trial':
        return tried(state, current, policy)
    }
  },

  reseat: (state) => state,
}

function ordered(state: ModelsState, { kind, data }: LedgerEvent): ModelsState {
  if (kind !== 'posted') return state
  if (data[0] === TAGS.resume && data.length === 1)
    return { ...state, stage: state.stage === 'stopped' ? 'steady' : state.stage, changes: 0 }
  if (data[0] !== TAGS.propose || data.length !== 33) return state
  const hash = toHex(data.subarray(1))
  const isOpen = state.stage === 'steady' || state.stage === 'shadow'
  if (!isOpen || hash === state.current || hash === state.shadow || hash === NIL) return state
  return { ...state, stage: 'shadow', shadow: hash, heights: 0, streak: 0 }
}

function errorOf(
  hash: Digest,
  observations: readonly Input<ModelsObservation>[],
  { members, faultWeight }: FoldContext,
  [name, error]: readonly ['current', 'currentError'] | readonly ['shadow', 'shadowError'],
): number | null {
  const said = observations
    .filter(({ state }) => hash !== NIL && state[name] === hash)
    .map(({ member, state }) => ({ value: state[error], weight: members[member]?.weight ?? 0 }))
  const weight = said.reduce((sum, one) => sum + one.weight, 0)
  return weight > 2 * faultWeight ? weightedLowerMedian(said) : null
}

const after = (count: number): number => Math.min(255, count + 1)

function watched(state: ModelsState, error: number | null, { margin, streak }: ModelsPolicy): ModelsState {
  if (error === null) return state
  const row = error > state.baseline + margin ? after(state.streak) : 0
  return { ...state, streak: row, isWanted: row >= streak ? 'yes' : state.isWanted }
}

function compared(
  state: ModelsState,
  current: number | null,
  shadow: number | null,
  { margin, streak }: ModelsPolicy,
): ModelsState {
  if (current === null || shadow === null) return state
  const row = shadow + margin <= current ? after(state.streak) : 0
  if (row < streak) return { ...state, heights: after(state.heights), streak: row }
  return {
    ...{ current: state.shadow, shadow: NIL, before: state.current, stage: 'trial' },
    ...{ heights: 0, streak: 0, baseline: current, changes: after(state.changes), isWanted: 'no' },
  }
}

function tried(state: ModelsState, error: number | null, policy: ModelsPolicy): ModelsState {
  if (error === null) return state
  const row = error >= state.baseline ? after(state.streak) : 0
  const heights = after(state.heights)
  if (row >= policy.streak) {
    // back to the one before, and no further model without a person
    return { ...state, current: state.before, before: NIL, stage: 'stopped', heights: 0, streak: 0 }
  }
  if (heights < policy.trial) return { ...state, heights, streak: row }
  const stage = state.changes >= policy.changesMax ? 'stopped' : 'steady'
  return { ...state, before: NIL, stage, heights: 0, streak: 0, baseline: error }
}
