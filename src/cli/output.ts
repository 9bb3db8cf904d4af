import { EXIT } from '../types/exit-codes.ts'
import type { ExitCode } from '../types/exit-codes.ts'
import { RsdpError } from '../types/errors.ts'

/** Where a command writes: the process's own streams, or those of a test. */
export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

export const processStreams: Streams = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
}

/** stdout = result, stderr = talk. With `--json` the result is one envelope on stdout, success or failure. */
export interface Output {
  /** The one result of the command; `text` is what a person reads. Warnings are things that are not wrong, but soon may be. */
  readonly result: (data: unknown, text: string, warnings?: readonly string[]) => void
  /** A line of a result that comes in parts. */
  readonly line: (text: string) => void
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
    line: (text) => streams.out(`${text}\n`),
    say,
  }
}

/** Prints an error the way every command does, and says which exit code it has. */
export function printError(error: unknown, { json, command, streams }: OutputOptions): ExitCode {
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
