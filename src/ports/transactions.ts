import type { OpenTx, TxAnswer, TxAsk, TxName } from '../types/transaction.ts'

/** Transactions over the strong stores of the tasks that this node was drawn for. */
export interface Transactions {
  /** Coordinates it; answers once it is decided, or `pending` if that takes long. Never rejects. */
  begin(task: bigint, ask: TxAsk): Promise<TxAnswer>
  /** What became of a transaction: of one that another member coordinates, that member is asked. Never rejects. */
  outcome(task: bigint, name: TxName): Promise<TxAnswer>
  open(): readonly OpenTx[]
}
