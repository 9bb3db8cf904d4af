import type { Transactions } from '../../src/ports/transactions.ts'

/** Of a node without any. */
export const NO_TRANSACTIONS: Transactions = {
  begin: () => Promise.resolve({ code: 'refused', refusal: 'no-store', why: '' }),
  outcome: (_, name) => Promise.resolve({ code: 'unknown', name }),
  open: () => [],
}
