import { expect } from 'chai'
import fc from 'fast-check'
import { toHex, utf8Hex } from '../../../src/codec/hex.ts'
import { makeFence } from '../../../src/reducers/fence.ts'
import type { KvCommand, KvResult, KvState } from '../../../src/reducers/machines/kv-config.ts'
import {
  decodeKvCommand,
  decodeKvResult,
  encodeKvCommand,
  kvConfig,
  VALUE_BYTES_MAX,
} from '../../../src/reducers/machines/kv-config.ts'
import type { LeaderCommand, LeaderResult } from '../../../src/reducers/machines/leader-election.ts'
import {
  decodeLeaderCommand,
  decodeLeaderResult,
  encodeLeaderCommand,
  leaderElection,
} from '../../../src/reducers/machines/leader-election.ts'
import type { LockCommand, LockResult } from '../../../src/reducers/machines/lock.ts'
import {
  decodeLockCommand,
  decodeLockResult,
  encodeLockCommand,
  lock,
} from '../../../src/reducers/machines/lock.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { ALICE, BOB, CAROL, keyOf, readsOnlyItsOwn, Run } from '../../helpers/machine-run.ts'

describe('kv-config', () => {
  const key = (name: string): Hex => utf8Hex(name)
  const say = (run: Run<KvState>, command: KvCommand): KvResult => {
    const bytes = encodeKvCommand(command)
    expect(decodeKvCommand(bytes)).to.deep.equal(command)
    return decodeKvResult(run.apply(bytes))!
  }
  const put = (name: string, value: number[], version: bigint | null = null): KvCommand => ({
    ...({ kind: 'put', key: key(name), version } as const),
    value: Uint8Array.from(value),
  })

  readsOnlyItsOwn('it', kvConfig)

  it('refuses as commands: other kinds, no key, long keys and values, idle versions, tails and cuts', () => {
    const long = {
      kind: 'put',
      key: key('k'),
      version: null,
      value: new Uint8Array(VALUE_BYTES_MAX + 1),
    } as const
    const wrong = [
      encodeKvCommand(long),
      encodeKvCommand({ kind: 'get', key: '0x' }),
      encodeKvCommand({ kind: 'get', key: toHex(new Uint8Array(129)) }),
      Uint8Array.of(3, 1, 7),
      Uint8Array.of(2, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1),
    ]
    for (const command of wrong) expect(kvConfig.isCommand(command), toHex(command)).to.equal(false)
    const good = encodeKvCommand(put('k', [1, 2]))
    expect(kvConfig.isCommand(Uint8Array.of(...good, 0))).to.equal(false)
    for (let end = 0; end < good.length; end += 1)
      expect(kvConfig.isCommand(good.slice(0, end))).to.equal(false)
  })

  it('does what a map with versions does', () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const version = fc.option(fc.bigInt({ min: 0n, max: 12n }))
    const command: fc.Arbitrary<KvCommand> = fc.oneof(
      fc.record({ kind: fc.constant('get' as const), key: name.map(key) }),
      fc.record({ kind: fc.constant('delete' as const), key: name.map(key), version }),
      fc.record({
        kind: fc.constant('put' as const),
        key: name.map(key),
        version,
        value: fc.uint8Array({ maxLength: 3 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        const run = new Run(kvConfig)
        const model = new Map<Hex, { version: bigint; value: Uint8Array }>()
        for (const one of commands) {
          const result = say(run, one)
          const present = model.get(one.key)
          const asked = 'version' in one ? one.version : null
          if (asked !== null && asked !== (present?.version ?? 0n))
            expect(result.outcome).to.equal('conflict')
          else if (one.kind === 'put') model.set(one.key, { version: run.index, value: one.value })
          else if (one.kind === 'delete') model.delete(one.key)
          else expect(result.outcome).to.equal(present === undefined ? 'missing' : 'done')
          if (one.kind === 'get')
            expect(toHex(result.value)).to.equal(toHex(present?.value ?? new Uint8Array()))
          expect(run.state.map((entry) => [entry.key, entry.version])).to.deep.equal(
            [...model].map(([k, entry]) => [k, entry.version]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
          )
        }
      }),
      { numRuns: 200 },
    )
  })

  it('answers what would not fit, and stays as it was', () => {
    const run = new Run(kvConfig)
    const big = Array.from({ length: VALUE_BYTES_MAX }, () => 7)
    const outcomes = ['a', 'b', 'c', 'd', 'e'].map((name) => say(run, put(name, big)).outcome)
    expect(outcomes).to.deep.equal(['done', 'done', 'done', 'done', 'full'])
    expect(run.state.map((entry) => entry.key)).to.deep.equal(['a', 'b', 'c', 'd'].map(key))
  })
})

describe('lock', () => {
  type Who = typeof ALICE
  const say = (run: Run<typeof lock.empty>, who: Who, kind: LockCommand['kind'], ttlMs = 0): LockResult => {
    const command = { kind, name: utf8Hex('l'), owner: kind === 'read' ? '0x' : who!.owner, ttlMs } as const
    const bytes = encodeLockCommand(command)
    expect(decodeLockCommand(bytes)).to.deep.equal(command)
    return decodeLockResult(run.apply(bytes, who!.proposer))!
  }

  readsOnlyItsOwn('it', lock)

  it('refuses leases too short to be held or too long to wait for, names too long or none', () => {
    const command = { kind: 'acquire', name: utf8Hex('l'), owner: utf8Hex('o') } as const
    for (const ttlMs of [0, 1_999, 3_600_001])
      expect(lock.isCommand(encodeLockCommand({ ...command, ttlMs }))).to.equal(false)
    for (const name of ['0x', toHex(new Uint8Array(65))] as const)
      expect(lock.isCommand(encodeLockCommand({ ...command, name, ttlMs: 5_000 }))).to.equal(false)
  })

  it('is held by one until its end and the skew; a renewal keeps the token, the next holder has a greater one', () => {
    const run = new Run(lock)
    const first = say(run, ALICE, 'acquire', 5_000)
    expect([first.outcome, first.endMs]).to.deep.equal(['done', 1_005_000n])
    expect(say(run, BOB, 'acquire', 5_000)).to.deep.equal({ ...first, outcome: 'held' })
    expect(say(run, BOB, 'release').outcome).to.equal('held')
    const renewed = say(run.turn(4_000), ALICE, 'acquire', 5_000)
    expect(renewed).to.deep.equal({ outcome: 'done', token: first.token, endMs: 1_009_000n })
    expect(say(run.turn(5_499), BOB, 'acquire', 5_000).outcome).to.equal('held')
    const next = say(run.turn(1), BOB, 'acquire', 5_000)
    expect(next.outcome).to.equal('done')
    expect(next.token > first.token).to.equal(true)
    expect(say(run, ALICE, 'release').outcome).to.equal('held')
  })

  it('of the same owner name at another member is another holder', () => {
    const run = new Run(lock)
    say(run, ALICE, 'acquire', 5_000)
    expect(say(run, { proposer: keyOf(9), owner: ALICE!.owner }, 'release').outcome).to.equal('held')
  })

  it('that is released is free from the next height on', () => {
    const run = new Run(lock)
    const { token } = say(run, ALICE, 'acquire', 5_000)
    expect(say(run, ALICE, 'release').outcome).to.equal('done')
    expect(say(run, BOB, 'acquire', 5_000).outcome).to.equal('held')
    expect(say(run, ALICE, 'acquire', 5_000).outcome).to.equal('held')
    const next = say(run.turn(0), BOB, 'acquire', 5_000)
    expect(next.outcome).to.equal('done')
    expect(next.token > token).to.equal(true)
  })

  it('never gives two grants one token, and guards a resource from every holder but the last', () => {
    const move = fc.record({
      who: fc.nat(2),
      kind: fc.constantFrom('acquire' as const, 'release' as const),
      wait: fc.constantFrom(0, 0, 500, 3_000, 9_000),
      isNewHeight: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
        const run = new Run(lock)
        const grants: { who: number; token: bigint }[] = []
        let kept = 0n
        const admits = makeFence(
          () => kept,
          (token) => (kept = token),
        )
        for (const { who, kind, wait, isNewHeight } of moves) {
          if (isNewHeight) run.turn(wait)
          const result = say(run, [ALICE, BOB, CAROL][who], kind, kind === 'acquire' ? 3_000 : 0)
          if (kind !== 'acquire' || result.outcome !== 'done') continue
          const last = grants.at(-1)
          if (last !== undefined && last.token !== result.token)
            expect(result.token > last.token, 'tokens rise').to.equal(true)
          if (last?.token === result.token) expect(last.who, 'one holder a token').to.equal(who)
          grants.push({ who, token: result.token })
          expect(admits(result.token)).to.equal(true)
          // a holder of before that was paused and is woken now
          for (const old of grants) if (old.token < result.token) expect(admits(old.token)).to.equal(false)
        }
        expect(
          makeFence(
            () => kept,
            () => undefined,
          )(0n),
        ).to.equal(kept === 0n)
      }),
      { numRuns: 300 },
    )
  })
})

describe('leader election', () => {
  type Who = typeof ALICE
  const say = (
    run: Run<typeof leaderElection.empty>,
    who: Who,
    kind: LeaderCommand['kind'],
    ttlMs = 0,
  ): LeaderResult => {
    const command = { kind, group: utf8Hex('g'), owner: kind === 'read' ? '0x' : who!.owner, ttlMs } as const
    const bytes = encodeLeaderCommand(command)
    expect(decodeLeaderCommand(bytes)).to.deep.equal(command)
    return decodeLeaderResult(run.apply(bytes, who!.proposer))!
  }
  const seen = ({ outcome, term, owner }: LeaderResult): unknown[] => [outcome, Number(term), owner]

  readsOnlyItsOwn('it', leaderElection)

  it('the first who campaigns leads; who comes later leads when it is silent, by nobody’s call', () => {
    const run = new Run(leaderElection)
    expect(seen(say(run, CAROL, 'read'))).to.deep.equal(['none', 0, '0x'])
    expect(seen(say(run, ALICE, 'campaign', 5_000))).to.deep.equal(['leader', 1, ALICE!.owner])
    expect(seen(say(run, BOB, 'campaign', 9_000))).to.deep.equal(['follower', 1, ALICE!.owner])
    expect(seen(say(run.turn(5_499), CAROL, 'read'))).to.deep.equal(['follower', 1, ALICE!.owner])
    expect(seen(say(run.turn(1), CAROL, 'read'))).to.deep.equal(['follower', 2, BOB!.owner])
    expect(seen(say(run, ALICE, 'campaign', 5_000))).to.deep.equal(['follower', 2, BOB!.owner])
  })

  it('a leader that goes on saying so stays in its term, and a silent candidate is passed over', () => {
    const run = new Run(leaderElection)
    say(run, ALICE, 'campaign', 3_000)
    say(run, BOB, 'campaign', 2_000)
    say(run, CAROL, 'campaign', 60_000)
    for (let i = 0; i < 5; i += 1)
      expect(seen(say(run.turn(2_500), ALICE, 'campaign', 3_000))).to.deep.equal(['leader', 1, ALICE!.owner])
    expect(seen(say(run.turn(3_500), CAROL, 'read'))).to.deep.equal(
      ['leader', 2, CAROL!.owner].with(0, 'follower'),
    )
  })

  it('who resigns is followed in the next height if its own term began in this one', () => {
    const run = new Run(leaderElection)
    const first = say(run, ALICE, 'campaign', 5_000)
    say(run, BOB, 'campaign', 5_000)
    expect(seen(say(run, ALICE, 'resign'))).to.deep.equal(['none', 1, '0x'])
    const next = say(run.turn(0), BOB, 'campaign', 5_000)
    expect(seen(next)).to.deep.equal(['leader', 2, BOB!.owner])
    expect(next.token > first.token).to.equal(true)
  })

  it('terms and tokens rise together, one leader a term', () => {
    const move = fc.record({
      who: fc.nat(2),
      kind: fc.constantFrom('campaign' as const, 'campaign' as const, 'resign' as const),
      wait: fc.constantFrom(0, 400, 2_000, 5_000),
      isNewHeight: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
        const run = new Run(leaderElection)
        const terms = new Map<bigint, string>()
        let last = { term: 0n, token: 0n }
        for (const { who, kind, wait, isNewHeight } of moves) {
          if (isNewHeight) run.turn(wait)
          const { outcome, term, token, owner } = say(
            run,
            [ALICE, BOB, CAROL][who],
            kind,
            kind === 'campaign' ? 3_000 : 0,
          )
          if (term === last.term) expect(token).to.equal(last.token)
          else expect(term > last.term && token > last.token, 'both rise').to.equal(true)
          last = { term, token }
          if (outcome === 'none') continue
          expect(terms.get(term) ?? owner, 'one leader a term').to.equal(owner)
          terms.set(term, owner)
        }
      }),
      { numRuns: 300 },
    )
  })
})
