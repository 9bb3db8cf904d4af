import type { HistoryRpc } from './history-rpc.ts'
import { badAnswer } from './history-rpc.ts'

/** Blocks asked for at a time. */
const PARALLEL = 50

/** Times of blocks, each read once; none at all where blocks alone count. */
export class BlockTimes {
  readonly times = new Map<bigint, bigint>()
  readonly #rpc: HistoryRpc
  readonly #isTimed: boolean

  constructor(rpc: HistoryRpc, isTimed: boolean) {
    this.#rpc = rpc
    this.#isTimed = isTimed
  }

  /** Reads the times of these blocks. Throws E_RPC_DOWN for one that the endpoint does not have. */
  async note(blocks: readonly bigint[]): Promise<void> {
    if (!this.#isTimed) return
    const wanted = [...new Set(blocks)].filter((block) => !this.times.has(block))
    for (let at = 0; at < wanted.length; at += PARALLEL)
      await Promise.all(wanted.slice(at, at + PARALLEL).map((block) => this.#read(block)))
  }

  /** The first block up to `head` that has reached a number and a second; null if there is none. Notes it and its parent. */
  async firstSince(number: bigint, time: bigint, head: bigint): Promise<bigint | null> {
    if (number > head) return null
    if (!this.#isTimed) return number
    let [low, high] = [number, head]
    if ((await this.#read(high)) < time) return null
    while (low < high) {
      const middle = (low + high) / 2n
      if ((await this.#read(middle)) < time) low = middle + 1n
      else high = middle
    }
    await this.note([low, low - 1n])
    return low
  }

  async #read(block: bigint): Promise<bigint> {
    const known = this.times.get(block)
    if (known !== undefined) return known
    const served = await this.#rpc.block(block)
    const time = served?.['timestamp']
    if (typeof time !== 'string' || !/^0x[0-9a-f]{1,16}$/i.test(time))
      throw badAnswer('eth_getBlockByNumber', `block ${block} has no time`)
    this.times.set(block, BigInt(time))
    return BigInt(time)
  }
}
