import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { CopyFolder, CopyFolders } from '../../ports/copy-folders.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { writeWholeFile } from './write-file.ts'

const NUMBER = /^[1-9]\d*$/
/** Tasks and their lines. */
const LINES = 'lines.json'
const schema = z.record(z.string().regex(NUMBER), z.string().regex(NUMBER))

/** `ROOT/LINE/SERVICE`. */
export class DiskCopyFolders implements CopyFolders {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  of(line: bigint, service: number): string {
    return join(this.#root, String(line), String(service))
  }

  lineOf(task: bigint): bigint | null {
    const line = this.#noted()[String(task)]
    return line === undefined ? null : BigInt(line)
  }

  noteLine(task: bigint, line: bigint): void {
    if (this.lineOf(task) === line) return
    const lines = { ...this.#noted(), [String(task)]: String(line) }
    const path = join(this.#root, LINES)
    this.#onDisk(path, () => {
      mkdirSync(this.#root, { recursive: true, mode: 0o700 })
      writeWholeFile(path, JSON.stringify(lines), { replace: true })
    })
  }

  list(): CopyFolder[] {
    const lines = numbersIn(this.#root).map(BigInt)
    const found = lines.flatMap((line) =>
      numbersIn(join(this.#root, String(line)))
        .map(Number)
        .map((service) => {
          return { line, service, bytes: bytesIn(this.of(line, service)) }
        }),
    )
    return found.sort((a, b) => Number(a.line - b.line) || a.service - b.service)
  }

  remove(line: bigint, service: number): void {
    const folder = this.of(line, service)
    if (!existsSync(folder)) return
    // a name that no copy opens: a crash in between leaves no half of a copy
    const going = join(this.#root, String(line), `${service}.going`)
    this.#onDisk(folder, () => {
      rmSync(going, { recursive: true, force: true })
      renameSync(folder, going)
      rmSync(going, { recursive: true, force: true })
    })
  }

  #noted(): Readonly<Record<string, string>> {
    const path = join(this.#root, LINES)
    if (!existsSync(path)) return {}
    return this.#onDisk(path, () => schema.parse(JSON.parse(readFileSync(path, 'utf8'))))
  }

  #onDisk<T>(path: string, work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw new RsdpError({
        code: 'E_RECORDS',
        message: `cannot read or write ${path}: ${String(cause)}`,
        hint: 'check permissions and the disk',
        exit: EXIT.precondition,
        details: { path },
        cause,
      })
    }
  }
}

function numbersIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => NUMBER.test(name)) : []
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    // a write-ahead file goes when its database is closed
    return sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
  }, 0)
}
