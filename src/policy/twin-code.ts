import { fromHex } from '../codec/hex.ts'
import type { Hex } from '../types/ids.ts'

/** Why code may answer one caller otherwise than another: an instruction that says so. */
export interface Impurity {
  /** Of the instruction, in the code. */
  readonly at: number
  readonly what: string
}

interface Effect {
  readonly takes: number
  readonly leaves: number
}

const [STOP, JUMP, JUMPI, JUMPDEST, PUSH0, PUSH32, DUP1, SWAP1, SWAP16] = [
  0x00, 0x56, 0x57, 0x5b, 0x5f, 0x7f, 0x80, 0x90, 0x9f,
]
const [RETURN, REVERT, INVALID] = [0xf3, 0xfd, 0xfe]

/**
 * Instructions whose outcome is given by call data, memory, stack and code, but for PUSH, DUP and SWAP, by how many words they take and
 * leave. Whatever is not among them is refused, so that an instruction of a later fork is, too. A call's value is always 0 here: the
 * slasher asks by STATICCALL. As there are no calls, what one has returned is always nothing.
 */
const EFFECTS: ReadonlyMap<number, Effect> = new Map([
  ...all(0, 0, STOP, JUMPDEST, INVALID),
  ...all(0, 1, 0x34, 0x36, 0x38, 0x3d, 0x58, 0x59), // CALLVALUE, sizes, PC, MSIZE
  ...all(1, 0, 0x50, JUMP), // POP
  ...all(1, 1, 0x15, 0x19, 0x1e, 0x35, 0x51), // ISZERO, NOT, CLZ, CALLDATALOAD, MLOAD
  ...all(2, 0, 0x52, 0x53, JUMPI, RETURN, REVERT), // MSTORE, MSTORE8
  ...all(2, 1, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0a, 0x0b), // arithmetic
  ...all(2, 1, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1b, 0x1c, 0x1d, 0x20), // …, bits, KECCAK256
  ...all(3, 0, 0x37, 0x39, 0x3e, 0x5e), // copies into memory
  ...all(3, 1, 0x08, 0x09), // ADDMOD, MULMOD
])

const NAMES: Readonly<Record<number, string>> = {
  ...{ 0x30: 'ADDRESS', 0x31: 'BALANCE', 0x32: 'ORIGIN', 0x33: 'CALLER', 0x3a: 'GASPRICE' },
  ...{ 0x3b: 'EXTCODESIZE', 0x3c: 'EXTCODECOPY', 0x3f: 'EXTCODEHASH', 0x40: 'BLOCKHASH', 0x41: 'COINBASE' },
  ...{ 0x42: 'TIMESTAMP', 0x43: 'NUMBER', 0x44: 'PREVRANDAO', 0x45: 'GASLIMIT', 0x46: 'CHAINID' },
  ...{ 0x47: 'SELFBALANCE', 0x48: 'BASEFEE', 0x49: 'BLOBHASH', 0x4a: 'BLOBBASEFEE', 0x54: 'SLOAD' },
  ...{ 0x55: 'SSTORE', 0x5a: 'GAS', 0x5c: 'TLOAD', 0x5d: 'TSTORE', 0xa0: 'LOG0', 0xa1: 'LOG1', 0xa2: 'LOG2' },
  ...{ 0xa3: 'LOG3', 0xa4: 'LOG4', 0xf0: 'CREATE', 0xf1: 'CALL', 0xf2: 'CALLCODE', 0xf4: 'DELEGATECALL' },
  ...{ 0xf5: 'CREATE2', 0xfa: 'STATICCALL', 0xff: 'SELFDESTRUCT' },
}

const ENDS: ReadonlySet<number> = new Set([STOP, JUMP, RETURN, REVERT, INVALID])
const STACK_MAX = 1_024
/** Instructions and words that are followed before the rough answer is taken: nobody's code may keep a node busy. */
const STEPS_MAX = 100_000
/** On the stack: a word that is no constant place to jump to. */
const ANY = -1

/**
 * Null if a twin with this code answers the same to everybody, at any block, or not at all: what it says depends on what it is asked
 * alone. Running out of gas is no answer, and who asks with little gas cannot make it one: there is no GAS, and no
 * call whose failure the code could see.
 *
 * Every way through the code is followed, whatever its conditions are. Where a jump leads to a place that is computed, or there are too
 * many ways, every place that any jump may lead to counts as reached, in data after the code, too: rather too strict than too lax.
 *
 * Code that never returns is none: some chains have accounts whose code stands for something that the chain does itself.
 */
