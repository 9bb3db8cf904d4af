import type { ExitCode } from '../types/exit-codes.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Output, OutputOptions } from './output.ts'
import { lostResult, makeOutput, printError, processStreams } from './output.ts'

/** What every command is given besides its own options. */
export interface CommandContext {
  readonly output: Output
  readonly json: boolean
  /** Aborted by the first SIGINT or SIGTERM, or when its parent ends: finish what is being written, then return. */
  readonly signal: AbortSignal
}

export type CommandBody = (context: CommandContext) => Promise<ExitCode>

/** Carries out the body of a command. */
export type RunCommand = (command: string, json: boolean, body: CommandBody) => Promise<void>

/** How long what is written last may take to reach a reader that lets others wait. */
const FLUSH_MS_MAX = 2_000
const SIGNAL_EXITS = { SIGINT: 130, SIGTERM: 143 } as const

/** Result to stdout, talk to stderr, exit code by error class. Never throws. */
export async function carryOut(
  options: OutputOptions,
  body: CommandBody,
  signal: AbortSignal,
): Promise<ExitCode> {
  try {
    return await body({ output: makeOutput(options), json: options.json, signal })
  } catch (error) {
    return printError(error, options)
  }
}

/**
 * Runs one command as this process. The first SIGINT or SIGTERM asks it to finish, the second ends the process at once.
 * So does the end of a parent that holds a channel to it.
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
  // the network that started this node was killed: nobody else would stop it
  process.once('disconnect', () => abort.abort())
  process.channel?.unref()
  const options = { command, json, streams: processStreams }
  const exit = await carryOut(options, body, abort.signal)
  process.exitCode = exit === EXIT.ok ? (interrupts[0] ?? exit) : exit
  // handles of libraries must not keep a finished command alive, nor a reader that does not read
  setTimeout(() => process.exit(), FLUSH_MS_MAX)
  process.stdout.write('', () => {
    // errors of stdout are told after this
    setImmediate(() => {
      const lost = lostResult()
      if (lost !== null && exit === EXIT.ok) process.exitCode = printError(lost, { ...options, json: false })
      process.exit()
    })
  })
}
