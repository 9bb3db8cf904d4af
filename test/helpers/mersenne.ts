/** MT19937 as Python's `random` draws from it: what NAB's detector `random` says, row by row. */
export function pythonRandom(seed: number): () => number {
  const state = new Uint32Array(624)
  const at = (place: number): number => state[place] ?? 0
  state[0] = 19_650_218
  for (let i = 1; i < 624; i += 1) state[i] = Math.imul(1_812_433_253, at(i - 1) ^ (at(i - 1) >>> 30)) + i
  let i = 1
  const stir = (factor: number, add: (i: number) => number): void => {
    state[i] = (at(i) ^ Math.imul(at(i - 1) ^ (at(i - 1) >>> 30), factor)) + add(i)
    i += 1
    if (i < 624) return
    state[0] = at(623)
    i = 1
  }
  for (let round = 0; round < 624; round += 1) stir(1_664_525, () => seed)
  for (let round = 0; round < 623; round += 1) stir(1_566_083_941, (place) => -place)
  state[0] = 0x80000000
  let next = 624
  const word = (): number => {
    if (next >= 624) {
      for (let k = 0; k < 624; k += 1) {
        const y = (at(k) & 0x80000000) | (at((k + 1) % 624) & 0x7fffffff)
        state[k] = at((k + 397) % 624) ^ (y >>> 1) ^ ((y & 1) === 1 ? 0x9908b0df : 0)
      }
      next = 0
    }
    let y = at(next)
    next += 1
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
  return () => ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 0x20000000000000
}
