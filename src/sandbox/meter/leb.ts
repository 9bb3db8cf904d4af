/** Reads a WebAssembly binary (core specification 5.2): bytes, LEB128 integers, names. */
export class Reader {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  u8(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new RangeError('the binary ends too early')
    return byte
  }

  /** Unsigned LEB128 of up to 32 bits. */
  u32(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  /** Any LEB128 integer, whatever its value. */
  skipInteger(): void {
    while (this.u8() >= 128);
  }

  skipName(): void {
    const length = this.u32()
    this.at += length
  }
}

/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ;) {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest === 0 ? low : low + 128)
    if (rest === 0) return bytes
  }
}

/** Signed LEB128 of a safe integer. */
export function signed(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ;) {
    const low = ((rest % 128) + 128) % 128
    rest = Math.floor(rest / 128)
    const isLast = (rest === 0 && low < 64) || (rest === -1 && low >= 64)
    bytes.push(isLast ? low : low + 128)
    if (isLast) return bytes
  }
}

export type Chunk = Uint8Array | readonly number[]

export function concat(chunks: readonly Chunk[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
