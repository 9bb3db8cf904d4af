import type { BroughtList } from '../../codec/claims.ts'
import { claimOf, parentNamed, rootAfter } from '../../codec/claims.ts'
import { shareValue } from '../../codec/objects.ts'
import { epochOf } from '../../codec/log.ts'
import type { Evidence } from '../../types/evidence.ts'
import type { Digest } from '../../types/ids.ts'
import type { LogEntry } from '../../types/log.ts'
import type { ObjectType, ProtocolObject, Share, Signed } from '../../types/objects.ts'

/** Entries of a log and the head before them. */
export interface Stretch {
  readonly headBefore: Digest
  readonly entries: readonly LogEntry[]
}

/** What proofs against one member can be made of. */
export interface Material {
  /** What it signed, each once. */
  readonly objects: readonly Signed[]
  readonly epochHeights: number
  /** Its log in the epoch of a height, after one number up to another; null if that is not known. */
  readonly stretch: (height: number, after: number, upTo: number) => Stretch | null
  /** The list behind a vote, with its states; null if it is not known, or no twin is asked about it. */
  readonly listOf: (share: Share) => BroughtList | null
}

type SignedAs<T extends ObjectType> = Signed<Extract<ProtocolObject, { type: T }>>

/**
 * Everything that could be a proof against a member, of each kind of docs/decisions.md, section 8. Left out is only what no
 * rule looks at together: objects of two types or keys, votes that do not follow a CONFIRM, stretches of a log that are
 * part of a longer one.
 */
export function* candidates(material: Material): Generator<Evidence> {
  const { objects } = material
  yield* pairs(objects)
  yield* turns(of(objects, 'confirm'), of(objects, 'share'))
  const checkpoints = of(objects, 'checkpoint')
  yield* logs(material, checkpoints)
  yield* forks(material, checkpoints)
  for (const vote of [...of(objects, 'share'), ...of(objects, 'hello')]) yield { kind: 'E3', vote }
  for (const share of of(objects, 'share')) {
    const list = isFresh(share.object) ? material.listOf(share.object) : null
    if (list !== null) yield { kind: 'E4', share, ...list, confirms: [] }
  }
  yield* histories(material, checkpoints, of(objects, 'share'))
  yield* parents(objects, of(objects, 'share'))
}

/** E5: each CHECKPOINT with every height below it of which a vote of its signer tells, down to the first that none does. */
function* histories(
  material: Material,
  checkpoints: readonly SignedAs<'checkpoint'>[],
  shares: readonly SignedAs<'share'>[],
): Generator<Evidence> {
  const votes = shares.filter(({ object }) => object.inputs !== 0n)
  const byRoot = new Map(votes.map(({ object }) => [rootAfter(object), object]))
  for (const checkpoint of checkpoints) {
    const later: Digest[] = []
    let vote = byRoot.get(checkpoint.object.root)
    while (vote !== undefined) {
      const list = material.listOf(vote)
      if (list !== null) yield { kind: 'E5', checkpoint, claim: claimOf(vote), later: [...later], ...list }
      later.unshift(shareValue(vote))
      vote = byRoot.get(vote.parent)
    }
  }
}

/** E6: each vote with every object of its height, and CHECKPOINT of the one before. */
function* parents(objects: readonly Signed[], shares: readonly SignedAs<'share'>[]): Generator<Evidence> {
  const named = Map.groupBy(objects, ({ object }) => parentNamed(object)?.height ?? 0)
  for (const share of shares)
    for (const other of named.get(share.object.height) ?? []) yield { kind: 'E6', other, share }
}

function of<T extends ObjectType>(objects: readonly Signed[], type: T): SignedAs<T>[] {
  return objects.filter((signed): signed is SignedAs<T> => signed.object.type === type)
}

function isFresh(vote: Extract<ProtocolObject, { validRound: number }>): boolean {
  return vote.validRound === -1
}

/** E1: all pairs of objects of one type, height and, where there is one, round. */
function* pairs(objects: readonly Signed[]): Generator<Evidence> {
  const groups = new Map<string, Signed[]>()
  for (const signed of objects) {
    const { object } = signed
    const height = 'height' in object ? object.height : ''
    const key = `${object.type}/${height}/${'round' in object ? object.round : ''}`
    const group = groups.get(key) ?? []
    for (const first of group) yield { kind: 'E1', first, second: signed }
    group.push(signed)
    groups.set(key, group)
  }
}

/** E1b: each CONFIRM with every later vote of its height. */
function* turns(
  confirms: readonly SignedAs<'confirm'>[],
  shares: readonly SignedAs<'share'>[],
): Generator<Evidence> {
  const byHeight = Map.groupBy(shares, ({ object }) => object.height)
  for (const confirm of confirms) {
    for (const share of byHeight.get(confirm.object.height) ?? [])
      if (share.object.round > confirm.object.round) yield { kind: 'E1b', confirm, share }
  }
}

/** E2: every log from its beginning: a shorter stretch breaks no rule that the longest keeps. */
function* logs(material: Material, checkpoints: readonly SignedAs<'checkpoint'>[]): Generator<Evidence> {
  for (const checkpoint of checkpoints) {
    const { height, logSeq } = checkpoint.object
    const log = material.stretch(height, 0, logSeq)
    if (log !== null) yield { kind: 'E2', form: 'illegal', checkpoint, ...log }
  }
}

/** E2: all pairs of logs of one epoch. */
function* forks(material: Material, checkpoints: readonly SignedAs<'checkpoint'>[]): Generator<Evidence> {
  const { epochHeights, stretch } = material
  const byEpoch = Map.groupBy(checkpoints, ({ object }) => epochOf(object.height, epochHeights))
  for (const group of byEpoch.values()) {
    for (const first of group) {
      for (const second of group) {
        if (first.object.height >= second.object.height) continue
        const [after, upTo] = [first.object.logSeq, second.object.logSeq]
        const { logHead } = first.object
        const log =
          upTo <= after ? { headBefore: logHead, entries: [] } : stretch(second.object.height, after, upTo)
        if (log !== null) yield { kind: 'E2', form: 'forked', first, second, ...log }
      }
    }
  }
}
