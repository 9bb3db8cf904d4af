import type { Engine } from '../engines.ts'
import { readEngines } from '../engines.ts'
import { chosenConnections } from '../judge-connections.ts'
import { chosenEngines } from '../judge-engines.ts'
import { asdMachines } from '../judge-servers.ts'
import type { SplitFile } from '../models.ts'
import type { ReadData } from '../result.ts'
import type { Ablation } from './ablation.ts'
import { judgeAdversarial } from './adversarial.ts'
import type { FoldEstimate } from './engines.ts'
import { judgeEngineTechniques, judgeFolds } from './engines.ts'
import type { FailureFigure } from './failures.ts'
import { judgeFailures } from './failures.ts'
import { judgeTransfer } from './transfer.ts'

/** What each technique of training is worth, on the chosen part alone; and predictors of failure, on engines that nobody chose by. */
export interface AblationResults {
  readonly ablations: readonly Ablation[]
  readonly folds: readonly FoldEstimate[]
  readonly failures: readonly FailureFigure[]
}

const FILE = 'cmapss/train_FD001.txt.gz'

export function runAblations(read: ReadData, split: SplitFile): AblationResults {
  const chosen = chosenEngines(read)
  const isChosen = new Set(chosen.map(({ number }) => number))
  const judged: Engine[] = readEngines(FILE, read(FILE)).filter(({ number }) => !isChosen.has(number))
  return {
    ablations: [
      ...judgeEngineTechniques(chosen),
      ...judgeTransfer(asdMachines(read, split.asd, 'chosen')),
      ...judgeAdversarial(chosenConnections(read)),
    ],
    folds: judgeFolds(chosen),
    failures: judgeFailures(chosen, judged),
  }
}
