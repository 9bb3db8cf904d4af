import { expect } from 'chai'
import fc from 'fast-check'
import { IDLE_MS, LockHost } from '../../../src/services/transactions/lock-host.ts'
import {
  decodeLockAnswer,
  decodeLockAsk,
  encodeLockAnswer,
  encodeLockAsk,
} from '../../../src/services/transactions/lock-wire.ts'
import { LOCK_CODES, TX_MAX } from '../../../src/types/lock-request.ts'
import type { LockAsk } from '../../../src/types/lock-request.ts'
import { holds } from '../../helpers/holds.ts'

const take = (tx: number, key: string, mode: 'read' | 'write' = 'write'): LockAsk => {
  return { kind: 'acquire', tx, key, mode, work: tx % 100, priority: 0 }
}

/** A host whose requests are numbered, with what each was answered. */
function world(epoch = 5n) {
  const host = new LockHost(epoch, { last: 100 })
  const answers = new Map<number, string>()
  const tokens: bigint[] = []
  let nowMs = 0
  let ids = 0
  const note = (settled: ReturnType<LockHost['expire']>): void => {
    for (const { id, answer } of settled) {
      answers.set(id, answer.code)
      if (answer.code === 'granted') tokens.push(answer.token)
    }
  }
  return {
    host,
    answers,
    tokens,
    ask: (ask: LockAsk): string => {
      const id = (ids += 1)
      const { answer, settled } = host.ask(id, ask, nowMs)
      if (answer !== null) note([{ id, answer }])
      note(settled)
      return answers.get(id) ?? 'none'
    },
    abort: (...victims: number[]): void => note(host.abort(victims)),
    pass: (ms: number): void => {
      nowMs += ms
      note(host.expire(nowMs))
    },
  }
}

describe('locks of a copy', () => {
  it('refuses a second key while it waits, and more transactions than it has room for', () => {
    const { ask } = world()
    expect(ask(take(1, 'a'))).equal('granted')
    expect(ask(take(2, 'a'))).equal('none')
    expect(ask(take(2, 'b'))).equal('bad-request')
    for (let tx = 3; tx <= 1000; tx += 1) expect(ask(take(tx, `k${tx}`))).equal('granted')
    expect(ask(take(1001, 'z'))).equal('full')
    expect(ask({ kind: 'release', tx: 3 })).equal('released')
    expect(ask(take(1001, 'z'))).equal('granted')
  })

  it('grants in the order of requests, with tokens that rise; a copy that came later has greater ones', () => {
    const { ask, answers, tokens } = world()
    expect(ask(take(1, 'a'))).equal('granted')
    expect(ask(take(2, 'a'))).equal('none')
    expect(ask(take(3, 'a'))).equal('none')
    // asked again, it waits under another number, at the same place
    expect(ask(take(2, 'a'))).equal('none')
    expect(answers.get(2)).equal('waiting')
    ask({ kind: 'release', tx: 1 })
    expect([answers.get(4), answers.get(3)]).deep.equal(['granted', undefined])
    expect(ask(take(2, 'a')), 'it has it').equal('granted')
    expect(tokens).deep.equal([...tokens].sort((a, b) => (a < b ? -1 : 1)))
    const later = world(6n)
    later.ask(take(1, 'a'))
    expect((later.tokens[0] ?? 0n) > (tokens.at(-1) ?? 0n)).equal(true)
  })

  it('takes everything from a victim, and tells it until it has let go', () => {
    const { ask, answers, abort, host } = world()
    ask(take(1, 'a'))
    ask(take(2, 'b'))
    expect(ask(take(1, 'b'))).equal('none')
    expect(ask(take(2, 'a'))).equal('none')
    expect(host.waits(0).map(({ waiter, holder }) => [waiter, holder])).deep.equal([
      [1, 2],
      [2, 1],
    ])
    abort(1, 77)
    expect([answers.get(3), answers.get(4)]).deep.equal(['victim', 'granted'])
    expect(ask(take(1, 'c'))).equal('victim')
    expect(host.waits(0)).deep.equal([])
    ask({ kind: 'release', tx: 1 })
    expect(ask(take(1, 'c'))).equal('granted')
  })

  it('ends a transaction that asks for nothing, and goes on with who waits', () => {
    const { ask, answers, pass } = world()
    ask(take(1, 'a'))
    pass(IDLE_MS / 2)
    expect(ask(take(2, 'a'))).equal('none')
    pass(IDLE_MS / 2)
    expect(answers.get(2)).equal(undefined)
    pass(1)
    expect(answers.get(2)).equal('granted')
    expect(ask(take(1, 'a'))).equal('over')
  })

  it('whatever is asked: a key has one writer or readers only, and who waits is answered once somebody lets go', () => {
    const step = fc.record({
      tx: fc.integer({ min: 1, max: 5 }),
      key: fc.constantFrom('a', 'b', 'c'),
      mode: fc.constantFrom('read' as const, 'write' as const),
      what: fc.constantFrom('take' as const, 'take' as const, 'release' as const, 'abort' as const),
    })
    holds(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { ask, answers, abort } = world()
        const waiting = new Map<
          number,
          { readonly tx: number; readonly key: string; readonly mode: string }
        >()
        const held = new Map<string, Map<number, string>>()
        let ids = 0
        const drop = (tx: number): void => held.forEach((holders) => holders.delete(tx))
        for (const { tx, key, mode, what } of steps) {
          if (what === 'abort') abort(tx)
          else ids += 1
          if (what === 'take' && ask(take(tx, key, mode)) === 'none') waiting.set(ids, { tx, key, mode })
          if (what === 'take' && answers.get(ids) === 'granted') waiting.set(ids, { tx, key, mode })
          if (what === 'release') ask({ kind: 'release', tx })
          if (what !== 'take') drop(tx)
          for (const [id, one] of waiting) {
            const answer = answers.get(id)
            if (answer !== undefined) waiting.delete(id)
            if (answer !== 'granted') continue
            const holders = held.get(one.key) ?? new Map<number, string>()
            if (holders.get(one.tx) !== 'write') holders.set(one.tx, one.mode)
            held.set(one.key, holders)
          }
          for (const holders of held.values())
            if ([...holders.values()].includes('write')) expect(holders.size).equal(1)
        }
        // all let go: nobody waits any more
        for (const tx of [1, 2, 3, 4, 5]) ask({ kind: 'release', tx })
        for (const id of waiting.keys()) expect(answers.has(id)).equal(true)
      }),
    )
  })

  it('bytes: of asks and answers read as what was written; others are none', () => {
    for (const ask of [
      take(TX_MAX, 'ö'.repeat(128)),
      take(1, 'a', 'read'),
      { kind: 'release', tx: 7 } as const,
    ])
      expect(decodeLockAsk(encodeLockAsk(ask))).deep.equal(ask)
    for (const code of LOCK_CODES)
      expect(decodeLockAnswer(encodeLockAnswer({ code, token: 2n ** 100n }))).deep.equal({
        code,
        token: 2n ** 100n,
      })
    for (const ask of [take(0, 'a'), take(TX_MAX + 1, 'a'), take(1, ''), take(1, 'x'.repeat(257))])
      expect(decodeLockAsk(encodeLockAsk(ask))).equal(null)
    holds(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        for (const read of [decodeLockAsk, decodeLockAnswer]) read(bytes)
      }),
    )
  })
})
