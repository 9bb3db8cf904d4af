/** What happens when: one queue for a whole world. */
interface Entry {
  readonly atMs: number
  /** Order of pushing, for what happens at the same time. */
  readonly order: number
  readonly run: () => void
}

/** A binary heap by time, then by order of pushing. */
export class EventQueue {
  readonly #heap: Entry[] = []
  #orders = 0
  nowMs = 0

  get length(): number {
    return this.#heap.length
  }

  push(delayMs: number, run: () => void): void {
    const entry: Entry = { atMs: this.nowMs + Math.max(0, delayMs), order: (this.#orders += 1), run }
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Entry
      if (isBefore(above, entry)) break
      heap[at] = above
      at = parent
    }
    heap[at] = entry
  }

  /** Takes the next event off, moves time on to it and runs it. False if there is none. */
  step(): boolean {
    const first = this.#heap[0]
    if (first === undefined) return false
    this.#removeFirst()
    this.nowMs = first.atMs
    first.run()
    return true
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop() as Entry
    const size = heap.length
    if (size === 0) return
    let at = 0
    while (true) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1
      const below = heap[child] as Entry
      if (isBefore(last, below)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
