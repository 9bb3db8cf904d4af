import type { Command } from 'commander'
import { helpOf, pathOf } from '../../src/cli/all-help.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { leavesOf } from '../../src/cli/settings.ts'

const COLUMNS = 110
const HEAD = `# Commands

What \`--help\` says on every level; \`--help --all\` after \`rsdp\` alone says all of it. This page is written by \`npm run reference\`, and
a test compares the two. Each flag has an environment variable, which the flag itself overrides. Exit codes:
[README](../README.md#exit-codes). Errors: [errors.md](errors.md). Completion: \`rsdp completion bash\`, or \`zsh\`, or \`fish\`, prints a
script for the shell to source.
`

/** The page of all commands, from the command tree itself. */
export function cliPage(): string {
  const program = buildProgram(() => Promise.resolve())
  const all = program.commands.flatMap(leavesOf)
  const list = all.map((command) => `| [${pathOf(command)}](#${anchor(command)}) | ${said(command)} |`)
  const sections = all.map(
    (command) => `## ${pathOf(command)}\n\n\`\`\`text\n${helpOf(command, COLUMNS)}\n\`\`\`\n`,
  )
  return [HEAD, ['| Command | |', '|---|---|', ...list, ''].join('\n'), ...sections].join('\n')
}

const anchor = (command: Command): string => pathOf(command).replaceAll(' ', '-')
const said = (command: Command): string => command.description().replaceAll('|', '\\|')