export function impurity(code: Hex): Impurity | null {
  const bytes = fromHex(code)
  const places = placesOf(bytes)
  const reached = followed(bytes, places) ?? anywhere(bytes, places)
  let returns = false
  for (const at of reached) {
    const op = bytes[at] ?? STOP
    if (effectOf(op) === null) return { at, what: NAMES[op] ?? `no instruction: 0x${op.toString(16)}` }
    if (op === RETURN) returns = true
  }
  return returns ? null : { at: bytes.length, what: 'no RETURN' }
}

function all(takes: number, leaves: number, ...ops: readonly number[]): [number, Effect][] {
  return ops.map((op) => [op, { takes, leaves }])
}

/** Null: not to be reached. */
function effectOf(op: number): Effect | null {
  if (op >= PUSH0 && op <= PUSH32) return { takes: 0, leaves: 1 }
  if (op >= DUP1 && op < SWAP1) return { takes: op - DUP1 + 1, leaves: op - DUP1 + 2 }
  if (op >= SWAP1 && op <= SWAP16) return { takes: op - SWAP1 + 2, leaves: op - SWAP1 + 2 }
  return EFFECTS.get(op) ?? null
}

/** Where the instruction after this one is. */
function after(bytes: Uint8Array, at: number): number {
  const op = bytes[at] ?? STOP
  return at + 1 + (op > PUSH0 && op <= PUSH32 ? op - PUSH0 : 0)
}

/** Places that jumps may lead to: as the EVM reads, from the start on, and not in what is pushed. */
function placesOf(bytes: Uint8Array): ReadonlySet<number> {
  const places = new Set<number>()
  for (let at = 0; at < bytes.length; at = after(bytes, at)) if (bytes[at] === JUMPDEST) places.add(at)
  return places
}

/** Instructions that come after the start or after any place. */
function anywhere(bytes: Uint8Array, places: ReadonlySet<number>): readonly number[] {
  const reached: number[] = []
  let isReached = true
  for (let at = 0; at < bytes.length; at = after(bytes, at)) {
    isReached ||= places.has(at)
    if (isReached) reached.push(at)
    if (ENDS.has(bytes[at] ?? STOP)) isReached = false
  }
  return reached
}

/** Instructions that are reached if jumps go where constants say; null if that cannot be said. What is refused ends a way. */
function followed(bytes: Uint8Array, places: ReadonlySet<number>): Iterable<number> | null {
  const reached = new Set<number>()
  const begun = new Set<string>()
  const open: { at: number; stack: number[] }[] = [{ at: 0, stack: [] }]
  let steps = 0
  const begin = (at: number, stack: readonly number[]): void => {
    steps += stack.length
    const name = `${at} ${stack.join(' ')}`
    if (begun.has(name)) return
    begun.add(name)
    open.push({ at, stack: [...stack] })
  }
  for (let way = open.pop(); way !== undefined; way = open.pop()) {
    const { stack } = way
    for (let { at } = way; at < bytes.length; at = after(bytes, at)) {
      if ((steps += 1) > STEPS_MAX) return null
      const op = bytes[at] ?? STOP
      reached.add(at)
      if (op === JUMP || op === JUMPI) {
        const to = stack.at(-1)
        if (to === undefined || (op === JUMPI && stack.length < 2)) break
        if (to === ANY) return null
        stack.length -= op === JUMP ? 1 : 2
        begin(to, stack)
        if (op === JUMPI) begin(at + 1, stack)
        break
      }
      if (ENDS.has(op) || !runs(bytes, at, stack, places)) break
    }
  }
  return reached
}

/** What an instruction does to the stack; false if it ends there. */
function runs(bytes: Uint8Array, at: number, stack: number[], places: ReadonlySet<number>): boolean {
  const op = bytes[at] ?? STOP
  const effect = effectOf(op)
  if (effect === null || stack.length < effect.takes) return false
  if (stack.length - effect.takes + effect.leaves > STACK_MAX) return false
  if (op >= PUSH0 && op <= PUSH32) stack.push(pushed(bytes, at, places))
  else if (op >= DUP1 && op < SWAP1) stack.push(stack.at(DUP1 - op - 1) ?? ANY)
  else if (op >= SWAP1 && op <= SWAP16) {
    const [top, other] = [stack.length - 1, stack.length - 2 - (op - SWAP1)]
    const word = stack[top] ?? ANY
    stack[top] = stack[other] ?? ANY
    stack[other] = word
  } else {
    stack.length -= effect.takes
    if (effect.leaves === 1) stack.push(ANY)
  }
  return true
}

/** A constant counts if it is a place: what is counted in a loop stays out of sight. Code that ends goes on in zeros. */
function pushed(bytes: Uint8Array, at: number, places: ReadonlySet<number>): number {
  let value = 0
  for (let i = at + 1; i < after(bytes, at); i += 1)
    value = Math.min(value * 256 + (bytes[i] ?? 0), bytes.length)
  return places.has(value) ? value : ANY
}
