import { expect } from 'chai'
import fc from 'fast-check'
import { fromHex, utf8Hex } from '../../../src/codec/hex.ts'
import type { KvCommand, KvResult } from '../../../src/reducers/machines/kv-config.ts'
import type { LeaderCommand, LeaderResult } from '../../../src/reducers/machines/leader-election.ts'
import type { LockCommand, LockResult } from '../../../src/reducers/machines/lock.ts'
import type { Job, WorkCommand, WorkResult } from '../../../src/reducers/machines/work-codec.ts'
import type { Hex } from '../../../src/types/ids.ts'
import type { Model } from '../../helpers/linearizability/check.ts'
import { checkHistory } from '../../helpers/linearizability/check.ts'
import type { Operation } from '../../helpers/linearizability/history.ts'
import { Recorder } from '../../helpers/linearizability/history.ts'
import { checkVersions, kvModel } from '../../helpers/linearizability/kv-model.ts'
import { leaderModel, lockModel } from '../../helpers/linearizability/lease-models.ts'
import { workModel } from '../../helpers/linearizability/work-model.ts'

type Op<I, O> = Operation<I, O>
const bytes = (text: string): Uint8Array => fromHex(utf8Hex(text))
const at = <I, O>(
  from: number,
  to: number,
  client: string,
  input: I,
  output: O | null,
  key = 'k',
): Op<I, O> => ({
  ...{ client, key, input, output, invokedAt: from, returnedAt: to },
})
const NEVER = Infinity

type Kv = Op<KvCommand, KvResult>
const kv = (outcome: KvResult['outcome'], version: number, value = ''): KvResult => ({
  ...{ outcome, version: BigInt(version), value: bytes(value) },
})
const put = (
  from: number,
  to: number,
  value: string,
  version: number | null,
  condition?: number,
  key = 'k',
): Kv =>
  at(
    from,
    to,
    'c',
    {
      kind: 'put',
      key: '0x01',
      version: condition === undefined ? null : BigInt(condition),
      value: bytes(value),
    },
    version === null ? null : kv('done', version, value),
    key,
  )
const get = (from: number, to: number, value: string, version: number): Kv =>
  at(
    from,
    to,
    'c',
    { kind: 'get', key: '0x01' },
    value === '' ? kv('missing', 0) : kv('done', version, value),
  )
const remove = (from: number, to: number): Kv =>
  at(from, to, 'c', { kind: 'delete', key: '0x01', version: null }, kv('done', 0))
const conflict = (from: number, to: number, condition: number, value: string, version: number): Kv =>
  at(
    from,
    to,
    'c',
    { kind: 'put', key: '0x01', version: BigInt(condition), value: bytes('x') },
    kv('conflict', version, value),
  )

const BAD_KV: Readonly<Record<string, readonly Kv[]>> = {
  'a read that has not seen an acknowledged write': [put(1, 2, 'a', 1), get(3, 4, '', 0)],
  'a value that nobody wrote': [put(1, 2, 'a', 1), get(3, 4, 'b', 1)],
  'an older value': [put(1, 2, 'a', 1), put(3, 4, 'b', 2), get(5, 6, 'a', 1)],
  'two reads, the later of the older value': [
    put(1, 2, 'a', 1),
    put(3, 9, 'b', 2),
    get(4, 5, 'b', 2),
    get(6, 7, 'a', 1),
  ],
  'two writes on one condition': [put(1, 2, 'a', 1), put(3, 6, 'b', 2, 1), put(4, 7, 'c', 3, 1)],
  'a version that falls': [put(1, 2, 'a', 5), put(3, 4, 'b', 4)],
  'a value after it was deleted': [put(1, 2, 'a', 1), remove(3, 4), get(5, 6, 'a', 1)],
  'a condition that holds, and was refused': [put(1, 2, 'a', 1), conflict(3, 4, 1, 'a', 1)],
  'a refusal that tells an older version': [put(1, 2, 'a', 1), put(3, 4, 'b', 2), conflict(5, 6, 9, 'a', 1)],
  'a write that shows, and then does not': [
    put(1, 2, 'a', 1),
    put(3, NEVER, 'b', null),
    get(4, 5, 'b', 2),
    get(6, 7, 'a', 1),
  ],
  'a write that is applied twice': [
    put(1, 2, 'a', 1),
    put(3, 4, 'b', 2),
    get(5, 6, 'b', 2),
    get(7, 8, 'a', 3),
  ],
  'a read before the write began': [put(3, 4, 'a', 1), get(1, 2, 'a', 1)],
}

