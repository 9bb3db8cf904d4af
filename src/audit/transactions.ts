import { Transaction } from 'ethers'
import { keccak } from '../codec/hex.ts'
import type { TransactionRecord } from '../ports/history-events.ts'
import type { RecoverSigner } from '../ports/keyring.ts'
import type { Address, Digest, Hex } from '../types/ids.ts'

/**
 * How far a transaction's contents are bound to the hash under which a log names it: `bound` = the signed bytes have
 * that hash, so no bit of the calldata can be another; `broken` = they have not; `unknown` = a kind of transaction
 * whose encoding is not known.
 */
export type Binding =
  | { readonly kind: 'bound'; readonly sender: Address }
  | { readonly kind: 'broken' }
  | { readonly kind: 'unknown' }

export function bind(transaction: TransactionRecord, recover: RecoverSigner): Binding {
  const { signed, hash } = transaction
  if (signed === null) return { kind: 'unknown' }
  if (keccak(signed) !== hash) return { kind: 'broken' }
  try {
    const { unsignedHash, signature } = Transaction.from(signed)
    const sender = signature === null ? null : recover(unsignedHash as Digest, signature.serialized as Hex)
    return sender === null ? { kind: 'broken' } : { kind: 'bound', sender }
  } catch {
    return { kind: 'broken' } // the right hash of something that is no signed transaction
  }
}
