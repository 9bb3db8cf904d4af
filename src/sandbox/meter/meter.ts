import { checkFuel, meterBody } from './function-body.ts'
import type { MeterIndices, Signature } from './function-body.ts'
import { OP } from './instructions.ts'
import { concat, Reader, signed, unsigned } from './leb.ts'
import type { Chunk } from './leb.ts'

export interface MeterLimits {
  /** Largest memory, pages of 64 KiB. */
  readonly pagesMax: number
  /** Largest depth of the call stack, in units: 64 a frame and 8 for each parameter and local. */
  readonly depthMax: number
}

/** Value of the depth global when the host refused memory below the cap: a fault of this machine, not of the guest. */
export const HOST_REFUSED_MEMORY = 0x7fff_ffff

const HEADER_BYTES = 8
const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  memory: 5,
  global: 6,
  export: 7,
  code: 10,
} as const
const I32 = 0x7f
const I64 = 0x7e
const FUNCTION_TYPE = 0x60

/**
 * Rewrites a WebAssembly module so that it counts: fuel per executed instruction (global `__fuel`, i64), depth of the
 * call stack (global `__depth`, i32), and a cap on memory. No index changes: globals, types and functions are appended.
 * Same bytes in, same bytes out, on every machine. Throws RangeError for what the meter does not know.
 */
export function meter(module: Uint8Array, limits: MeterLimits): Uint8Array {
  const sections = readSections(module)
  const body = (id: number): Uint8Array => {
    const found = sections.get(id)
    if (found === undefined) throw new RangeError(`the module has no section ${id}`)
    return found
  }
  const imported = countImports(body(SECTION.import))
  const types = readTypes(body(SECTION.type))
  const functions = readVector(body(SECTION.function), (r) => r.u32())
  const globals = new Reader(body(SECTION.global)).u32()
  const indices: MeterIndices = {
    fuel: imported.globals + globals,
    depth: imported.globals + globals + 1,
    payBulk: imported.functions + functions.length,
    grow: imported.functions + functions.length + 1,
    depthMax: limits.depthMax,
  }
  const helper = unsigned(types.length)
  append(sections, SECTION.type, [[FUNCTION_TYPE, 1, I32, 1, I32]])
  append(sections, SECTION.function, [helper, helper])
  append(sections, SECTION.global, [
    [I64, 1, OP.i64Const, 0, OP.end],
    [I32, 1, OP.i32Const, 0, OP.end],
  ])
  append(sections, SECTION.export, [exported('__fuel', indices.fuel), exported('__depth', indices.depth)])
  sections.set(SECTION.memory, capMemory(body(SECTION.memory), limits.pagesMax))
  const signatures = functions.map((type) => signatureAt(types, type))
  sections.set(SECTION.code, meterCode(body(SECTION.code), signatures, indices, limits.pagesMax))
  const chunks = [...sections].flatMap(([id, bytes]): Chunk[] => [[id], unsigned(bytes.length), bytes])
  return concat([module.subarray(0, HEADER_BYTES), ...chunks])
}

/** Sections by id, in the order of the module; custom sections are left out. */
function readSections(module: Uint8Array): Map<number, Uint8Array> {
  const sections = new Map<number, Uint8Array>()
  const r = new Reader(module, HEADER_BYTES)
  while (r.at < module.length) {
    const id = r.u8()
    const length = r.u32()
    if (id !== SECTION.custom) sections.set(id, module.subarray(r.at, r.at + length))
    r.at += length
  }
  return sections
}

/** Appends entries to a section that is a vector. */
function append(sections: Map<number, Uint8Array>, id: number, entries: readonly Chunk[]): void {
  const r = new Reader(sections.get(id) ?? Uint8Array.of(0))
  const count = r.u32()
  sections.set(id, concat([unsigned(count + entries.length), r.bytes.subarray(r.at), ...entries]))
}

