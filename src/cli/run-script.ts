import { basename } from 'node:path'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { ExitCode } from '../types/exit-codes.ts'
import { outliveReaders } from './output.ts'
import { runCommand } from './run-command.ts'

/** Runs the body of a script with its arguments: errors, interrupts and exit codes as for every command. */
export function runScript(
  body: (args: readonly string[], signal: AbortSignal) => Promise<ExitCode | undefined>,
): Promise<void> {
  outliveReaders()
  const [, file = 'script', ...args] = process.argv
  return runCommand(basename(file), false, async ({ signal }) => (await body(args, signal)) ?? EXIT.ok)
}

/** An argument that is a number. @throws RsdpError E_USAGE */
export function integerArgument(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new RsdpError({
    code: 'E_USAGE',
    message: `${name} is '${text}', not an integer from ${min} to ${max}`,
    hint: 'the first lines of the script say what it takes',
    exit: EXIT.usage,
  })
}
