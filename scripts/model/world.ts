import { bitmapOf } from '../../src/codec/bitmap.ts'
import { keccak } from '../../src/codec/hex.ts'
import { inputsRoot, NOTHING, valueHash } from '../../src/codec/objects.ts'
import { rootStart } from '../../src/codec/roots.ts'
import type { Content, EngineConfig } from '../../src/protocol/state.ts'
import { invariant } from '../../src/types/errors.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Digest, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { ProtocolObject, Share, Signed, SignedInput, Status } from '../../src/types/objects.ts'
import { aggregateOf, makeCluster, signAs } from '../../test/helpers/engine-cluster.ts'

/** Rounds in which votes are explored: 0 and 1. */
export const ROUNDS = 2
export const MEMBERS: readonly MemberIndex[] = [0, 1, 2, 3]
/** Convener of (height 1, round 1) in the order 0, 1, 2, 3. */
export const CONVENER: MemberIndex = 2
/** A time-out that has not come; every other deadline is 0, and the clock always stands at 0. */
export const PENDING_TICKS = 1_000_000

export type ValueName = 'A' | 'B' | 'C'

/** What is explored: who lies, over which values, and with which lies. */
export interface Scope {
  readonly liar: MemberIndex
  /** A and B list everybody, with one of the liar's two STATUS each; C lists the honest. */
  readonly values: readonly ValueName[]
  /** Whether the liar, as convener, signs HELLOs. */
  readonly helloLies: boolean
}

/** The convener of round 1 lies, or another member does: the other seats differ in nothing. */
const LIARS: readonly MemberIndex[] = [CONVENER, 3]

const scopes = (...values: ValueName[]): Scope[] => LIARS.map((liar) => ({ liar, values, helloLies: true }))

/** The model: two values. A minute or two. */
export const SCOPES: readonly Scope[] = scopes('A', 'B')
/** A third value, the one of the honest alone. Many minutes. */
export const WIDE_SCOPES: readonly Scope[] = scopes('A', 'B', 'C')
/** One value: enough to catch a member that forgets its lock. */
export const NARROW_SCOPE: Scope = { liar: CONVENER, values: ['A'], helloLies: true }
/** Seconds: the convener lies, but about its votes and its state only. */
export const TEST_SCOPE: Scope = { liar: CONVENER, values: ['A', 'B'], helloLies: false }

/** One value that members can vote for, with what is behind it. */
export interface ModelValue {
  readonly parent: Digest
  readonly name: ValueName
  readonly content: Content
  readonly digest: Digest
  readonly inputs: readonly SignedInput[]
  readonly result: Uint8Array
}

export interface World {
  readonly scope: Scope
  readonly cluster: Cluster
  readonly honest: readonly MemberIndex[]
  readonly values: readonly ModelValue[]
  /** STATUS objects: one of each honest member, two of the liar. */
  readonly statuses: readonly Signed<Status>[]
  readonly bodies: ReadonlyMap<Digest, Uint8Array>
  readonly sign: (member: MemberIndex, object: ProtocolObject) => Signed
}

/** A cluster of four equal members in which one lies. */
export function makeWorld(scope: Scope): World {
  const cluster = makeCluster(MEMBERS.length)
  const sign = signer(cluster)
  const honest = MEMBERS.filter((member) => member !== scope.liar)
  const bodies = new Map<Digest, Uint8Array>()
  const statusOf = (member: MemberIndex, variant: number): Signed<Status> => {
    const state = stateOf(member, variant)
    bodies.set(keccak(state), state)
    return sign(member, {
      type: 'status',
      height: 1,
      parent: rootStart(cluster.id),
      stateHash: keccak(state),
      eventSeq: 0,
    }) as Signed<Status>
  }
  const own = honest.map((member) => statusOf(member, 0))
  const lies = [statusOf(scope.liar, 0), statusOf(scope.liar, 1)]
  const listOf = (name: ValueName): Signed<Status>[] => {
    const lie = name === 'C' ? [] : lies.slice(name === 'A' ? 0 : 1).slice(0, 1)
    return [...own, ...lie].sort((a, b) => a.member - b.member)
  }
  const values = scope.values.map((name) => makeValue(cluster, name, listOf(name), bodies))
  for (const { result, content } of values) bodies.set(content.stateHash, result)
  return { scope, cluster, honest, values, statuses: [...own, ...lies], bodies, sign }
}

/** s_i of a member; the liar has two. */
export function stateOf(member: MemberIndex, variant: number): Uint8Array {
  return Uint8Array.of(member, variant)
}

function makeValue(
  cluster: Cluster,
  name: ValueName,
  inputs: readonly Signed<Status>[],
  bodies: ReadonlyMap<Digest, Uint8Array>,
): ModelValue {
  const bitmap = bitmapOf(inputs.map(({ member }) => member))
  const root = inputsRoot(
    bitmap,
    inputs.map(({ hash }) => hash),
  )
  const states = inputs.map(({ member, object }) => ({ member, state: bodies.get(object.stateHash) }))
  const known = states.flatMap(({ member, state }) => (state === undefined ? [] : [{ member, state }]))
  const result = aggregateOf(known)
  const content = {
    stateHash: keccak(result),
    inputsRoot: root,
    inputs: bitmap,
    eventSeq: 0,
    eventsHash: NIL,
  }
  return { parent: rootStart(cluster.id), name, content, digest: valueHash(content), inputs, result }
}

/** Signs, and gives the same object for the same words: identity is then equality. */
function signer(cluster: Cluster): (member: MemberIndex, object: ProtocolObject) => Signed {
  const known = new Map<string, Signed>()
  return (member, object) => {
    const text = `${member}${Object.values(object).join('|')}`
    const signed = known.get(text) ?? signAs(cluster, member, object)
    known.set(text, signed)
    return signed
  }
}

/** The vote of a round for a value, fresh (−1) or re-proposed; null for NIL. */
export function shareOf(round: number, value: ModelValue | null, validRound: number): Share {
  const base = { type: 'share', height: 1, round, validRound } as const
  return value === null
    ? { ...base, parent: NIL, ...NOTHING }
    : { ...base, parent: value.parent, ...value.content }
}

export function configOf(world: World, self: MemberIndex): EngineConfig {
  invariant(MEMBERS[(1 + 1) % MEMBERS.length] === CONVENER, 'the convener follows from the order')
  return {
    cluster: world.cluster,
    self,
    order: MEMBERS,
    // height 1 is neither the last one nor the end of an epoch: no CHECKPOINT in it
    heights: 3,
    epochHeights: 3,
    stateBytesMax: 4096,
    inputBytesMax: 4096,
    debateTicks: PENDING_TICKS,
    shareTicks: PENDING_TICKS,
    confirmTicks: PENDING_TICKS,
    helloTicks: PENDING_TICKS,
    slotTicks: PENDING_TICKS,
    isValidInput: (state) => state.length === 2,
  }
}
