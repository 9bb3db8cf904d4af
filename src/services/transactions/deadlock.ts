import type { TxNumber } from './locks.ts'

export interface Wait {
  readonly waiter: TxNumber
  readonly holder: TxNumber
}

/** What is known of a transaction when one has to go. */
export interface TxFacts {
  readonly tx: TxNumber
  /** Operations done. */
  readonly work: number
  readonly priority: number
  readonly beganMs: number
}

/**
 * Who goes first. Of equals the larger number goes. The document's "abort the oldest" would starve long transactions, so
 * least work is the default.
 */
export const VICTIM_POLICIES = ['least-work', 'lowest-priority', 'oldest', 'youngest'] as const
export type VictimPolicy = (typeof VICTIM_POLICIES)[number]

const youngest = (a: TxFacts, b: TxFacts): number => b.beganMs - a.beganMs
const ORDERS: Readonly<Record<VictimPolicy, (a: TxFacts, b: TxFacts) => number>> = {
  'least-work': (a, b) => a.work - b.work || youngest(a, b),
  'lowest-priority': (a, b) => a.priority - b.priority || youngest(a, b),
  oldest: (a, b) => a.beganMs - b.beganMs,
  youngest,
}

/**
 * Deadlocks: strongly connected parts of the wait-for graph with more than one transaction, or one that waits for itself
 * (Tarjan, without recursion). Parts by their least transaction, each ascending.
 *
 * The document's search returns early, throws on some graphs and misses cycles that share a node; parts cannot.
 */
export function deadlocks(edges: readonly Wait[]): TxNumber[][] {
  const next = new Map<TxNumber, TxNumber[]>()
  for (const { waiter, holder } of [...edges].sort((a, b) => a.waiter - b.waiter || a.holder - b.holder)) {
    const list = next.get(waiter)
    if (list === undefined) next.set(waiter, [holder])
    else list.push(holder)
  }
  const index = new Map<TxNumber, number>()
  const low = new Map<TxNumber, number>()
  const stack: TxNumber[] = []
  const onStack = new Set<TxNumber>()
  const found: TxNumber[][] = []
  const lower = (tx: TxNumber, to: number): void => {
    low.set(tx, Math.min(low.get(tx) ?? to, to))
  }
  for (const root of next.keys()) {
    if (index.has(root)) continue
    const path: { readonly tx: TxNumber; at: number }[] = []
    const enter = (tx: TxNumber): void => {
      index.set(tx, index.size)
      lower(tx, index.get(tx) ?? 0)
      stack.push(tx)
      onStack.add(tx)
      path.push({ tx, at: 0 })
    }
    enter(root)
    for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
      const { tx } = frame
      const to = next.get(tx)?.[frame.at]
      frame.at += 1
      if (to !== undefined) {
        if (!index.has(to)) enter(to)
        else if (onStack.has(to)) lower(tx, index.get(to) ?? 0)
        continue
      }
      path.pop()
      const parent = path.at(-1)
      if (parent !== undefined) lower(parent.tx, low.get(tx) ?? 0)
      if (low.get(tx) !== index.get(tx)) continue
      const part = stack.splice(stack.indexOf(tx))
      for (const one of part) onStack.delete(one)
      const waitsForItself = next.get(tx)?.includes(tx) === true
      if (part.length > 1 || waitsForItself) found.push(part.sort((a, b) => a - b))
    }
  }
  return found.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))
}

/** Transactions to abort so that no deadlock is left: from each part one after another, as long as a part is left. */
export function victims(
  edges: readonly Wait[],
  facts: readonly TxFacts[],
  policy: VictimPolicy = 'least-work',
): TxNumber[] {
  const known = new Map(facts.map((one) => [one.tx, one]))
  const factsOf = (tx: TxNumber): TxFacts => known.get(tx) ?? { tx, work: 0, priority: 0, beganMs: 0 }
  const chosen = new Set<TxNumber>()
  let left = edges
  for (let parts = deadlocks(left); parts.length > 0; parts = deadlocks(left)) {
    for (const part of parts) {
      const [first] = part.map(factsOf).sort((a, b) => ORDERS[policy](a, b) || b.tx - a.tx)
      if (first !== undefined) chosen.add(first.tx)
    }
    left = left.filter(({ waiter, holder }) => !chosen.has(waiter) && !chosen.has(holder))
  }
  return [...chosen].sort((a, b) => a - b)
}
