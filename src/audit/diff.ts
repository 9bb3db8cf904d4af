import type { AbiValue } from '../ports/chain-history.ts'
import { show } from './judge.ts'
import type { Layout } from './packed.ts'
import { packedFieldAt } from './packed.ts'
import type { Hex } from '../types/ids.ts'

/** One place in which two values differ. */
export interface Difference {
  /** Path from the value compared, e.g. `.rewardPerHeight`, `[2]`, `.stateHash[3]`; '' for the value itself. */
  readonly path: string
  readonly better: AbiValue
  readonly other: AbiValue
}

/**
 * Every leaf in which `other` differs from `better`. Packed bytes are named by their layout.
 *
 * @param packed layout of the value if it is packed (`batch`, `exceptions`, `notes`, `inputs`)
 */
export function differences(
  better: AbiValue,
  other: AbiValue,
  path = '',
  packed: Layout | null = null,
): Difference[] {
  if (Array.isArray(better) && Array.isArray(other)) {
    const a: readonly AbiValue[] = better
    const b: readonly AbiValue[] = other
    if (a.length !== b.length) {
      return [{ path: `${path}.length`, better: BigInt(a.length), other: BigInt(b.length) }]
    }
    return a.flatMap((item, i) => differences(item, b[i] ?? '', `${path}[${i}]`))
  }
  if (isRecord(better) && isRecord(other)) {
    return Object.keys(better).flatMap((name) =>
      differences(better[name] ?? '', other[name] ?? '', `${path}.${name}`),
    )
  }
  if (show(better) === show(other)) return []
  if (packed !== null && typeof better === 'string' && typeof other === 'string') {
    return [packedDifference(packed, better as Hex, other as Hex, path)]
  }
  return [{ path, better, other }]
}

function packedDifference(packed: Layout, better: Hex, other: Hex, path: string): Difference {
  let at = 2
  while (at < better.length && better[at] === other[at]) at += 1
  const field = packedFieldAt(packed, better, Math.floor((at - 2) / 2))
  const cut = (hex: Hex): string => `0x${hex.slice(2 + 2 * field.from, 2 + 2 * (field.from + field.length))}`
  return { path: path + field.path, better: cut(better), other: cut(other) }
}

function isRecord(value: AbiValue): value is { readonly [name: string]: AbiValue | undefined } {
  return typeof value === 'object' && !Array.isArray(value)
}
