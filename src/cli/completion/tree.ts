import type { Command } from 'commander'

export interface CompletedFlag {
  /** With its dashes. */
  readonly long: string
  readonly takesValue: boolean
  readonly about: string
}

/** What may follow the words of a command or group. */
export interface CompletedPlace {
  /** Words after `rsdp`, each led by a space; empty: `rsdp` itself. */
  readonly at: string
  readonly commands: readonly { readonly name: string; readonly about: string }[]
  readonly flags: readonly CompletedFlag[]
  /** Words that an argument may be. */
  readonly choices: readonly string[]
}

const HELP: CompletedFlag = { long: '--help', takesValue: false, about: 'what the command does' }

/** Every place of the command tree, from the tree itself. */
export function placesOf(command: Command, at = ''): CompletedPlace[] {
  const visible = command.createHelp().visibleCommands(command)
  const commands = visible.filter((one) => one.name() !== 'help')
  const flags = command.options.flatMap(({ long, hidden, required, description }) =>
    long === undefined || hidden ? [] : [{ long, takesValue: required, about: description }],
  )
  const place: CompletedPlace = {
    at,
    commands: commands.map((one) => ({ name: one.name(), about: one.description() })),
    flags: [...flags, HELP],
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }
  return [place, ...commands.flatMap((one) => placesOf(one, `${at} ${one.name()}`))]
}
