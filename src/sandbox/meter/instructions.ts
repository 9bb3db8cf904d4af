import type { Reader } from './leb.ts'

/** Opcodes that the meter treats apart (core specification 5.4). */
export const OP = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  globalGet: 0x23,
  globalSet: 0x24,
  localGet: 0x20,
  localTee: 0x22,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  /** Followed by a number: saturating truncation, bulk memory, tables. */
  prefix: 0xfc,
} as const

/** Numbers behind `OP.prefix`. */
export const BULK = { memoryInit: 8, dataDrop: 9, memoryCopy: 10, memoryFill: 11 } as const

export interface Instruction {
  readonly op: number
  /** The number behind the prefix; 0 without. */
  readonly sub: number
  /** Where the instruction starts; it ends where the reader stands. */
  readonly start: number
}

/** Opcodes without immediates. 0xd1 is ref.is_null; 0x45 … 0xc4 are numeric. */
const isPlain = (op: number): boolean =>
  op === OP.unreachable ||
  op === OP.nop ||
  op === OP.else ||
  op === OP.end ||
  op === OP.return ||
  op === 0x1a ||
  op === 0x1b ||
  op === 0xd1 ||
  (op >= 0x45 && op <= 0xc4)

/** Reads one instruction with its immediates. Throws for opcodes that the engine profile does not use. */
export function readInstruction(r: Reader): Instruction {
  const start = r.at
  const op = r.u8()
  if (op === OP.prefix) return { op, sub: readPrefixed(r), start }
  if (op === OP.block || op === OP.loop || op === OP.if) r.skipInteger()
  else if (op === OP.br || op === OP.brIf || op === OP.call) r.u32()
  else if (op === OP.brTable) skipMany(r, r.u32() + 1)
  else if (op === OP.callIndirect) skipMany(r, 2)
  else if (op === 0x1c) skipMany(r, r.u32())
  else if ((op >= 0x20 && op <= 0x26) || op === 0xd0 || op === 0xd2) r.u32()
  else if (op >= 0x28 && op <= 0x3e) skipMany(r, 2)
  else if (op === OP.memorySize || op === OP.memoryGrow) r.u8()
  else if (op === OP.i32Const || op === OP.i64Const) r.skipInteger()
  else if (op === 0x43) r.at += 4
  else if (op === 0x44) r.at += 8
  else if (!isPlain(op)) throw new RangeError(`opcode 0x${op.toString(16)} is not supported`)
  return { op, sub: 0, start }
}

function readPrefixed(r: Reader): number {
  const sub = r.u32()
  if (sub === BULK.memoryCopy) r.at += 2
  else if (sub === BULK.memoryFill) r.at += 1
  else if (sub === BULK.memoryInit || sub === 12 || sub === 14) skipMany(r, 2)
  else if (sub >= BULK.dataDrop) r.u32()
  return sub
}

function skipMany(r: Reader, count: number): void {
  for (let i = 0; i < count; i += 1) r.u32()
}
