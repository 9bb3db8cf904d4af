import { expect } from 'chai'
import type { AnyReducer } from '../../../src/reducers/catalog.ts'
import { deepFreeze } from '../../../src/reducers/deep-freeze.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import type { AggregateContext, Context, Input, ReducerCall } from '../../../src/reducers/reducer.ts'
import { isLocallyValid, isValidInput, runReducer, STATE_BYTES_MAX } from '../../../src/reducers/run.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

const PARAMS = '0x00000000000000640000000000000064'
const claim = (demand: bigint): Uint8Array =>
  rateLimit.state.encode({ budget: 0n, rows: [{ member: 0, demand, share: 0n }] })
const call = (change: Partial<ReducerCall> = {}): ReducerCall => ({
  reducer: 'rate-limit@1',
  params: PARAMS,
  context: BARE_CONTEXT,
  inputs: [
    { member: 0, state: claim(80n) },
    { member: 3, state: claim(30n) },
  ],
  ...change,
})
const codeOf = (change: Partial<ReducerCall>): string => {
  const result = runReducer(call(change))
  return result.ok ? 'ok' : result.code
}

type Bytes = { value: Uint8Array }
/** A reducer over raw bytes; the first byte of a state must be 1. */
function fake(aggregate: (inputs: readonly Input<Bytes>[], context: AggregateContext) => Bytes): AnyReducer {
  const bytes = {
    encode: ({ value }: Bytes): Uint8Array => value,
    decode: (value: Uint8Array): Bytes | null => (value[0] === 1 ? { value } : null),
  }
  return {
    id: 'fake@1',
    state: bytes,
    params: { encode: (value: Uint8Array) => value, decode: (value: Uint8Array) => value },
    validate: () => true,
    aggregateStatus: (inputs: readonly Input<Bytes>[], _: unknown, context: AggregateContext) =>
      aggregate(inputs, context),
    aggregateShare: (state: Bytes) => state,
    aggregateClose: (state: Bytes) => state,
  }
}
const runFake = (aggregate: Parameters<typeof fake>[0], stateBytesMax = STATE_BYTES_MAX): string => {
  const inputs = [{ member: 0, state: Uint8Array.of(1, 2) }]
  const events = [{ seq: 1, kind: 'posted', data: Uint8Array.of(7) } as const]
  const reducer = fake(aggregate)
  const context = { ...BARE_CONTEXT, events }
  const result = runReducer(call({ reducer: 'fake@1', inputs, context }), {
    find: () => reducer,
    stateBytesMax,
  })
  return result.ok ? 'ok' : result.code
}

