import { keccak256, toUtf8Bytes } from 'ethers'
import { invariant } from '../types/errors.ts'
import type { Digest, Hex } from '../types/ids.ts'
import { MEMBERS_MAX } from '../types/ids.ts'

/** keccak-256 of bytes or of the bytes a hex string stands for. */
export function keccak(data: Uint8Array | Hex): Digest {
  return keccak256(typeof data === 'string' ? fromHex(data) : data) as Digest
}

/** Hex digits of an unsigned integer, big-endian, exactly `bytes` long. A number must be a safe integer. */
export function uint(value: number | bigint, bytes: number): string {
  const digits = value.toString(16)
  const whole = typeof value === 'bigint' || Number.isSafeInteger(value)
  invariant(whole && value >= 0 && digits.length <= 2 * bytes, `${value} does not fit into ${bytes} bytes`)
  return digits.padStart(2 * bytes, '0')
}

/** Joins hex strings, with or without `0x`, into one. */
export function concatHex(...parts: readonly string[]): Hex {
  let joined = '0x'
  for (const part of parts) joined += part.startsWith('0x') ? part.slice(2) : part
  return joined as Hex
}

export function utf8Hex(text: string): Hex {
  return toHex(toUtf8Bytes(text))
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): Hex {
  let digits = ''
  for (const byte of bytes) digits += PAIRS[byte] ?? ''
  return `0x${digits}`
}

/** Value of a lower-case hex digit by its character code; 255 for every other character. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(code))
  return value < 0 ? 255 : value
})

/** Bytes of lower-case hex. What comes from outside goes through `isHex` first: anything else is a bug of ours. */
export function fromHex(hex: Hex): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, (hex.length >> 1) - 1))
  invariant(hex.startsWith('0x') && hex.length === 2 * bytes.length + 2, 'not 0x and whole bytes')
  let all = 0
  for (let i = 0; i < bytes.length; i += 1) {
    const high = DIGITS[hex.charCodeAt(2 * i + 2)] ?? 255
    const low = DIGITS[hex.charCodeAt(2 * i + 3)] ?? 255
    all |= high | low
    bytes[i] = (high << 4) | low
  }
  invariant(all < 16, 'not lower-case hex')
  return bytes
}

/** Longest thing that is hashed piece by piece: a list's root. */
const HASH_INPUT_BYTES_MAX = 32 * (MEMBERS_MAX + 2)

/** What is hashed field by field, written into one buffer. A field that does not fit is a bug of ours. */
class HashInput {
  readonly #bytes = new Uint8Array(HASH_INPUT_BYTES_MAX)
  #length = 0

  empty(): this {
    this.#length = 0
    return this
  }

  hex(digits: Hex): this {
    const from = this.#length
    const count = (digits.length >> 1) - 1
    invariant(digits.startsWith('0x') && digits.length === 2 * count + 2, 'not 0x and whole bytes')
    this.#take(count)
    let all = 0
    for (let i = 0; i < count; i += 1) {
      const high = DIGITS[digits.charCodeAt(2 * i + 2)] ?? 255
      const low = DIGITS[digits.charCodeAt(2 * i + 3)] ?? 255
      all |= high | low
      this.#bytes[from + i] = (high << 4) | low
    }
    invariant(all < 16, 'not lower-case hex')
    return this
  }

  /** An unsigned integer, big-endian, in so many bytes. */
  uint(value: number | bigint, bytes: number): this {
    if (typeof value === 'bigint') return this.hex(`0x${uint(value, bytes)}`)
    const fits = Number.isSafeInteger(value) && value >= 0 && (bytes > 6 || value < 2 ** (8 * bytes))
    invariant(fits, `${value} does not fit into ${bytes} bytes`)
    const from = this.#length
    this.#take(bytes)
    let rest = value
    for (let i = bytes - 1; i >= 0; i -= 1) {
      this.#bytes[from + i] = rest % 256
      rest = Math.floor(rest / 256)
    }
    return this
  }

  /** keccak-256 of what was written. */
  hash(): Digest {
    return keccak(this.#bytes.subarray(0, this.#length))
  }

  #take(bytes: number): void {
    this.#length += bytes
    invariant(this.#length <= HASH_INPUT_BYTES_MAX, 'more than is ever hashed piece by piece')
  }
}

const input = new HashInput()

/** The empty input of a hash. There is one: fields are at hand before the first is written. */
export function hashInput(): HashInput {
  return input.empty()
}

/** Whether a text is `0x` and whole bytes of lower-case hex. */
export function isHex(text: string): text is Hex {
  return text.length % 2 === 0 && /^0x[0-9a-f]*$/.test(text)
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false
  return true
}

/** Number of bytes a hex string stands for. */
export function byteLength(hex: Hex): number {
  return (hex.length - 2) / 2
}
