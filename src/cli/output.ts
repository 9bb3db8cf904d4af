import { EXIT } from '../types/exit-codes.ts'
import type { ExitCode } from '../types/exit-codes.ts'
import { RsdpError } from '../types/errors.ts'
import { diskFault } from './disk-fault.ts'
import { missingPackage } from './missing-package.ts'

/** Where a command writes: the process's own streams, or those of a test. */
export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Whether somebody reads what is written to `out`; absent: always. */
  readonly isRead?: () => boolean
}

/** What stdout is like: whether somebody reads it, and the last thing other than that that was wrong with it. */
const stdout = { isRead: true, isLossy: false, fault: null as string | null }
/** Bytes that wait for a slow reader; what comes then is dropped. */
const PENDING_BYTES_MAX = 1_048_576

/**
 * Lets the process outlive its readers: a pipe whose reader has ended, or a full disk behind stdout or stderr, costs what
 * would have been written there and nothing else. Called once, before anything is written.
 */
export function outliveReaders(): void {
  process.stdout.on('error', ({ code = 'error' }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') stdout.isRead = false
    else stdout.fault = code
  })
  process.stderr.on('error', () => undefined)
}

/**
 * Writer of a log to stdout for a process that must not wait for whoever reads it: one that is gone, or too slow, misses
 * lines. Node writes to pipes by waiting for the reader, unless told otherwise.
 */
export function lossyStdout(): (line: string) => void {
  const { _handle } = process.stdout as { readonly _handle?: { setBlocking?: (is: boolean) => unknown } }
  _handle?.setBlocking?.(false)
  stdout.isLossy = true
  return (line) => {
    if (stdout.isRead && process.stdout.writableLength < PENDING_BYTES_MAX) process.stdout.write(line)
  }
}

/** Why the result of a command may not be where stdout leads; null if it is, or nobody wants it. */
export function lostResult(): RsdpError | null {
  if (stdout.fault === null || stdout.isLossy) return null
  return new RsdpError({
    code: 'E_OUTPUT',
    message: `the result could not be written: ${stdout.fault}`,
    hint: 'what the command does is done; free space where stdout leads, and ask again what it says',
    exit: EXIT.precondition,
  })
}

export const processStreams: Streams = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isRead: () => stdout.isRead,
}

/** stdout = result, stderr = talk. With `--json` the result is one envelope on stdout, success or failure. */
export interface Output {
  /** The one result of the command; `text` is what a person reads. Warnings are things that are not wrong, but soon may be. */
  readonly result: (data: unknown, text: string, warnings?: readonly string[]) => void
  /** A line of a result that comes in parts. False: nobody reads them any more. */
  readonly line: (text: string) => boolean
  /** Progress and remarks, for people. */
  readonly say: (line: string) => void
}

export interface OutputOptions {
  readonly json: boolean
  readonly command: string
  readonly streams: Streams
}

/** JSON with bigints as decimal strings. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => (typeof field === 'bigint' ? String(field) : field))
}

export function makeOutput({ json, command, streams }: OutputOptions): Output {
  const say = (line: string): void => streams.err(`${line}\n`)
  return {
    result: (data, text, warnings = []) => {
      streams.out(json ? `${toJson({ schema: 1, ok: true, command, data, warnings })}\n` : `${text}\n`)
      for (const warning of warnings) say(`warning: ${warning}`)
    },
    line: (text) => {
      streams.out(`${text}\n`)
      return streams.isRead?.() ?? true
    },
    say,
  }
}

/** Prints an error the way every command does, and says which exit code it has. */
export function printError(error: unknown, { json, command, streams }: OutputOptions): ExitCode {
  const told = diskFault(error) ?? missingPackage(error) ?? error
  return printFault(told, { json, command, streams })
}

function printFault(error: unknown, { json, command, streams }: OutputOptions): ExitCode {
  const known = error instanceof RsdpError
  const code = known ? error.code : 'E_BUG'
  const message = error instanceof Error ? error.message : String(error)
  const hint = known ? error.hint : 'this is a fault of ours: please report it with the command you ran'
  const exit = known ? error.exit : EXIT.bug
  if (json) {
    const details = known ? error.details : {}
    streams.out(`${toJson({ schema: 1, ok: false, command, error: { code, message, hint, details } })}\n`)
  }
  streams.err(`error[${code}]: ${message} -> ${hint}\n`)
  if (!known && process.env['RSDP_DEBUG'] !== undefined && error instanceof Error) {
    streams.err(`${error.stack ?? ''}\n`)
  }
  return exit
}

/** Columns padded to their widest cell; numbers to the right. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number | bigint)[])[],
): string {
  const cells = [header, ...rows.map((row) => row.map(String))]
  const widths = header.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)))
  const numeric = header.map((_, column) => rows.every((row) => typeof row[column] !== 'string'))
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          numeric[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
