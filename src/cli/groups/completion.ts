import type { Command } from 'commander'
import { Argument } from 'commander'
import { EXIT } from '../../types/exit-codes.ts'
import { completionScript, SHELLS } from '../completion/scripts.ts'
import type { Shell } from '../completion/scripts.ts'
import { placesOf } from '../completion/tree.ts'
import { examples } from '../flags.ts'
import type { RunCommand } from '../run-command.ts'

/** completion: a script for a shell. */
export function addCompletionCommand(program: Command, run: RunCommand): void {
  program
    .command('completion')
    .description('prints a script that completes commands and flags in a shell')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .addHelpText('after', examples('rsdp completion bash', 'rsdp completion fish'))
    .action((shell: Shell) =>
      run('completion', false, ({ output }) => {
        const script = completionScript(shell, placesOf(program))
        output.result({ shell, script }, script)
        return Promise.resolve(EXIT.ok)
      }),
    )
}
