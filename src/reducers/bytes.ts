import { invariant } from '../types/errors.ts'

/**
 * Reads big-endian fields of variable-length records. Never throws: past the end it yields zeros and `failed` stays true,
 * so a decoder reads everything and asks once.
 */
export class ByteReader {
  failed = false
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Whether all is read, and nothing beyond. */
  get isWhole(): boolean {
    return !this.failed && this.#at === this.#bytes.length
  }

  u8(): number {
    return this.#skip(1) ? this.#view.getUint8(this.#at - 1) : 0
  }

  u16(): number {
    return this.#skip(2) ? this.#view.getUint16(this.#at - 2) : 0
  }

  u32(): number {
    return this.#skip(4) ? this.#view.getUint32(this.#at - 4) : 0
  }

  u64(): bigint {
    return this.#skip(8) ? this.#view.getBigUint64(this.#at - 8) : 0n
  }

  /** A copy of the next `length` bytes; empty past the end. */
  take(length: number): Uint8Array {
    return this.#skip(length) ? this.#bytes.slice(this.#at - length, this.#at) : new Uint8Array()
  }

  /** A copy of what is left. */
  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at)
  }

  #skip(length: number): boolean {
    if (this.failed || this.#at + length > this.#bytes.length) {
      this.failed = true
      return false
    }
    this.#at += length
    return true
  }
}

/** Writes what `ByteReader` reads. A value that does not fit its field is a bug of ours. */
export class ByteWriter {
  readonly #chunks: Uint8Array[] = []

  u8(value: number): this {
    invariant(Number.isInteger(value) && value >= 0 && value < 2 ** 8, `${value} is no u8`)
    return this.bytes(Uint8Array.of(value))
  }

  u16(value: number): this {
    invariant(Number.isInteger(value) && value >= 0 && value < 2 ** 16, `${value} is no u16`)
    return this.bytes(Uint8Array.of(value >> 8, value & 0xff))
  }

  u32(value: number): this {
    invariant(Number.isInteger(value) && value >= 0 && value < 2 ** 32, `${value} is no u32`)
    return this.u16(Math.floor(value / 2 ** 16)).u16(value % 2 ** 16)
  }

  u64(value: bigint): this {
    invariant(value >= 0n && value < 2n ** 64n, `${value} is no u64`)
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, value)
    return this.bytes(bytes)
  }

  /** As they are, without a length. */
  bytes(bytes: Uint8Array): this {
    this.#chunks.push(bytes)
    return this
  }

  done(): Uint8Array {
    const whole = new Uint8Array(this.#chunks.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const chunk of this.#chunks) {
      whole.set(chunk, at)
      at += chunk.length
    }
    return whole
  }
}
