import type { Address, Digest } from '../types/ids.ts'
import type { Mark } from './seal.ts'

/**
 * How high a key has signed, for another data directory: the idea of EIP-3076 with the heights of this protocol. Only maxima
 * are kept: a node signs nothing up to them. The format is in docs/disks.md, vectors in test/vectors/signing-history.json.
 */
export interface SigningHistory {
  readonly chainId: bigint
  readonly deploymentId: Digest
  readonly key: Address
  /** The store that it was taken from signs no more, and had lost nothing: nothing higher was signed. */
  readonly isFinal: boolean
  /** By task, ascending by cluster. A null height: more may be signed than anybody knows. */
  readonly marks: readonly Mark[]
}

const FORMAT = 'rsdp-signing-history'
const VERSION = 1
/** Most tasks in a file. */
const MARKS_MAX = 100_000

export function encodeSigningHistory(history: SigningHistory): string {
  const { chainId, deploymentId, key, isFinal } = history
  const marks = [...history.marks].sort((a, b) => (a.cluster < b.cluster ? -1 : 1))
  const value = {
    format: FORMAT,
    version: VERSION,
    chainId: String(chainId),
    deploymentId,
    key,
    final: isFinal,
    signed: marks.map(({ cluster, height }) => ({
      cluster,
      height: height === null ? null : String(height),
    })),
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Null for a text that is not of this format and version, has other fields, or names a cluster twice. Never throws. */
export function decodeSigningHistory(text: string): SigningHistory | null {
  const value = parse(text)
  if (value === null) return null
  const { format, version, chainId, deploymentId, key, final, signed } = value
  if (Object.keys(value).length !== 7 || format !== FORMAT || version !== VERSION) return null
  if (!isNumber(chainId) || !isHex(deploymentId, 32) || !isHex(key, 20)) return null
  if (typeof final !== 'boolean' || !Array.isArray(signed) || signed.length > MARKS_MAX) return null
  const marks = signed.map(readMark)
  const known = marks.filter((mark) => mark !== null)
  if (known.length < marks.length || new Set(known.map(({ cluster }) => cluster)).size < known.length)
    return null
  return { chainId: BigInt(chainId), deploymentId, key, isFinal: final, marks: known }
}

/**
 * What is known of a task from two sources: the higher, and nothing if either knows nothing. Merging in any order, and again,
 * gives the same; it never lowers a height.
 */
export function mergeHeights(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b)
}

function readMark(item: unknown): Mark | null {
  if (typeof item !== 'object' || item === null || Object.keys(item).length !== 2) return null
  const { cluster, height } = item as Readonly<Record<string, unknown>>
  if (!isHex(cluster, 32)) return null
  if (height === null) return { cluster, height }
  return isNumber(height) && Number.isSafeInteger(Number(height)) ? { cluster, height: Number(height) } : null
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Readonly<Record<string, unknown>>) : null
  } catch {
    return null
  }
}

/** A decimal number without leading zeros, as text. */
const isNumber = (value: unknown): value is string =>
  typeof value === 'string' && /^(0|[1-9]\d{0,18})$/.test(value)

const isHex = (value: unknown, bytes: number): value is `0x${string}` =>
  typeof value === 'string' && new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`).test(value)
