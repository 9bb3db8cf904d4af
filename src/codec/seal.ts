import { decode, encode } from '@ipld/dag-cbor'
import type { Digest } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import { concatHex, equalBytes, fromHex, keccak, toHex, utf8Hex } from './hex.ts'

/** How high a node has signed in one task. */
export interface Mark {
  readonly cluster: Digest
  /** Null: that is not known. */
  readonly height: number | null
}

/** What has been signed with a key, in a few numbers: kept beside the store, so that an older store is found out. */
export interface Seal {
  /** Objects signed. */
  readonly count: number
  /** Hash chain over them. */
  readonly head: Digest
  /** Block of the chain at which the store began: what was formed before may have been signed in without it. */
  readonly born: number | null
  /** By task, the one signed in last at the end. */
  readonly marks: readonly Mark[]
  /** Tasks were left out of the marks. */
  readonly isCut: boolean
}

export const EMPTY_SEAL: Seal = { count: 0, head: NIL, born: null, marks: [], isCut: false }

/** Most tasks that a seal tells apart. */
export const MARKS_MAX = 64

/** The hash chain with one more object. */
export function chained(head: Digest, cluster: Digest, key: string, hash: Digest): Digest {
  return keccak(concatHex(head, cluster, hash, utf8Hex(key)))
}

/** A task's mark, raised: what is not known stays so until it is said again by `mark`. */
export function raised(seal: Seal, cluster: Digest, height: number): Seal {
  const known = seal.marks.find((mark) => mark.cluster === cluster)
  if (known?.height === null) return seal
  return marked(seal, { cluster, height: Math.max(height, known?.height ?? 0) })
}

/** A task's mark, said anew. */
export function marked(seal: Seal, mark: Mark): Seal {
  const others = seal.marks.filter(({ cluster }) => cluster !== mark.cluster)
  const marks = [...others, mark]
  return { ...seal, marks: marks.slice(-MARKS_MAX), isCut: seal.isCut || marks.length > MARKS_MAX }
}

/**
 * What a store is, held against its seal.
 *
 * - `whole`: it has all that was signed
 * - `marked`: it has less than the seal, whose marks say how high the rest can be
 * - `lost`: nobody knows what is missing
 *
 * @param found objects in the store, and its hash chain after so many
 */
export function verdictOf(
  seal: Seal | null,
  found: { readonly count: number; readonly headAt: (count: number) => Digest | null },
): 'whole' | 'marked' | 'lost' {
  if (seal === null) return 'lost'
  if (found.count < seal.count) return 'marked'
  // an object is in the store first: the process may have ended between the two
  const isAhead = found.count <= seal.count + 1
  return isAhead && found.headAt(seal.count) === seal.head ? 'whole' : 'lost'
}

/** Whose seal it is, and where it lies: a copy lies elsewhere. */
export interface SealPlace {
  readonly key: string
  readonly deploymentId: Digest
  /** Numbers of its file, as text. */
  readonly file: string
}

const VERSION = 1

export function encodeSeal(seal: Seal, place: SealPlace): Uint8Array {
  const marks = seal.marks.map(({ cluster, height }) => [fromHex(cluster), height])
  const { key, deploymentId, file } = place
  const owner = [key, fromHex(deploymentId), file]
  return encode([VERSION, ...owner, seal.count, fromHex(seal.head), seal.born, marks, seal.isCut])
}

/** The seal, or null for bytes that `encodeSeal` would not have written. Never throws. */
export function decodeSeal(bytes: Uint8Array): { readonly seal: Seal; readonly place: SealPlace } | null {
  try {
    const value = decode<unknown[]>(bytes)
    const [version, key, deployment, file, count, head, born, marks, isCut] = value
    if (version !== VERSION || value.length !== 9 || !equalBytes(encode(value), bytes)) return null
    const seal = {
      count: count as number,
      head: toHex(head as Uint8Array),
      born: born as number | null,
      marks: (marks as [Uint8Array, number | null][]).map(([cluster, height]) => ({
        cluster: toHex(cluster),
        height,
      })),
      isCut: isCut as boolean,
    }
    return {
      seal,
      place: { key: String(key), deploymentId: toHex(deployment as Uint8Array), file: String(file) },
    }
  } catch {
    return null // the CBOR decoder throws on malformed input
  }
}
