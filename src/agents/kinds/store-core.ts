import type { TxRow } from '../../services/store/transactions.ts'
import type { ReplicaWord } from '../../services/store/types.ts'
import type { GroupView } from '../../services/replication/view.ts'
import type { Address } from '../../types/ids.ts'
import type { Consistency, StoreAnswer, StoreChange, StoreWord } from '../../types/store-request.ts'

export type CoreEvent =
  | {
      readonly kind: 'group'
      readonly group: GroupView
      /** Heights of the line until then, and agreed time. */
      readonly height: number
      readonly agreedMs: number
    }
  | { readonly kind: 'frame'; readonly from: Address; readonly bytes: Uint8Array }
  | { readonly kind: 'ask'; readonly id: number; readonly ask: StoreWord }
  | { readonly kind: 'tick' }

/** An answer without what the copy around knows. */
export type CoreAnswer =
  | Omit<Extract<StoreAnswer, { code: 'ok' }>, 'consistency' | 'height'>
  | Extract<StoreAnswer, { code: 'refused' }>

/** What a step asks for: the records are on disk before anything else of it leaves. */
export interface CoreEffects {
  readonly records: readonly Uint8Array[]
  /** Write `whole()` in place of all records, these ones among them. */
  readonly isWhole: boolean
  readonly sends: readonly { readonly to: Address; readonly bytes: Uint8Array }[]
  readonly answers: readonly { readonly id: number; readonly answer: CoreAnswer }[]
  readonly changes: readonly StoreChange[]
}

/** The pure machine of one copy, with bytes where it meets disk and network. */
export interface StoreCore {
  readonly consistency: Consistency
  readonly tickMs: number
  /** Nothing may be called after a step until what it asks for is done. */
  step(event: CoreEvent): CoreEffects
  /** The fewest records of which a new copy goes on where this one is. */
  whole(): Uint8Array[]
  report(): ReplicaWord
  /** What it says of its data in the next input, which is for this height. */
  speak(height: number): ReplicaWord
  /** Whether it has had what the other copies hold, so that it counts as one of them. */
  hasCaughtUp(): boolean
  /** Whether what it has is also elsewhere, so that it may stop. */
  isShared(): boolean
  /** Transactions at a strong store that leads. */
  transactions(): readonly TxRow[]
  /** Null: the changes behind the index are not kept, or none are. */
  changesSince(index: number): readonly StoreChange[] | null
}