describe('runReducer', () => {
  it('refuses a reducer it does not know', () => {
    expect(codeOf({ reducer: 'rate-limit@9' })).to.equal('unknownReducer')
  })

  it('refuses params that do not decode', () => {
    for (const params of [
      '0x',
      '0x00',
      `${PARAMS}00`,
      `0x${'zz'.repeat(16)}`,
      PARAMS.slice(2),
      `${PARAMS}0`,
    ]) {
      expect(codeOf({ params: params as Hex }), params).to.equal('badParams')
    }
  })

  it('refuses inputs that do not decode, that validate refuses, or out of order', () => {
    expect(codeOf({ inputs: [{ member: 0, state: new Uint8Array(3) }] })).to.equal('badInput')
    expect(codeOf({ inputs: [{ member: 0, state: claim(101n) }] })).to.equal('badInput')
    const [a, b] = call().inputs
    expect(codeOf({ inputs: [b!, a!] }), 'descending').to.equal('badInput')
    expect(codeOf({ inputs: [a!, a!] }), 'twice').to.equal('badInput')
    expect(codeOf({ inputs: [{ member: -1, state: claim(1n) }] }), 'no seat').to.equal('badInput')
  })

  it('refuses an input above the cap without decoding it', () => {
    const result = runReducer(call(), { inputBytesMax: 25 })
    expect(result).to.deep.equal({ ok: false, code: 'badInput' })
  })

  it('refuses an aggregate that is different the second time', () => {
    let runs = 0
    expect(runFake(() => ({ value: Uint8Array.of(1, ++runs) }))).to.equal('nondeterministic')
    let length = 1
    expect(runFake(() => ({ value: new Uint8Array(++length).fill(1) }))).to.equal('nondeterministic')
  })

  it('does not let one run leave a note for the next in the bytes it was given', () => {
    const seen: number[] = []
    const note = (bytes: Uint8Array): void => {
      seen.push(bytes.at(-1) ?? -1)
      bytes[bytes.length - 1] = 99
    }
    const code = runFake((inputs, context) => {
      note(inputs[0]!.state.value)
      note(context.events[0]!.data)
      return { value: Uint8Array.of(1) }
    })
    expect(code).to.equal('ok')
    expect(seen).to.deep.equal([2, 7, 2, 7])
  })

  it('refuses a reducer that throws or writes to its arguments', () => {
    expect(
      runFake(() => {
        throw new Error('no')
      }),
    ).to.equal('threw')
    expect(runFake((inputs) => (inputs as Input<Bytes>[]).pop()!.state)).to.equal('threw')
    expect(runFake((inputs) => Object.assign(inputs[0]!.state, { value: Uint8Array.of(1) }))).to.equal(
      'threw',
    )
    const rename = (_: unknown, context: AggregateContext): Bytes => {
      Object.assign(context, { seed: '0x' })
      return { value: Uint8Array.of(1) }
    }
    expect(runFake(rename)).to.equal('threw')
  })

  it('refuses an output that its own codec does not read back', () => {
    expect(runFake(() => ({ value: Uint8Array.of(2) }))).to.equal('badOutput')
  })

  it('refuses an output above the cap', () => {
    expect(runFake(() => ({ value: new Uint8Array(9).fill(1) }), 8)).to.equal('overCap')
    expect(runFake(() => ({ value: new Uint8Array(8).fill(1) }), 8)).to.equal('ok')
  })

  it('hands seed, height, members and events on, and the state before only to a reducer that asks for it', () => {
    const inputs = [{ member: 0, state: Uint8Array.of(1) }]
    const members = [{ key: `0x${'a1'.repeat(20)}`, weight: 3, operator: 'not told' }] as const
    const context = { ...BARE_CONTEXT, height: 9, members, previous: Uint8Array.of(1, 5) }
    const told: unknown[] = []
    const reducer: AnyReducer = {
      ...fake(() => ({ value: Uint8Array.of(1) })),
      aggregateStatus: (_: unknown, __: unknown, given: AggregateContext) => {
        told.push(given)
        return { value: Uint8Array.of(1) }
      },
      aggregateClose: (state: unknown, _: unknown, __: unknown, given: Context) => {
        told.push(given)
        return state
      },
    }
    const run = (find: AnyReducer, previous: Uint8Array | null = context.previous): string => {
      const options = { reducer: 'fake@1', inputs, closing: true, context: { ...context, previous } }
      const result = runReducer(call(options), { find: () => find })
      return result.ok ? 'ok' : result.code
    }
    const shared = { seed: NIL, height: 9, members: [{ key: members[0].key, weight: 3 }] }
    expect(run(reducer)).to.equal('ok')
    expect(told[0]).to.deep.equal({ ...shared, previous: new Uint8Array(), events: [] })
    expect(told[1]).to.deep.equal({ ...shared, previous: new Uint8Array() })
    expect(run({ ...reducer, uses: ['previous'] })).to.equal('ok')
    for (const given of told.slice(4)) expect(given).to.deep.include({ previous: context.previous })
    expect(told).to.have.length(8)
    expect(run(reducer, null)).to.equal('ok')
    expect(run({ ...reducer, uses: ['previous'] }, null)).to.equal('noPrevious')
  })

  it('gives the canonical bytes of the aggregate', () => {
    const result = runReducer(call())
    expect(result.ok && rateLimit.state.decode(result.state)).to.deep.equal({
      budget: 100n,
      rows: [
        { member: 0, demand: 80n, share: 70n },
        { member: 3, demand: 30n, share: 30n },
      ],
    })
  })

  it('leaves the call as it was', () => {
    const events = [{ seq: 1, kind: 'posted', data: new Uint8Array(8) } as const]
    const before = call({ context: { ...BARE_CONTEXT, events } })
    const copy = structuredClone(before)
    runReducer(before)
    expect(before).to.deep.equal(copy)
  })
})

describe('isValidInput', () => {
  it('is false for foreign reducers, bad params, bad bytes, refused states, and reducers that throw', () => {
    expect(isValidInput('rate-limit@9', PARAMS, claim(1n))).to.equal(false)
    expect(isValidInput('rate-limit@1', '0x', claim(1n))).to.equal(false)
    expect(isValidInput('rate-limit@1', PARAMS, new Uint8Array())).to.equal(false)
    expect(isValidInput('rate-limit@1', PARAMS, claim(101n))).to.equal(false)
    expect(isValidInput('rate-limit@1', PARAMS, claim(1n), { inputBytesMax: 25 })).to.equal(false)
    const thrower: AnyReducer = {
      ...fake(() => ({ value: new Uint8Array() })),
      validate: () => {
        throw new Error('no')
      },
    }
    expect(isValidInput('fake@1', PARAMS, Uint8Array.of(1), { find: () => thrower })).to.equal(false)
    const writer: AnyReducer = {
      ...thrower,
      validate: (state) => Object.assign(state as Bytes, { seen: true }).seen,
    }
    expect(isValidInput('fake@1', PARAMS, Uint8Array.of(1), { find: () => writer })).to.equal(false)
  })

  it('is true for what runReducer takes', () => {
    expect(isValidInput('rate-limit@1', PARAMS, claim(100n))).to.equal(true)
  })
})

describe('isLocallyValid', () => {
  it('compares every byte and the length', () => {
    expect(isLocallyValid(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).to.equal(false)
    expect(isLocallyValid(Uint8Array.of(1, 2), Uint8Array.of(1))).to.equal(false)
    expect(isLocallyValid(Uint8Array.of(1), Uint8Array.of(1, 2))).to.equal(false)
    expect(isLocallyValid(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).to.equal(true)
  })
})

describe('deepFreeze', () => {
  it('reaches every level, also below an object that is already frozen', () => {
    const inner = { list: [{ x: 1 }] }
    const value = deepFreeze(Object.freeze({ inner, bytes: Uint8Array.of(1), none: null }))
    expect(Object.isFrozen(value.inner)).to.equal(true)
    expect(Object.isFrozen(value.inner.list)).to.equal(true)
    expect(Object.isFrozen(value.inner.list[0])).to.equal(true)
  })
})
