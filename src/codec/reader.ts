import type { Hex } from '../types/ids.ts'
import { byteLength, isHex } from './hex.ts'

/**
 * Reads packed big-endian fields. Never throws: past the end it yields zeros and `failed` stays true, so a decoder
 * reads everything and asks once.
 */
export class Reader {
  failed: boolean
  readonly #hex: Hex
  #offset = 0

  constructor(hex: Hex) {
    this.failed = !isHex(hex)
    this.#hex = this.failed ? '0x' : hex
  }

  get done(): boolean {
    return this.#offset >= byteLength(this.#hex)
  }

  bytes(length: number): Hex {
    const from = 2 + 2 * this.#offset
    this.#offset += length
    if (this.#offset > byteLength(this.#hex)) {
      this.failed = true
      return `0x${'00'.repeat(Math.min(length, 32))}`
    }
    return `0x${this.#hex.slice(from, from + 2 * length)}`
  }

  /** Unsigned integer that any number holds exactly. */
  uint(length: 1 | 2 | 4): number {
    return Number.parseInt(this.bytes(length).slice(2), 16)
  }

  /** u64 that must fit a safe integer: heights, sequence numbers. */
  uint64(): number {
    const value = BigInt(this.bytes(8))
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.failed = true
    return Number(BigInt.asUintN(53, value))
  }
}
