import type { Command } from 'commander'
import { examples, integer, json } from '../flags.ts'
import type { LearnEvaluateOptions, LearnExplainOptions, LearnTrainOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** learn train, evaluate, explain. */
export function addLearnCommands(program: Command, run: RunCommand): void {
  const learn = program
    .command('learn')
    .description('models that score metrics, connections and machines: fit, judge and explain them')
  learn
    .command('train <folder>')
    .description('fits the models anew from the training data in a folder and says their hashes')
    .option('--out <dir>', 'where to write them (default: nowhere)')
    .option('--split <file>', 'which part is for training', 'models/split.json')
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp learn train ./data', 'rsdp learn train ./data --out ./models --json'),
    )
    .action((folder: string, options: LearnTrainOptions) =>
      run('learn train', options.json, async (context) =>
        (await import('../commands/learn.ts')).learnTrain(folder, options, context),
      ),
    )
  learn
    .command('evaluate <folder> [sets...]')
    .description(
      'judges every method on the data sets in a folder, each beside chance and the simple methods',
    )
    .option('--part <part>', 'chosen or judged', 'judged')
    .option('--split <file>', 'which part is which', 'models/split.json')
    .option('--board <file>', 'published scores of NAB', 'models/nab-board.json')
    .addOption(json())
    .addHelpText(
      'after',
      examples('rsdp learn evaluate ./data', 'rsdp learn evaluate ./data nab --part chosen'),
    )
    .action((folder: string, sets: string[], options: LearnEvaluateOptions) =>
      run('learn evaluate', options.json, async (context) =>
        (await import('../commands/learn.ts')).learnEvaluate(folder, sets, options, context),
      ),
    )
  learn
    .command('explain <model> <rows>')
    .description('recomputes the score of a row of a CSV file, two ways, and says what it is made of')
    .requiredOption('--hash <hash>', 'hash of the model that a task pins')
    .option('--row <n>', 'number of the row, from 1 (default: the last)', integer(1, 1_000_000_000))
    .addOption(json())
    .addHelpText('after', examples('rsdp learn explain models/life.json engine.csv --hash 0x…'))
    .action((model: string, rows: string, options: LearnExplainOptions) =>
      run('learn explain', options.json, async (context) =>
        (await import('../commands/learn-explain.ts')).learnExplain(model, rows, options, context),
      ),
    )
}
