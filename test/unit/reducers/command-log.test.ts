import { expect } from 'chai'
import fc from 'fast-check'
import { toHex } from '../../../src/codec/hex.ts'
import { appendCommands, foldHeight } from '../../../src/reducers/command-log/fold.ts'
import type { LogContent, LogInput, LogState } from '../../../src/reducers/command-log/log-state.ts'
import { emptyLog, logCodec, SESSIONS_MAX } from '../../../src/reducers/command-log/log-state.ts'
import type { Machine } from '../../../src/reducers/command-log/machine.ts'
import { commandLog, paramsCodec } from '../../../src/reducers/command-log/reducer.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import type { Address } from '../../../src/types/ids.ts'

/** Keeps the commands as they came: what is applied twice, or not at all, is seen. */
const tape: Machine<Uint8Array> = {
  id: 'tape@1',
  empty: new Uint8Array(),
  state: { encode: (state) => state.slice(), decode: (bytes) => bytes.slice() },
  isCommand: (bytes) => bytes.length === 2,
  apply: (state, command, { index }) => ({
    state: Uint8Array.of(...state, ...command),
    result: Uint8Array.of(Number(index % 256n)),
  }),
}

const N = 4
const keyOf = (member: number): Address => `0x${String(member + 1).padStart(40, '0')}`
const members = Array.from({ length: N }, (_, member) => ({ key: keyOf(member), weight: 1 }))
const PARAMS = { minHeightTicks: 5, sessionIdleMs: 60_000, generation: 0n }
const START_MS = 1_000_000n
const sessionAt = (ms: bigint, chance = 0n): bigint => (ms << 20n) | chance
const NOTHING: LogInput = { kind: 'input', clockMs: START_MS, session: 0n, firstSeq: 0, commands: [] }

function says(member: number, input: Partial<LogInput>): { member: number; state: LogInput } {
  return { member, state: { ...NOTHING, ...input } }
}

function fold(
  previous: LogState<Uint8Array> | null,
  inputs: readonly { member: number; state: LogInput }[],
  height = 2,
  seats = members,
): ReturnType<typeof foldHeight<Uint8Array>> {
  const folded = foldHeight(tape, PARAMS, { height, members: seats }, previous, inputs)
  const codec = logCodec(tape.state)
  expect(codec.decode(codec.encode(folded.state))).to.deep.equal(folded.state)
  return folded
}

