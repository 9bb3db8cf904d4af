/** Sets of up to 2^31 whole numbers below 2^53, in the order they came, each with where it came from. */
export class Table {
  size = 0
  #keys = new Float64Array(1 << 16)
  #parents = new Uint32Array(1 << 16)
  #slots = new Int32Array(1 << 17)

  key(index: number): number {
    return this.#keys[index] ?? 0
  }

  parent(index: number): number {
    return this.#parents[index] ?? 0
  }

  /** Adds a key unless it is there. Returns whether it was new. */
  add(key: number, parent: number): boolean {
    const slot = this.#find(key)
    if (this.#slots[slot] !== 0) return false
    if (this.size === this.#keys.length) this.#grow()
    this.#keys[this.size] = key
    this.#parents[this.size] = parent
    this.size += 1
    this.#slots[this.#find(key)] = this.size
    return true
  }

  has(key: number): boolean {
    return this.#slots[this.#find(key)] !== 0
  }

  /** Slot of a key, or the free one where it would go. */
  #find(key: number): number {
    const mask = this.#slots.length - 1
    const low = (key % 4_294_967_296) | 0
    const high = (key / 4_294_967_296) | 0
    let slot = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b)
    slot = (slot ^ (slot >>> 15)) & mask
    for (;;) {
      const held = this.#slots[slot] ?? 0
      if (held === 0 || this.#keys[held - 1] === key) return slot
      slot = (slot + 1) & mask
    }
  }

  #grow(): void {
    const keys = new Float64Array(2 * this.#keys.length)
    keys.set(this.#keys)
    this.#keys = keys
    const parents = new Uint32Array(2 * this.#parents.length)
    parents.set(this.#parents)
    this.#parents = parents
    this.#slots = new Int32Array(2 * this.#slots.length)
    for (let i = 0; i < this.size; i += 1) this.#slots[this.#find(this.key(i))] = i + 1
  }
}