const GOOD_KV: Readonly<Record<string, readonly Kv[]>> = {
  'a read beside a write sees either': [
    put(1, 2, 'a', 1),
    put(3, 9, 'b', 2),
    get(4, 5, 'a', 1),
    get(6, 7, 'b', 2),
  ],
  'a write without an answer, seen': [put(1, NEVER, 'a', null), get(2, 3, '', 0), get(4, 5, 'a', 7)],
  'a write without an answer, never seen': [put(1, NEVER, 'a', null), get(2, 3, '', 0)],
  'a refusal': [put(1, 2, 'a', 1), conflict(3, 4, 9, 'a', 1), conflict(5, 6, 7, 'a', 1)],
  'conditions that hold': [put(1, 2, 'a', 1, 0), put(3, 4, 'b', 4, 1), remove(5, 6), put(7, 8, 'c', 9, 0)],
}

type Lock = Op<LockCommand, LockResult>
const result = (outcome: LockResult['outcome'], token = 0, endMs = 0): LockResult => ({
  ...{ outcome, token: BigInt(token), endMs: BigInt(endMs) },
})
const lock = (
  from: number,
  to: number,
  client: string,
  kind: LockCommand['kind'],
  output: LockResult | null,
): Lock =>
  at(from, to, client, { kind, name: '0x01', owner: '0x02', ttlMs: kind === 'acquire' ? 2_000 : 0 }, output)
const grant = (from: number, client: string, token: number, nowMs: number): Lock =>
  lock(from, from + 1, client, 'acquire', result('done', token, nowMs + 2_000))

const BAD_LOCKS: Readonly<Record<string, readonly Lock[]>> = {
  'two holders at once': [grant(1, 'a', 5, 0), grant(3, 'b', 6, 1_000)],
  'the next holder within the skew': [grant(1, 'a', 5, 0), grant(3, 'b', 6, 2_499)],
  'a token for two holders': [grant(1, 'a', 5, 0), grant(3, 'b', 5, 2_500)],
  'a lesser token': [grant(1, 'a', 5, 0), grant(3, 'b', 4, 2_500)],
  'a token for two grants to one holder': [grant(1, 'a', 5, 0), grant(3, 'a', 5, 2_500)],
  'agreed time that falls': [
    grant(1, 'a', 5, 9_000),
    lock(3, 4, 'a', 'release', result('done', 5)),
    grant(5, 'b', 6, 8_000),
  ],
  'it is free, and then held by the same grant': [
    grant(1, 'a', 5, 0),
    lock(3, 4, 'b', 'read', result('free')),
    lock(5, 6, 'b', 'read', result('held', 5, 2_000)),
  ],
  'somebody else gives it back': [grant(1, 'a', 5, 0), lock(3, 4, 'b', 'release', result('done', 5))],
  'the holder is told that somebody else is': [
    grant(1, 'a', 5, 0),
    lock(3, 4, 'a', 'acquire', result('held', 5, 2_000)),
  ],
  'held with the end of nobody’s lease': [
    grant(1, 'a', 5, 0),
    lock(3, 4, 'b', 'read', result('held', 5, 2_001)),
  ],
  'held before anybody had it': [grant(3, 'a', 5, 0), lock(1, 2, 'b', 'read', result('held', 5, 2_000))],
}

