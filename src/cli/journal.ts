import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Deployment } from '../adapters/evm/deployment.ts'
import type { SqliteTxJournal } from '../adapters/sqlite/tx-journal.ts'
import { journalIn } from '../compose/journal.ts'
import type { Address } from '../types/ids.ts'

/**
 * The journal of a command's wallet: that of the node if the key file is in a data directory, so that both take turns; else
 * one of the user's, wherever the key file is.
 */
export function journalFor(
  keyFile: string | undefined,
  deployment: Deployment,
  account: Address,
): SqliteTxJournal {
  const folder = keyFile === undefined ? null : dirname(keyFile)
  if (folder !== null && existsSync(join(folder, 'store.sqlite')))
    return journalIn(folder, deployment, account)
  return journalIn(stateDir(), deployment, account)
}

/** `$XDG_STATE_HOME/rsdp`, by default `~/.local/state/rsdp`. */
export function stateDir(): string {
  const set = process.env['XDG_STATE_HOME']
  const base = set === undefined || set === '' ? join(homedir(), '.local', 'state') : set
  return join(base, 'rsdp')
}