function readVector<T>(body: Uint8Array, read: (r: Reader) => T): T[] {
  const r = new Reader(body)
  return Array.from({ length: r.u32() }, () => read(r))
}

function readTypes(body: Uint8Array): Signature[] {
  return readVector(body, (r) => {
    if (r.u8() !== FUNCTION_TYPE) throw new RangeError('a type that is not a function is not supported')
    const params = r.u32()
    r.at += params
    return { params, results: Array.from({ length: r.u32() }, () => r.u8()) }
  })
}

function signatureAt(types: readonly Signature[], index: number): Signature {
  const signature = types[index]
  if (signature === undefined) throw new RangeError(`the module has no type ${index}`)
  return signature
}

/** Only functions may be imported: memory and tables of the host would be out of the meter's reach. */
function countImports(body: Uint8Array): { functions: number; globals: number } {
  const kinds = readVector(body, (r) => {
    r.skipName()
    r.skipName()
    const kind = r.u8()
    if (kind === 0) r.u32()
    else if (kind === 3) r.at += 2
    else throw new RangeError(`an import of kind ${kind} is not supported`)
    return kind
  })
  const globals = kinds.filter((kind) => kind === 3).length
  return { functions: kinds.length - globals, globals }
}

function capMemory(body: Uint8Array, pagesMax: number): Uint8Array {
  const r = new Reader(body)
  if (r.u32() !== 1) throw new RangeError('a module must have one memory')
  r.u8()
  return Uint8Array.from([1, 1, ...unsigned(r.u32()), ...unsigned(pagesMax)])
}

function exported(name: string, global: number): number[] {
  const utf8 = [...new TextEncoder().encode(name)]
  return [...unsigned(utf8.length), ...utf8, 3, ...unsigned(global)]
}

function meterCode(
  body: Uint8Array,
  signatures: readonly Signature[],
  m: MeterIndices,
  pagesMax: number,
): Uint8Array {
  const r = new Reader(body)
  r.u32()
  const bodies = signatures.map((signature) => {
    const length = r.u32()
    r.at += length
    return meterBody(body.subarray(r.at - length, r.at), signature, m)
  })
  bodies.push(payBulkBody(m), growBody(m, pagesMax))
  return concat([
    unsigned(bodies.length),
    ...bodies.flatMap((bytes): Chunk[] => [unsigned(bytes.length), bytes]),
  ])
}

/** length → length; pays length >> 3. */
function payBulkBody({ fuel }: MeterIndices): Uint8Array {
  return Uint8Array.from([
    0,
    OP.globalGet,
    ...unsigned(fuel),
    ...[OP.localGet, 0, OP.i32Const, 3, 0x76], // i32.shr_u
    ...[0xad, 0x7d], // i64.extend_i32_u, i64.sub
    OP.globalSet,
    ...unsigned(fuel),
    ...checkFuel(fuel),
    ...[OP.localGet, 0, OP.end],
  ])
}

/** pages → previous size, or −1 above the cap by rule. If the host refuses below the cap, it traps with a mark. */
function growBody({ depth }: MeterIndices, pagesMax: number): Uint8Array {
  const cap = signed(pagesMax)
  return Uint8Array.from([
    ...[1, 1, I32],
    ...[OP.localGet, 0, OP.i32Const, ...cap, 0x4b], // i32.gt_u
    ...[OP.memorySize, 0, OP.localGet, 0, 0x6a, OP.i32Const, ...cap, 0x4b, 0x72], // i32.or
    ...[OP.if, 0x40, OP.i32Const, ...signed(-1), OP.return, OP.end],
    ...[OP.localGet, 0, OP.memoryGrow, 0, OP.localTee, 1],
    ...[OP.i32Const, ...signed(-1), 0x46], // i32.eq
    ...[OP.if, 0x40, OP.i32Const, ...signed(HOST_REFUSED_MEMORY), OP.globalSet, ...unsigned(depth)],
    ...[OP.unreachable, OP.end],
    ...[OP.localGet, 1, OP.end],
  ])
}