const GOOD_LOCKS: Readonly<Record<string, readonly Lock[]>> = {
  'one after another': [
    grant(1, 'a', 5, 0),
    grant(3, 'a', 5, 1_000),
    lock(5, 6, 'b', 'acquire', result('held', 5, 3_000)),
    grant(7, 'b', 6, 3_500),
    lock(9, 10, 'b', 'release', result('done', 6)),
    lock(11, 12, 'a', 'acquire', result('held', 8)),
    grant(13, 'a', 9, 3_600),
  ],
  'a lease that is over is given back by its holder': [
    grant(1, 'a', 5, 0),
    lock(3, 4, 'b', 'read', result('free')),
    lock(5, 8, 'a', 'release', result('done', 5)),
    lock(6, 9, 'b', 'read', result('held', 7)),
    grant(10, 'b', 8, 2_500),
  ],
  'a grant without an answer': [
    lock(1, NEVER, 'a', 'acquire', null),
    lock(2, 3, 'b', 'read', result('free')),
    lock(4, 5, 'b', 'read', result('held', 5, 2_000)),
    grant(6, 'b', 6, 2_500),
  ],
}

type Leader = Op<LeaderCommand, LeaderResult>
const told = (
  outcome: LeaderResult['outcome'],
  term: number,
  token: number,
  owner: string,
): LeaderResult => ({
  ...{ outcome, term: BigInt(term), token: BigInt(token), endMs: 9n, owner: owner as `0x${string}` },
})
const asks = (from: number, owner: string, kind: LeaderCommand['kind'], output: LeaderResult): Leader =>
  at(
    from,
    from + 1,
    `n/${owner}`,
    { kind, group: '0x01', owner: owner as `0x${string}`, ttlMs: 2_000 },
    output,
  )

const BAD_LEADERS: Readonly<Record<string, readonly Leader[]>> = {
  'two leaders of one term': [
    asks(1, '0x0a', 'campaign', told('leader', 1, 5, '0x0a')),
    asks(3, '0x0b', 'campaign', told('leader', 1, 5, '0x0b')),
  ],
  'a term that falls': [
    asks(1, '0x0a', 'campaign', told('leader', 2, 5, '0x0a')),
    asks(3, '0x0b', 'read', told('follower', 1, 4, '0x0b')),
  ],
  'two terms with one token': [
    asks(1, '0x0a', 'campaign', told('leader', 1, 5, '0x0a')),
    asks(3, '0x0b', 'campaign', told('leader', 2, 5, '0x0b')),
  ],
  'a later term with a lesser token': [
    asks(1, '0x0a', 'campaign', told('leader', 1, 5, '0x0a')),
    asks(3, '0x0b', 'campaign', told('leader', 2, 4, '0x0b')),
  ],
  'the leader is told that it follows': [asks(1, '0x0a', 'campaign', told('follower', 1, 5, '0x0a'))],
  'somebody leads in no term': [asks(1, '0x0a', 'campaign', told('leader', 0, 0, '0x0a'))],
}

type Work = Op<WorkCommand, WorkResult>
const QUEUE = '0x01'
const A: Job = {
  ...{
    queue: QUEUE,
    name: '0x0a',
    status: 'waiting',
    tries: 0,
    triesMax: 2,
    place: 1n,
    token: 0n,
    endMs: 0n,
  },
  ...{ holder: null, body: bytes('do') },
}
const B: Job = { ...A, name: '0x0b', place: 2n }
const heldBy = (owner: Hex, token: number, nowMs: number, job = A, tries = 1): Job => ({
  ...{ ...job, status: 'held', tries, token: BigInt(token), endMs: BigInt(nowMs + 2_000) },
  holder: { proposer: '0x', owner },
})
const over = (job: Job, status: 'done' | 'failed' | 'waiting', body = job.body): Job => ({
  ...{ ...job, status, endMs: 0n, body },
})
const says = (outcome: WorkResult['outcome'], ...jobs: Job[]): WorkResult => ({ outcome, jobs })
const asked = (from: number, owner: Hex, input: WorkCommand, output: WorkResult | null): Work =>
  at(from, output === null ? NEVER : from + 1, `n/${owner}`, input, output)
const adds = (from: number, job = A): Work =>
  asked(
    from,
    '0x0c',
    { kind: 'add', queue: QUEUE, job: job.name, triesMax: job.triesMax, body: job.body },
    says('done', job),
  )
