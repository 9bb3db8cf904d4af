import { decodeAsk } from '../../services/store/requests.ts'
import { nameOf } from '../../services/store/transactions.ts'
import { decodeStoreTx } from '../../services/transactions/store-message.ts'
import type { Copy } from '../kind.ts'

/**
 * Whether another member may say this to a store. What the agreed log has decided, the store's own node reads in the log: nobody
 * else tells it, and a member that lies splits no transaction.
 */
export function mayTell(copy: Copy, bytes: Uint8Array): boolean {
  const ask = decodeAsk(bytes)
  const message = ask?.kind === 'tx' ? decodeStoreTx(ask.message) : null
  if (message === null || (message.body.kind !== 'outcome' && message.body.kind !== 'forget')) return true
  const known = copy.transactions?.().find(({ name }) => nameOf(name) === nameOf(message.name))
  return known?.share?.protocol !== 'agreed'
}