describe('command log', () => {
  describe('refuses as an input', () => {
    const reducer = commandLog(tape)
    const codec = reducer.state
    const good: LogContent<Uint8Array> = {
      ...NOTHING,
      ...{ session: sessionAt(START_MS), firstSeq: 1, commands: [Uint8Array.of(1, 2)] },
    }
    const validates = (content: LogContent<Uint8Array> | null): boolean =>
      content !== null && reducer.validate(content, PARAMS)

    it('a state, a command that the machine does not know, and accepts one that it does', () => {
      expect(validates(good)).to.equal(true)
      expect(validates(NOTHING)).to.equal(true)
      expect(validates(emptyLog(tape.empty))).to.equal(false)
      expect(validates({ ...good, commands: [Uint8Array.of(1, 2), Uint8Array.of(1)] })).to.equal(false)
    })

    it('bytes that say nothing in another way, numbers that end, tails and cuts', () => {
      const wrong: LogInput[] = [
        { ...NOTHING, session: 1n },
        { ...NOTHING, firstSeq: 1 },
        { ...good, session: 0n },
        { ...good, firstSeq: 0 },
        { ...good, firstSeq: 2 ** 32 - 1, commands: [Uint8Array.of(1, 2), Uint8Array.of(1, 2)] },
      ]
      for (const input of wrong) expect(codec.decode(codec.encode(input))).to.equal(null)
      const bytes = codec.encode(good)
      expect(codec.decode(Uint8Array.of(...bytes, 0))).to.equal(null)
      for (let end = 0; end < bytes.length; end += 1) expect(codec.decode(bytes.slice(0, end))).to.equal(null)
    })

    it('any bytes: null, or a value that encodes to them', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(0, 1), (tail, tag) => {
          const bytes = Uint8Array.of(tag, ...tail)
          const content = codec.decode(bytes)
          if (content !== null) expect(toHex(codec.encode(content))).to.equal(toHex(bytes))
        }),
        { numRuns: 500 },
      )
    })

    it('and refuses params without a pace, or with sessions that end at once', () => {
      for (const params of [
        { ...PARAMS, minHeightTicks: 0 },
        { ...PARAMS, sessionIdleMs: 59_999 },
      ])
        expect(paramsCodec.decode(paramsCodec.encode(params))).to.equal(null)
      expect(paramsCodec.decode(paramsCodec.encode(PARAMS))).to.deep.equal(PARAMS)
    })
  })

  it('applies each command exactly once, in one order, whatever is brought again and whoever is left out', () => {
    const step = fc.record({
      listed: fc.uniqueArray(fc.integer({ min: 0, max: N - 1 }), { minLength: 3, maxLength: N }),
      // how many commands before and after the next due one each member brings
      again: fc.array(fc.nat(3), { minLength: N, maxLength: N }),
      more: fc.array(fc.nat(4), { minLength: N, maxLength: N }),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const due = Array.from({ length: N }, () => 1)
        const model: number[] = []
        let state: LogState<Uint8Array> | null = null
        steps.forEach(({ listed, again, more }, i) => {
          const height = i + 1
          const seats = listed.toSorted((a, b) => a - b)
          const inputs = seats.map((member) => {
            const next = due[member] ?? 1
            const first = Math.max(1, next - (again[member] ?? 0))
            const last = next + (more[member] ?? 0) - 1
            const commands = Array.from({ length: last - first + 1 }, (_, k) =>
              Uint8Array.of(member, first + k),
            )
            const said = { session: sessionAt(START_MS, BigInt(member)), firstSeq: first, commands }
            return says(member, commands.length === 0 ? {} : said)
          })
          for (const member of [
            ...seats.filter((m) => m >= height % N),
            ...seats.filter((m) => m < height % N),
          ]) {
            const count = more[member] ?? 0
            for (let k = 0; k < count; k += 1) model.push(member, (due[member] ?? 1) + k)
            due[member] = (due[member] ?? 1) + count
          }
          const folded = fold(state, inputs, height)
          const { root } = state ?? emptyLog(tape.empty)
          expect(folded.state.root).to.equal(appendCommands(root, folded.applied, keyOf))
          state = folded.state
        })
        const end = state as LogState<Uint8Array> | null
        expect([...(end?.machine ?? [])]).to.deep.equal(model)
        expect(end?.count).to.equal(BigInt(model.length / 2))
      }),
      { numRuns: 150 },
    )
  })

  it('runs as a reducer over the state of the height before', () => {
    const reducer = commandLog(tape)
    const input = { ...NOTHING, session: sessionAt(START_MS), firstSeq: 1, commands: [Uint8Array.of(7, 7)] }
    const brought = [0, 1, 2].map((member) => ({
      member,
      state: reducer.state.encode(member === 1 ? input : NOTHING),
    }))
    const call = (previous: Uint8Array | null, height: number): ReturnType<typeof runReducer> =>
      runReducer(
        {
          reducer: reducer.id,
          params: toHex(paramsCodec.encode(PARAMS)),
          context: { seed: `0x${'00'.repeat(32)}`, height, members, previous, events: [] },
          inputs: brought,
        },
        { find: () => reducer },
      )
    const first = call(new Uint8Array(), 1)
    expect(first.ok).to.equal(true)
    const second = call(first.ok ? first.state : null, 2)
    expect(second.ok && toHex(second.state)).to.equal(first.ok && toHex(first.state))
    expect(call(null, 2)).to.deep.equal({ ok: false, code: 'noPrevious' })
  })

  it('goes on in the next task of its line: sessions stay, the place rises at height 1 only', () => {
    const said = { session: sessionAt(START_MS), firstSeq: 1, commands: [Uint8Array.of(1, 1)] }
    const end = fold(null, [says(0, said)], 9).state
    const next = fold(end, [says(0, said)], 1)
    expect([end.task, next.state.task, next.applied.length]).to.deep.equal([1, 2, 0])
    expect(fold(next.state, [], 2).state.task).to.equal(2)
  })

  describe('a session', () => {
    const one = (session: bigint, firstSeq = 1): Partial<LogInput> => ({
      ...{ session, firstSeq },
      commands: [Uint8Array.of(9, firstSeq)],
    })
    const count = (previous: LogState<Uint8Array> | null, ...inputs: Parameters<typeof fold>[1]): number =>
      fold(previous, inputs).applied.length

    it('does not begin in the middle, with a gap, or ahead of agreed time', () => {
      expect(count(null, says(0, one(sessionAt(START_MS), 2)))).to.equal(0)
      expect(count(null, says(0, one(sessionAt(START_MS + 5_001n))))).to.equal(0)
      const { state } = fold(null, [says(0, one(sessionAt(START_MS)))])
      expect(count(state, says(0, one(sessionAt(START_MS), 3)))).to.equal(0)
      expect(count(state, says(0, one(sessionAt(START_MS), 2)))).to.equal(1)
    })

    it('belongs to its proposer: another member’s session of the same id is another one', () => {
      const { state } = fold(null, [says(0, one(sessionAt(START_MS)))])
      expect(count(state, says(1, one(sessionAt(START_MS))))).to.equal(1)
    })

    it('of a proposer with its part of the table waits until an own one has rested, which is over for good', () => {
      const quota = SESSIONS_MAX / N
      let state: LogState<Uint8Array> | null = null
      const ids = Array.from({ length: quota }, (_, i) => sessionAt(START_MS, BigInt(i)))
      for (const id of ids) state = fold(state, [says(0, one(id))]).state
      const late = (ms: bigint): Parameters<typeof fold>[1] =>
        [0, 1, 2].map((m) =>
          says(m, { clockMs: START_MS + ms, ...(m === 0 ? one(sessionAt(START_MS + 1n)) : {}) }),
        )
      expect(fold(state, late(59_999n)).applied.length, 'none has rested').to.equal(0)
      expect(count(state, says(1, one(sessionAt(START_MS)))), 'another member has its own part').to.equal(1)
      const turned = fold(state, late(60_000n))
      expect(turned.applied.length).to.equal(1)
      const sessions = turned.state.sessions.map(({ session }) => session)
      expect(sessions).to.have.length(quota).and.not.include(ids[0])
      // neither its next command nor its first one again
      for (const seq of [1, 2]) expect(count(turned.state, says(0, one(ids[0] ?? 0n, seq)))).to.equal(0)
    })

    it('of somebody who is no member any more gives way first, without any rest', () => {
      let state: LogState<Uint8Array> | null = null
      const gone = [{ key: keyOf(99), weight: 1 }]
      for (let i = 0; i < SESSIONS_MAX; i += 1)
        state = fold(state, [says(0, one(sessionAt(START_MS - 10n, BigInt(i))))], 2, gone).state
      expect(state?.sessions).to.have.length(SESSIONS_MAX)
      const { applied, state: next } = fold(state, [says(2, one(sessionAt(START_MS)))])
      expect(applied).to.have.length(1)
      expect(next.sessions.filter(({ proposer }) => proposer === keyOf(99))).to.have.length(SESSIONS_MAX - 1)
    })
  })
})