const claims = (from: number, owner: Hex, output: WorkResult | null): Work =>
  asked(from, owner, { kind: 'claim', queue: QUEUE, owner, ttlMs: 2_000 }, output)
const tells = (
  from: number,
  kind: 'renew' | 'done' | 'fail',
  owner: Hex,
  token: number,
  output: WorkResult | null,
): Work => {
  const claimed = { queue: QUEUE, job: A.name, owner, token: BigInt(token) } as const
  if (kind === 'renew') return asked(from, owner, { kind, ...claimed, ttlMs: 2_000 }, output)
  return asked(
    from,
    owner,
    kind === 'done' ? { kind, ...claimed, output: bytes('ok') } : { kind, ...claimed },
    output,
  )
}
const lists = (from: number, ...jobs: Job[]): Work =>
  asked(from, '0x0c', { kind: 'list', queue: QUEUE }, says('done', ...jobs))
const one = heldBy('0x0d', 5, 0)
const two = heldBy('0x0e', 6, 2_500, A, 2)

const BAD_WORK: Readonly<Record<string, readonly Work[]>> = {
  'a job for two at once': [
    adds(1),
    claims(3, '0x0d', says('done', one)),
    claims(5, '0x0e', says('done', heldBy('0x0e', 6, 2_499, A, 2))),
  ],
  'a token for two claims': [
    adds(1),
    claims(3, '0x0d', says('done', one)),
    claims(5, '0x0e', says('done', { ...two, token: 5n })),
  ],
  'the later job first': [adds(1), adds(3, B), claims(5, '0x0d', says('done', heldBy('0x0d', 5, 0, B)))],
  'a job that nobody added': [claims(1, '0x0d', says('done', one))],
  'none waits, and one does': [adds(1), claims(3, '0x0d', says('none'))],
  'done after its lease, when another has it': [
    adds(1),
    claims(3, '0x0d', says('done', one)),
    claims(5, '0x0e', says('done', two)),
    tells(7, 'done', '0x0d', 5, says('done', over(one, 'done', bytes('ok')))),
  ],
  'done after its lease, when it waits again': [
    adds(1),
    adds(2, B),
    claims(4, '0x0d', says('done', one)),
    tells(6, 'fail', '0x0d', 5, says('lost', over(one, 'waiting'))),
    tells(8, 'done', '0x0d', 5, says('done', over(one, 'done', bytes('ok')))),
  ],
  'done under another token': [
    adds(1),
    claims(3, '0x0d', says('done', one)),
    tells(5, 'done', '0x0d', 4, says('done', over(one, 'done', bytes('ok')))),
  ],
  'done, and then it waits': [
    adds(1),
    claims(3, '0x0d', says('done', one)),
    tells(5, 'done', '0x0d', 5, says('done', over(one, 'done', bytes('ok')))),
    lists(7, over(one, 'waiting')),
  ],
  'claimed more often than it may be': [
    adds(1),
    claims(3, '0x0d', says('done', one)),
    claims(5, '0x0e', says('done', two)),
    claims(7, '0x0d', says('done', heldBy('0x0d', 7, 5_000, A, 3))),
  ],
  'lost, and it is held under this token': [
    adds(1),
    claims(3, '0x0d', says('done', one)),
    tells(5, 'renew', '0x0d', 5, says('lost', one)),
  ],
  'a name twice': [adds(1), adds(3)],
}

const GOOD_WORK: Readonly<Record<string, readonly Work[]>> = {
  'one after another': [
    adds(1),
    adds(3, B),
    claims(5, '0x0d', says('done', one)),
    claims(7, '0x0e', says('done', two)),
    tells(9, 'done', '0x0d', 5, says('lost', two)),
    tells(11, 'fail', '0x0e', 6, says('done', over(two, 'failed'))),
    lists(13, B, over(two, 'failed')),
  ],
  'a claim without an answer': [
    adds(1),
    claims(3, '0x0d', null),
    claims(4, '0x0e', says('none')),
    lists(6, one),
    claims(8, '0x0e', says('done', two)),
  ],
  'a claim without an answer that ended unseen': [
    adds(1),
    claims(3, '0x0d', null),
    claims(4, '0x0e', says('none')),
    claims(6, '0x0e', says('done', { ...two, token: 9n, endMs: 90_000n })),
  ],
}

