import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { logPaths } from '../../adapters/system/log-file.ts'
import { scrub } from './scrub.ts'

/** Of all files of a log together, the newest. */
const BYTES_MAX = 8 << 20

export interface LogPart {
  /** Name of the file that it is of, without its folder. */
  readonly suffix: string
  readonly sourceBytes: number
  readonly text: string
}

/** The newest lines of a node's log, each redacted once more; what is not a line of a log is left out and counted. */
export function logParts(path: string, bytesMax = BYTES_MAX): LogPart[] {
  let left = bytesMax
  return logPaths(path).flatMap((file) => {
    const tail = tailOf(file, left)
    if (tail === null) return []
    left -= tail.length
    return [{ suffix: file.slice(path.length), sourceBytes: tail.length, text: scrubLines(tail.toString()) }]
  })
}

/** Whole lines at the end of a file; null if there are none, or it is no file. */
function tailOf(path: string, bytesMax: number): Buffer | null {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFile() !== true || found.size === 0 || bytesMax <= 0) return null
  const { size } = found
  const file = openSync(path, 'r')
  try {
    const at = Math.max(0, size - bytesMax)
    const bytes = Buffer.alloc(size - at)
    const read = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, at))
    return at === 0 ? read : read.subarray(read.indexOf(0x0a) + 1)
  } finally {
    closeSync(file)
  }
}

function scrubLines(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '')
  const kept = lines.flatMap((line) => scrubLine(line) ?? [])
  const left = lines.length - kept.length
  return [
    ...kept,
    ...(left === 0 ? [] : [JSON.stringify({ event: 'bundle.left-out', lines: left })]),
    '',
  ].join('\n')
}

/** Null: not a line of a log. */
function scrubLine(line: string): string | null {
  try {
    const value: unknown = JSON.parse(line)
    const isLine = typeof value === 'object' && value !== null && 'event' in value && 'level' in value
    return isLine ? JSON.stringify(scrub('', value)) : null
  } catch {
    return null
  }
}
