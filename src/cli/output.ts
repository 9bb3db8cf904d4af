import { EXIT } from '../types/exit-codes.ts'
import type { ExitCode } from '../types/exit-codes.ts'
import { RsdpError } from '../types/errors.ts'

/** stdout = result, stderr = talk. With `--json` the result is one envelope on stdout, success or failure. */
export interface Output {
  /** The one result of the command; `text` is what a person reads. */
  readonly result: (data: unknown, text: string) => void
  /** Progress and remarks, for people. */
  readonly say: (line: string) => void
}

export interface OutputOptions {
  readonly json: boolean
  readonly command: string
}

/** JSON with bigints as decimal strings. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => (typeof field === 'bigint' ? String(field) : field))
}

export function makeOutput({ json, command }: OutputOptions): Output {
  return {
    result: (data, text) => {
      process.stdout.write(
        json ? `${toJson({ schema: 1, ok: true, command, data, warnings: [] })}\n` : `${text}\n`,
      )
    },
    say: (line) => process.stderr.write(`${line}\n`),
  }
}

/** Prints an error the way every command does, and says which exit code it has. */
export function printError(error: unknown, { json, command }: OutputOptions): ExitCode {
  const known = error instanceof RsdpError
  const code = known ? error.code : 'E_BUG'
  const message = error instanceof Error ? error.message : String(error)
  const hint = known ? error.hint : 'this is a fault of ours: please report it with the command you ran'
  const exit = known ? error.exit : EXIT.bug
  if (json) {
    const details = known ? error.details : {}
    process.stdout.write(
      `${toJson({ schema: 1, ok: false, command, error: { code, message, hint, details } })}\n`,
    )
  }
  process.stderr.write(`error[${code}]: ${message} -> ${hint}\n`)
  if (!known && process.env['RSDP_DEBUG'] !== undefined && error instanceof Error) {
    process.stderr.write(`${error.stack ?? ''}\n`)
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
