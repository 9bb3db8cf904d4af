import { CommanderError } from 'commander'
import { EXIT } from '../types/exit-codes.ts'
import { outliveReaders, toJson } from './output.ts'
import { buildProgram } from './program.ts'
import { runCommand } from './run-command.ts'

outliveReaders()
try {
  await buildProgram(runCommand).parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // commander has printed its own message: help and version are no failure, everything else is misuse
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error.exitCode !== 0 && process.argv.includes('--json')) {
    const hint = 'run the command with --help for examples'
    const problem = { code: 'E_USAGE', message: error.message, hint, details: {} }
    process.stdout.write(`${toJson({ schema: 1, ok: false, command: 'rsdp', error: problem })}\n`)
  }
}
