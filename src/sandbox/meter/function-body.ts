import { BULK, OP, readInstruction } from './instructions.ts'
import { concat, Reader, signed, unsigned } from './leb.ts'
import type { Chunk } from './leb.ts'

/** Indices that the meter appended to the module, and its limits. */
export interface MeterIndices {
  /** i64 global: fuel left. */
  readonly fuel: number
  /** i32 global: depth of the call stack, in units. */
  readonly depth: number
  /** Function i32 → i32: pays for a bulk copy of that many bytes, answers the number. */
  readonly payBulk: number
  /** Function i32 → i32: `memory.grow` under the cap. */
  readonly grow: number
  readonly depthMax: number
}

export interface Signature {
  readonly params: number
  readonly results: readonly number[]
}

/** A call costs a frame, and 8 for each parameter and local. */
const FRAME_UNITS = 64
const SLOT_UNITS = 8
const EMPTY_BLOCK = 0x40
/** Instructions that only structure the code: the interpreter's switch nests hundreds of blocks. */
const FREE: ReadonlySet<number> = new Set([OP.nop, OP.block, OP.loop, OP.else, OP.end])
/** Instructions after which another basic block begins. */
const ENDS_BLOCK: ReadonlySet<number> = new Set([
  OP.loop,
  OP.if,
  OP.else,
  OP.end,
  OP.br,
  OP.brIf,
  OP.brTable,
  OP.unreachable,
  OP.return,
])

export const payFuel = (fuel: number, cost: number): number[] => [
  OP.globalGet,
  ...unsigned(fuel),
  OP.i64Const,
  ...signed(cost),
  0x7d, // i64.sub
  OP.globalSet,
  ...unsigned(fuel),
]

/** Traps once the fuel is below zero. */
export const checkFuel = (fuel: number): number[] => [
  OP.globalGet,
  ...unsigned(fuel),
  OP.i64Const,
  0,
  0x53, // i64.lt_s
  OP.if,
  EMPTY_BLOCK,
  OP.unreachable,
  OP.end,
]

/**
 * A function body that counts. Every basic block pays its number of instructions at its start; the fuel is checked at
 * function entry and at every loop head, which every unbounded path crosses. A function that calls others adds its
 * frame to the depth and traps above the cap: so the host's native stack never decides.
 */
export function meterBody(body: Uint8Array, signature: Signature, m: MeterIndices): Uint8Array {
  const r = new Reader(body)
  let locals = 0
  for (let groups = r.u32(); groups > 0; groups -= 1) {
    locals += r.u32()
    r.u8()
  }
  const [result, second] = signature.results
  if (second !== undefined) throw new RangeError('a function with several results is not supported')
  const isGuarded = callsOthers(body, r.at)
  const units = FRAME_UNITS + SLOT_UNITS * (signature.params + locals)
  const out: Chunk[] = [body.subarray(0, r.at)]
  if (isGuarded) out.push(enterFrame(units, m), [OP.block, result ?? EMPTY_BLOCK])
  out.push(...meterInstructions(r, isGuarded, m))
  if (isGuarded) out.push(addDepth(m.depth, units, 0x6b), [OP.end])
  return concat(out)
}

function meterInstructions(r: Reader, isGuarded: boolean, m: MeterIndices): Chunk[] {
  const { bytes } = r
  const out: Chunk[] = []
  let block: Chunk[] = []
  let cost = 0
  let open = 0
  let isChecked = true
  let from = r.at
  const copyTo = (to: number): void => {
    if (from < to) block.push(bytes.subarray(from, to))
    from = to
  }
  const endBlock = (): void => {
    copyTo(r.at)
    if (cost > 0) out.push(payFuel(m.fuel, cost))
    if (isChecked) out.push(checkFuel(m.fuel))
    out.push(...block)
    block = []
    cost = 0
    isChecked = false
  }
  while (r.at < bytes.length) {
    const { op, sub, start } = readInstruction(r)
    if (!FREE.has(op)) cost += 1
    if (op === OP.block || op === OP.loop || op === OP.if) open += 1
    else if (op === OP.end) open -= 1
    else if (op === OP.return && isGuarded) {
      copyTo(start)
      // out of the block around the body, behind which the frame is left
      block.push([OP.br, ...unsigned(open)])
      from = r.at
    } else if (op === OP.memoryGrow) {
      copyTo(start)
      block.push([OP.call, ...unsigned(m.grow)])
      from = r.at
    } else if (op === OP.prefix && (sub === BULK.memoryCopy || sub === BULK.memoryFill)) {
      copyTo(start)
      block.push([OP.call, ...unsigned(m.payBulk)])
    }
    if (ENDS_BLOCK.has(op)) endBlock()
    if (op === OP.loop) isChecked = true
  }
  if (block.length > 0 || from < r.at) endBlock()
  return out
}

function callsOthers(body: Uint8Array, at: number): boolean {
  const r = new Reader(body, at)
  while (r.at < body.length) {
    const { op } = readInstruction(r)
    if (op === OP.call || op === OP.callIndirect) return true
  }
  return false
}

function enterFrame(units: number, { depth, depthMax }: MeterIndices): number[] {
  return [
    ...addDepth(depth, units, 0x6a),
    OP.globalGet,
    ...unsigned(depth),
    OP.i32Const,
    ...signed(depthMax),
    0x4a, // i32.gt_s
    OP.if,
    EMPTY_BLOCK,
    OP.unreachable,
    OP.end,
  ]
}

/** @param op 0x6a i32.add, 0x6b i32.sub */
function addDepth(depth: number, units: number, op: number): number[] {
  return [
    OP.globalGet,
    ...unsigned(depth),
    OP.i32Const,
    ...signed(units),
    op,
    OP.globalSet,
    ...unsigned(depth),
  ]
}