function suite<S, I, O>(
  name: string,
  model: Model<S, I, O>,
  bad: Readonly<Record<string, readonly Op<I, O>[]>>,
  good: Readonly<Record<string, readonly Op<I, O>[]>>,
): void {
  for (const [what, history] of Object.entries(bad))
    it(`${name} refuses: ${what}`, () => {
      expect(checkHistory(model, history).kind).equal('violation')
      // and without its last operation there is nothing wrong, so that it is this that was found
      if (history.length > 1)
        expect(checkHistory(model, history.slice(0, -1)).kind, 'without the last').equal('linearizable')
    })
  for (const [what, history] of Object.entries(good))
    it(`${name} takes: ${what}`, () => expect(checkHistory(model, history).kind).equal('linearizable'))
}

describe('linearizability of histories', () => {
  suite('kv', kvModel, BAD_KV, GOOD_KV)
  suite('lock', lockModel, BAD_LOCKS, GOOD_LOCKS)
  suite('leader', leaderModel, BAD_LEADERS, {})
  suite('work', workModel, BAD_WORK, GOOD_WORK)

  it('versions are one order over all keys', () => {
    const [a, b] = [put(1, 2, 'a', 4, undefined, 'x'), put(3, 4, 'b', 3, undefined, 'y')]
    expect(checkHistory(kvModel, [a, b]).kind).equal('linearizable')
    expect(checkVersions([a, b])).contain('version 3')
    expect(checkVersions([a, put(1, 4, 'b', 4, undefined, 'y')])).contain('two writes')
    expect(checkVersions([a, put(1, 4, 'b', 3, undefined, 'y')])).equal(null)
  })

  it('a search without an end is undecided, and that is no success', () => {
    const open = Array.from({ length: 30 }, (_, i) => put(i, NEVER, `v${i}`, null))
    const verdict = checkHistory(kvModel, [...open, get(100, 101, 'none', 1)], { stepsMax: 1_000 })
    expect(verdict).deep.equal({ kind: 'undecided', key: 'k' })
  })

  it('takes whatever one key really did, and no history with one answer of another', () => {
    const steps = fc.array(fc.record({ write: fc.boolean(), start: fc.nat(3), end: fc.nat(3) }), {
      minLength: 2,
      maxLength: 25,
    })
    fc.assert(
      fc.property(steps, fc.nat(), (drawn, place) => {
        let [version, value] = [0, '']
        const history = drawn.map(({ write, start, end }, i): Kv => {
          // takes effect at 10 · i, within its times
          const [from, to] = [10 * i - 4 * start, 10 * i + 4 * end]
          if (!write) return get(from, to, value, version)
          ;[version, value] = [i + 1, `v${i}`]
          return put(from, to, value, version)
        })
        expect(checkHistory(kvModel, history).kind).equal('linearizable')
        const reads = history.filter(({ input }) => input.kind === 'get')
        const read = reads[place % Math.max(reads.length, 1)]
        if (read === undefined) return
        const wrong = history.map((one) => (one === read ? { ...one, output: kv('done', 99, 'other') } : one))
        expect(checkHistory(kvModel, wrong).kind).equal('violation')
      }),
      { seed: 20261130, numRuns: 300 },
    )
  })

  it('the recorder keeps what has no answer, and leaves out what was refused', () => {
    let now = 0
    const recorder = new Recorder<string, string>(() => (now += 1))
    const [one, two, three] = ['a', 'b', 'c'].map((input) => recorder.invoke('me', 'k', input))
    recorder.answered(one!, 'yes')
    recorder.refused(two!)
    expect(recorder.isBusy).equal(true)
    expect(recorder.history.map(({ input, output, returnedAt }) => [input, output, returnedAt])).deep.equal([
      ['a', 'yes', 4],
      ['c', null, Infinity],
    ])
    recorder.answered(three!, 'yes')
    expect(recorder.isBusy).equal(false)
  })
})
