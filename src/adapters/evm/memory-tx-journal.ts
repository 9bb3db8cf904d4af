import type { Intent, TxJournal } from '../../ports/tx-journal.ts'

/** A journal that ends with its process. */
export class MemoryTxJournal implements TxJournal {
  readonly path = null
  readonly #intents = new Map<number, Intent>()

  lock(): Promise<void> {
    return Promise.resolve()
  }

  unlock(): void {
    // no other process reads it
  }

  intents(): readonly Intent[] {
    return [...this.#intents.values()].sort((a, b) => a.nonce - b.nonce)
  }

  put(intent: Intent): void {
    this.#intents.set(intent.nonce, intent)
  }

  remove(nonce: number): void {
    this.#intents.delete(nonce)
  }
}
