import { basename } from 'node:path'
import { EXIT } from '../types/exit-codes.ts'
import type { ExitCode } from '../types/exit-codes.ts'
import { runCommand } from './run-command.ts'

/** Runs the body of a script with its arguments: errors, interrupts and exit codes as for every command. */
export function runScript(
  body: (args: readonly string[], signal: AbortSignal) => Promise<ExitCode | undefined>,
): Promise<void> {
  const [, file = 'script', ...args] = process.argv
  return runCommand(basename(file), false, async ({ signal }) => (await body(args, signal)) ?? EXIT.ok)
}
