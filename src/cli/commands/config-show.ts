import type { Command } from 'commander'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { settingsFor } from '../settings.ts'

/** Every setting of a command, or of all, and where it comes from. */
export function configShow(words: readonly string[], program: Command, { output }: CommandContext): ExitCode {
  const { of, settings } = settingsFor(words, program)
  const rows = settings.map(({ command, flag, value, source, variable }) => [
    ...(of.length > 1 ? [command] : []),
    flag,
    value ?? '-',
    source,
    variable,
  ])
  const header = [...(of.length > 1 ? ['command'] : []), 'flag', 'value', 'source', 'variable']
  output.result({ settings }, table(header, rows))
  return EXIT.ok
}
