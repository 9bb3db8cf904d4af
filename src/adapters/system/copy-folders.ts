import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { CopyFolder, CopyFolders } from '../../ports/copy-folders.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

const NUMBER = /^[1-9]\d*$/

/** `ROOT/LINE/SERVICE`. */
export class DiskCopyFolders implements CopyFolders {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  of(line: bigint, service: number): string {
    return join(this.#root, String(line), String(service))
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
    try {
      rmSync(going, { recursive: true, force: true })
      renameSync(folder, going)
      rmSync(going, { recursive: true, force: true })
    } catch (cause) {
      throw new RsdpError({
        code: 'E_RECORDS',
        message: `cannot remove ${folder}: ${String(cause)}`,
        hint: 'check permissions and the disk',
        exit: EXIT.precondition,
        details: { folder },
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
