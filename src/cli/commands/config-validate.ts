import type { Command } from 'commander'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { isShared, variableOf } from '../environment.ts'
import type { CommandContext } from '../run-command.ts'
import { leavesOf, settingsFor } from '../settings.ts'

interface Problem {
  readonly name: string
  readonly problem: string
}

/**
 * Holds the settings of a command, or of all, against what the command takes, and RSDP_* variables against the flags that
 * there are. Whether chain, files and ports are there, doctor says.
 *
 * @throws RsdpError E_CONFIG with all that is wrong; E_USAGE
 */
export function configValidate(
  words: readonly string[],
  program: Command,
  { output }: CommandContext,
): ExitCode {
  const { of, settings } = settingsFor(words, program)
  const refused = settings.flatMap(({ variable, value, problem }): Problem[] =>
    problem === null ? [] : [{ name: variable, problem: `${value}: ${problem}` }],
  )
  // of a command that is named; all together nobody runs
  const missing = of.length > 1 ? [] : settings.flatMap((one) => missingOf(of[0], one))
  const problems = unique([...refused, ...missing, ...strangers(program)])
  const [first] = problems
  if (first !== undefined)
    throw new RsdpError({
      code: 'E_CONFIG',
      message: problems.map(({ name, problem }) => `${name}: ${problem}`).join('; '),
      hint: `${first.name} first; rsdp config show says where each setting comes from`,
      exit: EXIT.usage,
      details: { problems },
    })
  output.result(
    { commands: of.length, settings: settings.length },
    `${settings.length} settings of ${of.length} ${of.length === 1 ? 'command' : 'commands'}: nothing wrong`,
  )
  return EXIT.ok
}

function missingOf(
  command: Command | undefined,
  { flag, source }: { readonly flag: string; readonly source: string },
): Problem[] {
  const option = command?.options.find(({ long }) => long === flag)
  return option?.mandatory === true && source === 'not set' ? [{ name: flag, problem: 'is not set' }] : []
}

/** Variables that look like settings, and are none. */
function strangers(program: Command): Problem[] {
  const known = new Set(leavesOf(program).flatMap(({ options }) => options.map(variableOf)))
  return Object.keys(process.env)
    .filter((name) => name.startsWith('RSDP_') && !known.has(name) && !isShared(name))
    .map((name) => ({ name, problem: 'no command has a flag of that name' }))
}

function unique(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((one) => [`${one.name} ${one.problem}`, one])).values()]
}
