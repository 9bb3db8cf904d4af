import { closeSync, fstatSync, lstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LogDestination } from './logger.ts'

export interface LogFile extends LogDestination {
  /** Lines that come later are dropped. */
  close(): void
}

export interface LogLimits {
  /** A line that would make the file longer than this starts a new file. */
  readonly bytesMax: number
  /** Older files beside the one that is written: `PATH.1` is the newest of them. */
  readonly older: number
}

/** At most 80 MiB in all. */
const LIMITS: LogLimits = { bytesMax: 16 << 20, older: 4 }

/** Paths of a log, the newest file first. Not every one of them exists. */
export function logPaths(path: string, { older }: LogLimits = LIMITS): string[] {
  return [path, ...Array.from({ length: older }, (_, at) => `${path}.${String(at + 1)}`)]
}

/**
 * A log file, mode 0600, appended to; its folder is made. When the file is full it becomes `PATH.1`, the earlier `PATH.1`
 * becomes `PATH.2`, and the oldest is removed. Lines are never split between two files. A full disk, or a folder that cannot
 * be written, loses lines or leaves a file too long; neither stops the process. A link or a device is never rotated.
 *
 * Throws the system's error if the file cannot be opened.
 */
export function openLogFile(path: string, limits: LogLimits = LIMITS): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return new RotatedFile(path, limits)
}

class RotatedFile implements LogFile {
  readonly #path: string
  readonly #limits: LogLimits
  #file: number | null
  /** Bytes that may be written before the length of the file is read again. */
  #left: number
  /** The last line is there in part. */
  #isCut = false

  constructor(path: string, limits: LogLimits) {
    this.#path = path
    this.#limits = limits
    this.#file = openSync(path, 'a', 0o600)
    this.#left = limits.bytesMax - fstatSync(this.#file).size
  }

  write(line: string): void {
    if (this.#file === null) return
    if (Buffer.byteLength(line) > this.#left) this.#file = this.#withRoom(this.#file, Buffer.byteLength(line))
    const bytes = Buffer.from(this.#isCut ? `\n${line}` : line)
    let at = 0
    try {
      while (at < bytes.length) at += writeSync(this.#file, bytes, at)
      this.#isCut = false
    } catch {
      this.#isCut ||= at > 0
    }
    this.#left -= at
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  /** The file to write to: a new one, or the same if the old one has room or cannot be put aside. */
  #withRoom(file: number, bytes: number): number {
    const { bytesMax } = this.#limits
    try {
      const { size } = fstatSync(file)
      this.#left = bytesMax - size
      if (size === 0 || bytes <= this.#left) return file
      if (!lstatSync(this.#path).isFile()) throw new Error('a link or a device')
      const fresh = startNew(this.#path, this.#limits)
      this.#left = bytesMax
      this.#isCut = false
      closeSync(file)
      return fresh
    } catch {
      // tried again after another eighth of a file
      this.#left = Math.max(bytes, bytesMax / 8)
      return file
    }
  }
}

/** The new file is there before an older one is moved: a disk that has no room for it leaves all as it was. */
function startNew(path: string, limits: LogLimits): number {
  const draft = `${path}.new`
  const file = openSync(draft, 'a', 0o600)
  try {
    const paths = logPaths(path, limits)
    rmSync(paths.at(-1) ?? path, { force: true })
    for (let at = paths.length - 1; at > 0; at -= 1) moveIfThere(paths[at - 1] ?? path, paths[at] ?? path)
    renameSync(draft, path)
    return file
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
