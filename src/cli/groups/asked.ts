import type { Command } from 'commander'
import { Option } from 'commander'
import { dataDir, json } from '../flags.ts'

/** What commands to machines of tasks have in common: the node, and its task. */
export function asked(command: Command): Command {
  const task = new Option('--task <id>', 'the task; default: the newest of this kind that the node runs')
  return command.addOption(dataDir()).addOption(task).addOption(json())
}
