import { join } from 'node:path'
import type { Deployment } from '../adapters/evm/deployment.ts'
import { SqliteTxJournal } from '../adapters/sqlite/tx-journal.ts'
import { chanceOf } from '../types/chance.ts'
import type { Address } from '../types/ids.ts'

/** Folder of the journals in a data directory, or in the user's state directory. */
const FOLDER = 'transactions'

/** The journal of what an account sends, below `dir`. */
export function journalIn(
  dir: string,
  { chainId, deploymentId }: Deployment,
  account: Address,
): SqliteTxJournal {
  return new SqliteTxJournal({
    dir: join(dir, FOLDER),
    chainId,
    // a local chain that was started again has the same id
    deploymentId: chanceOf(chainId) === 'local' ? deploymentId : null,
    account,
  })
}
