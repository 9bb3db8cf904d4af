/** Hex strings as they go through the whole program: `0x` and lower-case digits. */

/** `0x` + hex digits of any even length. */
export type Hex = `0x${string}`

/** 32-byte digest: `0x` + 64 lower-case hex digits. */
export type Digest = Hex

/** 20-byte account: `0x` + 40 lower-case hex digits (never checksummed inside the program). */
export type Address = Hex

/** Seat of a member in its cluster, 0 … n−1. */
export type MemberIndex = number

/** Set of members, u256: bit i = member i. Bits of seats that do not exist are refused wherever a bitmap is judged. */
export type Bitmap = bigint

/** 32 zero bytes: NIL as a value, and "nothing decided yet". */
export const NIL: Digest = `0x${'00'.repeat(32)}`

/** Most members a cluster can have: loops on chain are bounded by it. */
export const MEMBERS_MAX = 128
