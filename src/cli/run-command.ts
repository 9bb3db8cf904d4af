import type { ExitCode } from '../types/exit-codes.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Output } from './output.ts'
import { makeOutput, printError } from './output.ts'

/** What every command is given besides its own options. */
export interface CommandContext {
  readonly output: Output
  readonly json: boolean
  /** Aborted by the first SIGINT or SIGTERM: finish what is being written, then return. */
  readonly signal: AbortSignal
}

/** Carries out the body of a command. */
export type RunCommand = (
  command: string,
  json: boolean,
  body: (context: CommandContext) => Promise<ExitCode>,
) => Promise<void>

const SIGNAL_EXITS = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Runs one command: result to stdout, talk to stderr, exit code by error class. The first SIGINT or SIGTERM asks it to
 * finish, the second ends the process at once.
 */
export const runCommand: RunCommand = async (command, json, body) => {
  const abort = new AbortController()
  const interrupts: number[] = []
  for (const [name, exit] of Object.entries(SIGNAL_EXITS)) {
    process.on(name, () => {
      if (interrupts.push(exit) > 1) process.exit(exit)
      abort.abort()
    })
  }
  let exit: number
  try {
    exit = await body({ output: makeOutput({ json, command }), json, signal: abort.signal })
  } catch (error) {
    exit = printError(error, { json, command })
  }
  process.exitCode = exit === EXIT.ok ? (interrupts[0] ?? exit) : exit
  // handles of libraries must not keep a finished command alive
  process.stdout.write('', () => process.exit())
}
