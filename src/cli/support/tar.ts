import { invariant } from '../../types/errors.ts'

export interface TarEntry {
  /** At most 100 bytes of ASCII. */
  readonly name: string
  readonly bytes: Uint8Array
}

const BLOCK = 512
const NAME_MAX = 100

/** A tar archive of files that only their owner may read (POSIX.1-1988, ustar). */
export function tarOf(entries: readonly TarEntry[], modifiedAt: Date): Buffer {
  const seconds = Math.floor(modifiedAt.getTime() / 1_000)
  const parts = entries.flatMap((entry) => [
    headerOf(entry, seconds),
    entry.bytes,
    Buffer.alloc((BLOCK - (entry.bytes.length % BLOCK)) % BLOCK),
  ])
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)])
}

function headerOf({ name, bytes }: TarEntry, seconds: number): Buffer {
  invariant(/^[\x21-\x7e]+$/.test(name) && name.length <= NAME_MAX, `no name of a tar entry: ${name}`)
  const header = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, length: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  }
  header.write(name, 0, 'latin1')
  octal(0o600, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(bytes.length, 124, 12)
  octal(seconds, 136, 12)
  // the sum counts its own field as spaces
  header.write('        0ustar\x0000', 148, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}
