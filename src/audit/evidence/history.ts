import { concatHex, keccak } from '../../codec/hex.ts'
import type { Digest } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { EvidenceCall } from './call.ts'
import type { RawObject } from './raw-object.ts'
import type { Court, Proved, Refusal } from './verdict.ts'

type Call<N extends EvidenceCall['name']> = Extract<EvidenceCall, { name: N }>

/** Root after the heights that follow, by their values. */
export const foldValues = (root: Digest, later: readonly Digest[]): Digest =>
  later.reduce((before, value) => keccak(concatHex(before, value)), root)

/** E5: a signed history that holds a refuted height. */
export function judgeCheckpoint(
  { refuted }: Court,
  { height, root, later }: Call<'wrongCheckpoint'>,
  checkpoint: RawObject,
): Proved | Refusal {
  if (refuted.get(height)?.has(root) !== true) return { refused: 'no refuted height' }
  const signed = checkpoint.field('height')
  if (
    height + BigInt(later.length) !== signed ||
    BigInt(foldValues(root, later)) !== checkpoint.field('root')
  )
    return { refused: 'another history' }
  return {
    offence: 'E5',
    height: signed,
    first: checkpoint.hash,
    second: NIL,
    percent: 100,
    because: `the history up to height ${signed} holds height ${height}, whose state the reducer does not give`,
  }
}

/** E6: two roots of one height, both by the accused. */
export function judgeParents(other: RawObject, share: RawObject): Proved | Refusal {
  const [first, second] = [parentOf(other), parentOf(share)]
  if (first === null || second === null) return { refused: 'an object that names no parent' }
  if (first.height !== second.height) return { refused: 'two heights' }
  if (first.parent === second.parent) return { refused: 'one parent' }
  return {
    offence: 'E6',
    height: first.height,
    first: other.hash,
    second: share.hash,
    percent: 20,
    because: `its ${other.type.toUpperCase()} and its SHARE name two roots before height ${first.height}`,
  }
}

function parentOf(object: RawObject): { readonly height: bigint; readonly parent: bigint } | null {
  const height = object.field('height')
  switch (object.type) {
    case 'checkpoint':
      return { height: height + 1n, parent: object.field('root') }
    case 'status':
      return { height, parent: object.field('parent') }
    case 'share':
      return object.field('inputs') === 0n ? null : { height, parent: object.field('parent') }
    case 'hello':
    case 'confirm':
    case 'close':
      return null
  }
}
