/** What an author of reducers imports, as `rsdp/reducers`. */
export { bytes32, fixedCodec, i128, rowsCodec, struct, u64, u8 } from './fixed-width.ts'
export type { Field, MemberRow } from './fixed-width.ts'
export { onlyRow, remainingRows, rowsOf, uniteRows } from './rows.ts'
export { firstBySeed, seedRank } from './seed-order.ts'
export type { AggregateContext, Codec, Context, ContextMember, Input, Reducer } from './reducer.ts'
export type { LedgerEvent } from '../types/ledger.ts'
export type { Digest, Hex } from '../types/ids.ts'
