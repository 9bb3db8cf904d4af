import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { keccak, utf8Hex } from '../../codec/hex.ts'
import type { Hex } from '../../types/ids.ts'
import type { KeepsLogs, LogsUpTo } from './log-memory.ts'

/** Time between two writes of one query's file: pages may be of ten blocks. */
const WRITE_MS = 2_000

const hex = z.custom<Hex>((value) => typeof value === 'string' && /^0x([0-9a-f]{2})*$/.test(value))
const log = z.strictObject({
  address: hex.transform((value) => value),
  topics: z.array(hex.transform((value) => value)),
  data: hex,
  block: z.string().regex(/^\d+$/).transform(BigInt),
  logIndex: z.string().regex(/^\d+$/).transform(BigInt),
  transactionHash: hex.transform((value) => value),
})
const schema = z.strictObject({ upTo: z.int().nonnegative(), logs: z.array(log) })

/**
 * Logs that were read, so that nothing is read again after an interruption: in memory, and in a folder if there is one. A
 * file that cannot be read or written costs time alone.
 */
export class LogCache implements KeepsLogs {
  readonly #dir: string | null
  readonly #known = new Map<string, LogsUpTo>()
  readonly #writtenAt = new Map<string, number>()

  /** @param dir of one deployment and one endpoint: what another endpoint says is another thing */
  constructor(dir: string | null) {
    this.#dir = dir
  }

  get(query: string): LogsUpTo | null {
    const known = this.#known.get(query) ?? this.#read(query)
    if (known !== null) this.#known.set(query, known)
    return known
  }

  set(query: string, found: LogsUpTo): void {
    this.#known.set(query, found)
    const now = performance.now()
    if (now - (this.#writtenAt.get(query) ?? -Infinity) < WRITE_MS) return
    this.#writtenAt.set(query, now)
    this.#write(query, found)
  }

  /** Writes what is not written yet: something went wrong, and the next process goes on from here. */
  flush(): void {
    for (const [query, found] of this.#known) this.#write(query, found)
  }

  /** Everything was read: the next time everything is asked for again. */
  clear(): void {
    this.#known.clear()
    if (this.#dir !== null) rmSync(this.#dir, { recursive: true, force: true })
  }

  #write(query: string, found: LogsUpTo): void {
    const path = this.#path(query)
    if (this.#dir === null || path === null) return
    try {
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
      const text = JSON.stringify(found, (_key, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      )
      writeFileSync(`${path}.new`, text)
      renameSync(`${path}.new`, path)
    } catch {
      // the next process reads it again
    }
  }

  #read(query: string): LogsUpTo | null {
    const path = this.#path(query)
    if (path === null) return null
    try {
      return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
    } catch {
      return null
    }
  }

  #path(query: string): string | null {
    return this.#dir === null ? null : join(this.#dir, `${keccak(utf8Hex(query)).slice(2, 34)}.json`)
  }
}
