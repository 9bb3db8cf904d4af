/** What happens at a time. */
export interface Timed {
  readonly atMs: number
  /** Set by the heap. */
  order: number
}

/** A heap by time; of equal times the first pushed comes first. */
export class Heap<Item extends Timed> {
  readonly #items: Item[] = []
  #pushed = 0

  get nextMs(): number {
    return this.#items[0]?.atMs ?? Infinity
  }

  push(item: Item): void {
    const items = this.#items
    item.order = this.#pushed
    this.#pushed += 1
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = items[parent]
      if (above === undefined || !isBefore(item, above)) break
      items[at] = above
      at = parent
    }
    items[at] = item
  }

  pop(): Item | null {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined) return null
    if (items.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      let least = items[child]
      if (least === undefined) break
      const right = items[child + 1]
      if (right !== undefined && isBefore(right, least)) {
        child += 1
        least = right
      }
      if (!isBefore(least, last)) break
      items[at] = least
      at = child
    }
    items[at] = last
    return first
  }
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
