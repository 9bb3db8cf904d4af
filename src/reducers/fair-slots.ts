/** Bit s = slot s. */
export type SlotSet = bigint

/** Who owns each slot; null: nobody wants it. */
export type Owners = readonly (number | null)[]

/**
 * Max-min fair assignment of slots to those who want them, one owner per slot: the optimal semi-matching of Harvey,
 * Ladner, Lovász and Tamir (J. Algorithms 59, 2006), by their algorithm ASM1. Slots come one after the other, ascending.
 * Each goes to the bidder with the fewest slots among those who can be reached: who bids for the slot, who bids for a
 * slot that such a bidder owns and could hand on, and so forth.
 *
 * Every slot that somebody wants has an owner, and nobody can get one more unless somebody with no more than that loses
 * one.
 *
 * @param slots 0 … slots − 1 are handed out
 * @param wanted one set per bidder; of bidders with equally many slots the first gets the next one
 */
export function assignSlots(slots: number, wanted: readonly SlotSet[]): Owners {
  const owners: (number | null)[] = Array.from({ length: slots }, () => null)
  const bidders = owners.map((_, slot) =>
    wanted.flatMap((set, bidder) => (((set >> BigInt(slot)) & 1n) === 1n ? [bidder] : [])),
  )
  const owned = wanted.map(() => 0)
  for (let slot = 0; slot < slots; slot += 1) {
    const via = reachable(slot, bidders, owners, owned)
    const taker = fewest([...via.keys()], owned)
    if (taker === null) continue
    owned[taker] = (owned[taker] ?? 0) + 1
    handOn(slot, taker, via, owners)
  }
  return owners
}

/**
 * Bidders that can take one more if `slot` is handed out, each with the slot it would take; breadth first.
 *
 * @param bidders per slot, ascending
 * @param owned per bidder: number of slots; who owns none leads nowhere
 */
function reachable(
  slot: number,
  bidders: readonly (readonly number[])[],
  owners: Owners,
  owned: readonly number[],
): ReadonlyMap<number, number> {
  const via = new Map<number, number>()
  const queue = [slot]
  // grows while it is walked
  for (const next of queue) {
    for (const bidder of bidders[next] ?? []) {
      if (via.has(bidder)) continue
      via.set(bidder, next)
      if (owned[bidder] === 0) continue
      owners.forEach((owner, own) => {
        if (owner === bidder) queue.push(own)
      })
    }
  }
  return via
}

function fewest(bidders: readonly number[], owned: readonly number[]): number | null {
  let best: number | null = null
  for (const bidder of bidders.toSorted((a, b) => a - b)) {
    if (best === null || (owned[bidder] ?? 0) < (owned[best] ?? 0)) best = bidder
  }
  return best
}

/** The taker takes the slot it was reached by, whose owner takes the one that it was reached by, up to `slot`. */
function handOn(
  slot: number,
  taker: number,
  via: ReadonlyMap<number, number>,
  owners: (number | null)[],
): void {
  let bidder: number | null = taker
  while (bidder !== null) {
    const taken: number = via.get(bidder) ?? slot
    const before: number | null = owners[taken] ?? null
    owners[taken] = bidder
    bidder = before
  }
}
