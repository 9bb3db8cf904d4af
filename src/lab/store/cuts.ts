import type { Random } from '../../faults/random.ts'

/** What befalls one node. `loss`: it never comes back, and neither does its disk. */
export const STORE_FAULTS = ['none', 'crash', 'loss', 'stop', 'omission', 'byzantine'] as const

export const CUTS = ['none', '4/1', '3/2', '2/2/1', '5/2', 'link'] as const
export type Cut = (typeof CUTS)[number]

/**
 * Which pairs of nodes a cut leaves apart. Parts have the sizes that its name says, nodes drawn; what is left over goes with the
 * first part. `link`: two drawn nodes do not hear each other, and everybody else hears both.
 */
export function cutBetween(cut: Cut, nodes: number, random: Random): (a: number, b: number) => boolean {
  const order = random.shuffled(Array.from({ length: nodes }, (_, i) => i))
  if (cut === 'none') return () => false
  if (cut === 'link') {
    const ends = order.slice(0, 2)
    return (a, b) => a !== b && ends.includes(a) && ends.includes(b)
  }
  const sizes = cut.split('/').map(Number)
  const parts = new Map<number, number>()
  let next = 0
  sizes.forEach((size, part) => {
    for (const node of order.slice(next, next + size)) parts.set(node, part)
    next += size
  })
  return (a, b) => (parts.get(a) ?? 0) !== (parts.get(b) ?? 0)
}

/** The largest set of nodes in which each reaches each over some way, of those that run; the first of equal ones. */
export function largestPart(
  nodes: readonly number[],
  isCut: (a: number, b: number) => boolean,
): readonly number[] {
  const left = new Set(nodes)
  let largest: readonly number[] = []
  for (const start of nodes) {
    if (!left.delete(start)) continue
    const part = [start]
    for (const node of part)
      for (const other of left)
        if (!isCut(node, other)) {
          left.delete(other)
          part.push(other)
        }
    if (part.length > largest.length) largest = part
  }
  return [...largest].sort((a, b) => a - b)
}
