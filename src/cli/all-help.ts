import type { Command } from 'commander'
import { Option } from 'commander'
import { SettingsCommand } from './environment.ts'
import { leavesOf } from './settings.ts'

/** The command `rsdp` itself: with `--all`, its `--help` is the help of every command. */
export class RootCommand extends SettingsCommand {
  constructor(name: string) {
    super(name)
    this.addOption(new Option('--all', 'with --help: the help of every command').default(false))
  }

  override helpInformation(...context: Parameters<Command['helpInformation']>): string {
    const own = super.helpInformation(...context)
    if (this.opts()['all'] !== true) return own
    const columns = this.configureOutput().getOutHelpWidth?.() ?? 80
    const sections = this.commands
      .flatMap(leavesOf)
      .filter((command) => isShown(command))
      .map((command) => `${pathOf(command)}\n\n${indented(helpOf(command, columns - INDENT.length))}\n`)
    return [own, ...sections].join('\n')
  }
}

const INDENT = '  '
const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, INDENT)

/** Words of a command, from `rsdp` on. */
export function pathOf(command: Command): string {
  const names: string[] = []
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name())
  return names.join(' ')
}

/** What a command prints for `--help`, without colours. */
export function helpOf(command: Command, columns: number): string {
  const before = { ...command.configureOutput() }
  let text = ''
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => columns,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  command.configureOutput(before)
  return text.trimEnd()
}

/** Not hidden in the help of its group. */
const isShown = (command: Command): boolean =>
  command.parent?.createHelp().visibleCommands(command.parent).includes(command) ?? true
