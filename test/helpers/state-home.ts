import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Commands of this process forget what they have sent: for a test that puts its chain back to a snapshot, which a journal
 * takes for a re-organisation.
 */
export function forgetTransactions(): void {
  process.env['XDG_STATE_HOME'] = mkdtempSync(join(tmpdir(), 'rsdp-state-'))
}
