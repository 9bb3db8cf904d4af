import { buildProgram } from '../../src/cli/program.ts'
import { carryOut } from '../../src/cli/run-command.ts'
import { CommanderError } from 'commander'
import type { CliRun } from './rsdp.ts'

/** Runs `rsdp …` in this process: as its own does, but for signals and what happens at its end. */
export async function rsdpHere(...args: readonly string[]): Promise<CliRun> {
  let [stdout, stderr] = ['', '']
  let code: number | null = null
  const streams = { out: (text: string) => (stdout += text), err: (text: string) => (stderr += text) }
  const program = buildProgram(async (command, json, body) => {
    code = await carryOut({ command, json, streams }, body, new AbortController().signal)
  })
  const quiet = { writeOut: streams.out, writeErr: streams.err }
  const silence = (command: typeof program): void => {
    command.configureOutput(quiet)
    command.commands.forEach(silence)
  }
  silence(program)
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    code = error.exitCode === 0 ? 0 : 2
  }
  return { code, stdout, stderr }
}
