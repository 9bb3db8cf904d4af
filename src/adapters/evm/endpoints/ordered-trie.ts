import { encodeRlp } from 'ethers'
import { keccak } from '../../../codec/hex.ts'
import type { Digest, Hex } from '../../../types/ids.ts'

type Node = readonly (Hex | Node)[]
interface Entry {
  /** Hex digits of the key. */
  readonly path: string
  readonly value: Hex
}

/**
 * Root of the Merkle Patricia trie that maps rlp(i) to the i-th value: the receipts of a block, or its transactions
 * (Yellow Paper, appendix D and section 4.3).
 *
 * @param values encoded items in the order of the block
 */
export function orderedTrieRoot(values: readonly Hex[]): Digest {
  const entries = values.map((value, index) => ({ path: encodeRlp(quantity(index)).slice(2), value }))
  return keccak(entries.length === 0 ? '0x80' : encoded(nodeOf(entries, 0)))
}

/** Node of entries whose paths agree in the first `depth` digits. No key is the beginning of another. */
function nodeOf(entries: readonly Entry[], depth: number): Node {
  const [first, ...others] = entries as readonly [Entry, ...Entry[]]
  if (others.length === 0) return [compact(first.path.slice(depth), true), first.value]
  let shared = depth
  while (others.every(({ path }) => path[shared] === first.path[shared])) shared += 1
  if (shared > depth)
    return [compact(first.path.slice(depth, shared), false), reference(nodeOf(entries, shared))]
  const children = Array.from('0123456789abcdef', (digit): Hex | Node => {
    const below = entries.filter(({ path }) => path[depth] === digit)
    return below.length === 0 ? '0x' : reference(nodeOf(below, depth + 1))
  })
  return [...children, '0x']
}

/** A node of less than 32 bytes is part of its parent; others are named by their hash. */
function reference(node: Node): Hex | Node {
  const bytes = encoded(node)
  return bytes.length < 2 + 64 ? node : keccak(bytes)
}

const encoded = (node: Node): Hex => encodeRlp(node as string[]) as Hex

/** Hex-prefix encoding (Yellow Paper, appendix C). */
function compact(digits: string, isLeaf: boolean): Hex {
  const flag = isLeaf ? 2 : 0
  return digits.length % 2 === 0 ? `0x${flag}0${digits}` : `0x${flag + 1}${digits}`
}

/** An integer without leading zeros, as RLP takes it. */
export function quantity(value: bigint | number): Hex {
  if (BigInt(value) === 0n) return '0x'
  const digits = value.toString(16)
  return `0x${digits.length % 2 === 0 ? '' : '0'}${digits}`
}
