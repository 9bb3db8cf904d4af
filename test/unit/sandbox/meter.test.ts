import { expect } from 'chai'
import { meter } from '../../../src/sandbox/meter/meter.ts'

const section = (id: number, ...body: readonly number[]): number[] => [id, body.length, ...body]
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

/** A module with one function i32 → i32, exported as `f`, and one page of memory. */
function moduleOf(...code: readonly number[]): Uint8Array {
  const body = [0, ...code, 0x0b]
  return Uint8Array.from([
    ...HEADER,
    ...section(1, 1, 0x60, 1, 0x7f, 1, 0x7f),
    ...section(2, 0),
    ...section(3, 1, 0),
    ...section(5, 1, 0, 1),
    ...section(6, 0),
    ...section(7, 2, 1, 0x66, 0, 0, 1, 0x6d, 2, 0),
    ...section(10, 1, body.length, ...body),
  ])
}

interface Metered {
  readonly f: (n: number) => number
  readonly m: WebAssembly.Memory
  readonly __fuel: { value: bigint }
  readonly __depth: { value: number }
}

function start(bytes: Uint8Array, limits = { pagesMax: 4, depthMax: 720 }): Metered {
  const module = new WebAssembly.Module(meter(bytes, limits))
  return new WebAssembly.Instance(module, {}).exports as unknown as Metered
}

function run(
  { f, __fuel, __depth }: Metered,
  n: number,
  fuel = 1_000_000n,
): { result: unknown; used: bigint } {
  __fuel.value = fuel
  __depth.value = 0
  let result: unknown
  try {
    result = f(n)
  } catch (error) {
    result = (error as Error).name
  }
  return { result, used: fuel - __fuel.value }
}

/** do { n -= 1 } while (n): 5 instructions a turn, and 1 for the result. */
const LOOP = [0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 0]
/** n ? f(n - 1) : 0: 6 instructions a call, and 3 for the last. */
const RECURSION = [0x20, 0, 0x04, 0x7f, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x05, 0x41, 0, 0x0b]
/** memory.grow(n) */
const GROW = [0x20, 0, 0x40, 0]
/** memory.fill(0, 0, n), then 0: 5 instructions and n >> 3. */
const FILL = [0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 11, 0, 0x41, 0]

describe('sandbox: meter', () => {
  it('refuses what it does not know', () => {
    expect(() => meter(moduleOf(0xfd, 0x0c), { pagesMax: 1, depthMax: 1 })).to.throw(RangeError)
    expect(() => meter(Uint8Array.from(HEADER), { pagesMax: 1, depthMax: 1 })).to.throw(RangeError)
    expect(() => meter(moduleOf(...LOOP).subarray(0, 40), { pagesMax: 1, depthMax: 1 })).to.throw(RangeError)
  })

  it('counts every instruction that is executed', () => {
    const loop = start(moduleOf(...LOOP))
    for (const n of [1, 2, 10, 1_000]) {
      expect(run(loop, n)).to.deep.equal({ result: 0, used: BigInt(5 * n + 1) })
    }
    const recursion = start(moduleOf(...RECURSION))
    for (const n of [0, 1, 9]) {
      expect(run(recursion, n)).to.deep.equal({ result: 0, used: BigInt(6 * n + 3) })
    }
  })

  it('stops at the end of the fuel, and one turn of a loop later at most', () => {
    const loop = start(moduleOf(...LOOP))
    expect(run(loop, 10, 51n)).to.deep.equal({ result: 0, used: 51n })
    const { result, used } = run(loop, 10, 44n)
    expect(result).to.equal('RuntimeError')
    expect(used > 44n && used <= 49n, `${used}`).to.equal(true)
  })

  it('counts the depth of calls in units of 64 and 8 for each parameter, and traps above the cap', () => {
    const recursion = start(moduleOf(...RECURSION))
    expect(run(recursion, 9).result).to.equal(0)
    expect(recursion.__depth.value).to.equal(0)
    expect(run(recursion, 10).result).to.equal('RuntimeError')
    expect(recursion.__depth.value).to.equal(11 * 72)
  })

  it('gives memory up to the cap, and then answers -1', () => {
    const growing = start(moduleOf(...GROW))
    expect(run(growing, 3).result).to.equal(1)
    expect(run(growing, 1).result).to.equal(-1)
    expect(run(growing, -1).result).to.equal(-1)
    expect(growing.m.buffer.byteLength).to.equal(4 * 65_536)
  })

  it('charges an eighth of a byte for bulk operations, before they run', () => {
    const filling = start(moduleOf(...FILL))
    expect(run(filling, 800)).to.deep.equal({ result: 0, used: 105n })
    expect(run(filling, 65_536, 8_000n).result).to.equal('RuntimeError')
  })
})
