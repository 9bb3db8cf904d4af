import { expect } from 'chai'
import { deadlocks, victims } from '../../../src/services/transactions/deadlock.ts'
import {
  ANSWERS,
  decisions,
  encodeDecision,
  KEEP_MS,
  PARTY_KEYS_MAX,
} from '../../../src/services/transactions/decisions.ts'
import type { DecisionCommand, DecisionState } from '../../../src/services/transactions/decisions.ts'
import { acquire, holds, NO_LOCKS, release, waitEdges } from '../../../src/services/transactions/locks.ts'
import type { LockTable } from '../../../src/services/transactions/locks.ts'
import { coordinatorStep, recoverCoordinator } from '../../../src/services/transactions/coordinator.ts'
import { leaderStep, startLeader } from '../../../src/services/transactions/leader.ts'
import type { Accepted, Body } from '../../../src/services/transactions/messages.ts'
import type { Participant } from '../../../src/services/transactions/participant.ts'
import { participantStep, NEW_PARTICIPANT } from '../../../src/services/transactions/participant.ts'
import { deadlock } from '../../../src/services/transactions/slice.ts'
import type { DeadlockState, SaidWait } from '../../../src/services/transactions/slice.ts'
import type { Outcome } from '../../../src/types/transaction.ts'
import type { Address } from '../../../src/types/ids.ts'
import { uint } from '../../../src/codec/hex.ts'
import { MACHINE_BYTES_MAX } from '../../../src/reducers/command-log/log-state.ts'
import { foldContext, membersOf } from '../../helpers/services-cluster.ts'

const wait = (waiter: number, holder: number): { waiter: number; holder: number } => ({ waiter, holder })

describe('deadlocks of the document', () => {
  it('T75: finds both sample cycles, of four and of two', () => {
    const edges = [wait(1, 2), wait(2, 3), wait(3, 4), wait(4, 1), wait(5, 6), wait(6, 5), wait(7, 5)]
    expect(deadlocks(edges)).deep.equal([
      [1, 2, 3, 4],
      [5, 6],
    ])
  })

  it('F3: a cycle with somebody who waits outside, on which the written search throws', () => {
    expect(deadlocks([wait(1, 2), wait(2, 1), wait(3, 1)])).deep.equal([[1, 2]])
  })

  it('F3: cycles that share a transaction are one deadlock', () => {
    expect(deadlocks([wait(1, 2), wait(2, 1), wait(2, 3), wait(3, 2)])).deep.equal([[1, 2, 3]])
  })

  it('one that waits for itself', () => {
    expect(deadlocks([wait(1, 1), wait(2, 3)])).deep.equal([[1]])
  })

  it('F8: least work goes by default, then the youngest; the others by their names', () => {
    const edges = [wait(1, 2), wait(2, 3), wait(3, 1)]
    const facts = [
      { tx: 1, work: 5, priority: 1, beganMs: 10 },
      { tx: 2, work: 3, priority: 9, beganMs: 20 },
      { tx: 3, work: 3, priority: 5, beganMs: 30 },
    ]
    expect(victims(edges, facts)).deep.equal([3])
    expect(victims(edges, facts, 'lowest-priority')).deep.equal([1])
    expect(victims(edges, facts, 'oldest')).deep.equal([1])
    expect(victims(edges, facts, 'youngest')).deep.equal([3])
    const alike = facts.map((one) => ({ ...one, work: 1, beganMs: 1 }))
    expect(victims(edges, alike)).deep.equal([3])
  })
})

describe('locks', () => {
  const take = (
    table: LockTable,
    tx: number,
    mode: 'read' | 'write',
    key = 'a',
  ): ReturnType<typeof acquire> => acquire(table, key, { tx, mode })

  it('are shared by readers and held alone by a writer, first come first served', () => {
    let { table } = take(NO_LOCKS, 1, 'read')
    expect(take(table, 2, 'read').answer).equal('granted')
    table = take(table, 2, 'read').table
    table = take(table, 3, 'write').table
    expect(take(table, 4, 'read').answer).equal('waiting')
    table = take(table, 4, 'read').table
    expect(waitEdges(table)).deep.equal([
      { waiter: 3, holder: 1, stamp: 1 },
      { waiter: 3, holder: 2, stamp: 2 },
      { waiter: 4, holder: 3, stamp: 3 },
    ])
    table = release(table, 1)
    expect(waitEdges(table).map(({ stamp }) => stamp)).deep.equal([2, 3])
    table = release(table, 2)
    expect([holds(table, 'a', 3), holds(table, 'a', 4)]).deep.equal(['write', null])
    table = release(table, 3)
    expect(holds(table, 'a', 4)).equal('read')
    expect(release(table, 4).locks.size).equal(0)
  })

  it('a reader becomes a writer when it reads alone; two that want to are a deadlock', () => {
    let { table } = take(NO_LOCKS, 1, 'read')
    expect(take(table, 1, 'write').answer).equal('granted')
    table = take(take(table, 2, 'read').table, 1, 'write').table
    table = take(table, 2, 'write').table
    expect(deadlocks(waitEdges(table))).deep.equal([[1, 2]])
    expect(holds(release(table, 2), 'a', 1)).equal('write')
  })

  it('asking again changes nothing; a wait that begins anew has a new stamp', () => {
    let { table } = take(take(NO_LOCKS, 1, 'write').table, 2, 'write')
    expect(take(table, 2, 'write').table).equal(table)
    expect(take(table, 1, 'read').answer).equal('granted')
    table = take(release(table, 2), 2, 'write').table
    expect(waitEdges(table)).deep.equal([{ waiter: 2, holder: 1, stamp: 2 }])
  })
})

describe('deadlock slice', () => {
  const members = membersOf([1, 1, 1, 1])
  const said = (waiter: number, holder: number, stamp: number): SaidWait => {
    return { waiter, holder, stamp, work: 1, priority: 1, beganMs: waiter }
  }
  const fold = (before: DeadlockState, ...waits: readonly (readonly SaidWait[])[]): DeadlockState => {
    const inputs = waits.map((list, member) => ({ member, state: { waits: list } }))
    return deadlock.fold(before, inputs, foldContext(members), { victim: 'youngest' }, {})
  }

  it('a deadlock over two nodes is found at the second height, and its victim stays one until it is gone', () => {
    const first = fold(deadlock.empty, [said(1, 2, 5)], [said(2, 1, 9)])
    expect(first.victims).deep.equal([])
    const second = fold(first, [said(1, 2, 5)], [said(2, 1, 9)])
    expect(second.victims).deep.equal([{ tx: 2 }])
    const third = fold(second, [said(1, 2, 5)])
    expect(third.victims).deep.equal([{ tx: 2 }])
    expect(fold(third, []).victims).deep.equal([])
  })

  it('a wait that another node reports, or with another stamp, is another wait', () => {
    const first = fold(deadlock.empty, [said(1, 2, 5)], [said(2, 1, 9)])
    expect(fold(first, [said(1, 2, 6)], [said(2, 1, 9)]).victims).deep.equal([])
    expect(fold(first, [said(2, 1, 9)], [said(1, 2, 5)]).victims).deep.equal([])
    expect(fold(first, [said(1, 2, 5)]).victims).deep.equal([])
  })
})

describe('decisions', () => {
  const key = (i: number): `0x${string}` => `0x${'00'.repeat(19)}0${i}`
  const tx = { coordinator: key(0), number: 1 }
  const yes = (party: number) => ({ kind: 'yes', tx, party }) as const
  const done = (party: number) => ({ kind: 'done', tx, party }) as const
  const begin: DecisionCommand = {
    kind: 'begin',
    number: 1,
    ttlMs: 100,
    parties: [[key(1), key(4)], [key(2)]],
  }
  const say = (
    state: DecisionState,
    by: number,
    command: DecisionCommand,
    agreedMs = 50n,
  ): [string, DecisionState] => {
    const done = decisions.apply(state, encodeDecision(command), {
      proposer: key(by),
      agreedMs,
      token: 1n,
      index: 1n,
    })
    return [ANSWERS[done.result[0]!]!, done.state]
  }

  it('refuse commands that cannot be meant', () => {
    const sound = encodeDecision(begin)
    expect(decisions.isCommand(sound)).equal(true)
    const parties = [[], [[]], Array.from({ length: 9 }, () => [key(1)])]
    for (const more of [{ ttlMs: 0 }, { ttlMs: 600_001 }, ...parties.map((one) => ({ parties: one }))])
      expect(decisions.isCommand(encodeDecision({ ...begin, ...more })), JSON.stringify(more)).equal(false)
    expect(decisions.isCommand(sound.subarray(1))).equal(false)
    expect(decisions.isCommand(Uint8Array.of(9))).equal(false)
    for (const party of [8, 254]) expect(decisions.isCommand(encodeDecision(yes(party)))).equal(false)
  })

  it('strangers have no vote, and nobody can take the name of another coordinator', () => {
    const [, begun] = say([], 0, begin)
    for (const [by, party] of [
      [3, 0],
      [2, 0],
      [0, 0],
      [1, null],
      [1, 2],
    ] as const)
      expect(say(begun, by, { kind: 'no', tx, party })[0]).equal('pending')
    expect(say(begun, 1, begin)[1].length).equal(2)
    expect(say(begun, 1, { ...yes(0), tx: { coordinator: key(1), number: 1 } })[0]).equal('unknown')
  })

  it('a second vote of a party does not count', () => {
    let [, state] = say([], 0, begin)
    state = say(state, 1, yes(0))[1]
    expect(say(state, 1, { kind: 'no', tx, party: 0 })[0]).equal('pending')
    expect(say(state, 2, yes(1))[0]).equal('commit')
    expect(say(state, 2, { kind: 'no', tx, party: 1 })[0]).equal('abort')
  })

  it('another member of its group speaks for a store that has lost its primary', () => {
    let [, state] = say([], 0, begin)
    state = say(state, 2, yes(1))[1]
    const [answer, decided] = say(state, 4, yes(0))
    expect(answer).equal('commit')
    state = say(decided, 1, done(0))[1]
    expect(state[0]?.parties.map(({ isDone }) => isDone)).deep.equal([true, false])
  })

  it('the coordinator may say no for all, until it is decided', () => {
    const [, begun] = say([], 0, begin)
    expect(say(begun, 0, { kind: 'no', tx, party: null })[0]).equal('abort')
    const decided = say(say(begun, 2, yes(1))[1], 1, yes(0))[1]
    expect(say(decided, 0, { kind: 'no', tx, party: null })[0]).equal('commit')
  })

  it('the record goes when all parties are done, and not before', () => {
    let [, state] = say([], 0, begin)
    state = say(state, 1, done(0))[1]
    expect(state[0]!.parties[0]!.isDone).equal(false)
    state = say(state, 1, { kind: 'no', tx, party: 0 })[1]
    state = say(state, 1, done(0))[1]
    state = say(state, 0, { kind: 'done', tx, party: null })[1]
    expect(say(state, 2, { kind: 'read', tx })[0]).equal('abort')
    expect(say(state, 2, done(1))[1]).deep.equal([])
  })

  it('the record waits for its coordinator, who cannot begin it anew when it is gone', () => {
    let [, state] = say([], 0, begin)
    state = say(state, 1, { kind: 'no', tx, party: 0 })[1]
    for (const [by, party] of [
      [1, 0],
      [2, 1],
    ] as const)
      state = say(state, by, done(party))[1]
    expect(say(state, 0, begin)[0]).equal('abort')
    const turn = (agreedMs: bigint): DecisionState => decisions.turn!(state, { agreedMs, token: 1n })
    expect(turn(KEEP_MS)).deep.equal(state)
    expect(turn(KEEP_MS + 1n)).deep.equal([])
    expect(say([], 0, begin, KEEP_MS + 1n)).deep.equal(['unknown', []])
    expect(say([], 0, begin, KEEP_MS)[0]).equal('pending')
  })

  it('answers full when too many are open', () => {
    let state: DecisionState = []
    let number = 0
    for (let last = ''; last !== 'full'; number += 1) [last, state] = say(state, 0, { ...begin, number })
    expect(number - 1).equal(Math.floor(MACHINE_BYTES_MAX / 105))
    expect(state).length(number - 1)
    expect(say(state, 0, { ...begin, number: number - 2 })[0]).equal('pending')
    const widest = Array.from({ length: PARTY_KEYS_MAX }, (_, i): Address => `0x${uint(i, 20)}`)
    const eight = Array.from({ length: 8 }, () => widest)
    let most = 0
    for (let last = ''; last !== 'full'; most += 1)
      last = say(state, 0, { ...begin, number: 2 ** 40 + most, parties: eight })[0]
    expect(most).equal(1)
  })
})

describe('participant', () => {
  const terms = { protocol: '2pc' as const, coordinator: 0, participants: [1, 2] }
  const hear = (state: Participant, body: Body): ReturnType<typeof participantStep> =>
    participantStep(1, state, { kind: 'message', from: 0, body, canCommit: true })

  it('writes its yes before it says it', () => {
    const step = hear(NEW_PARTICIPANT, { kind: 'prepare', terms })
    expect(step.records).deep.equal([{ kind: 'prepared', terms }])
    expect(step.sends).deep.equal([{ to: 0, body: { kind: 'vote', isYes: true } }])
  })

  it('ignores a commit that it has not voted for, and a second outcome', () => {
    expect(hear(NEW_PARTICIPANT, { kind: 'outcome', outcome: 'commit' }).state.final).equal(null)
    const aborted = hear(NEW_PARTICIPANT, { kind: 'outcome', outcome: 'abort' }).state
    expect(hear(aborted, { kind: 'outcome', outcome: 'commit' }).state.final).equal('abort')
    expect(hear(aborted, { kind: 'prepare', terms }).sends).deep.equal([
      { to: 0, body: { kind: 'vote', isYes: false } },
    ])
  })
})

describe('3PC by ballots', () => {
  const terms = { protocol: '3pc' as const, coordinator: 0, participants: [1, 2, 3] }
  const promise = (ballot: number, accepted: Accepted | null, final: Outcome | null = null): Body => {
    return { kind: 'promise', ballot, accepted, final }
  }
  const lead = (...heard: readonly [number, Body][]): ReturnType<typeof leaderStep> => {
    let led = startLeader(terms, 65)
    for (const [from, body] of heard) if (led.leader !== null) led = leaderStep(led.leader, from, body)
    return led
  }

  it('a leader goes on with what was accepted last, and aborts where nothing was', () => {
    const commit = { ballot: 1, outcome: 'commit' as const }
    const abort = { ballot: 64, outcome: 'abort' as const }
    const accepts = (...heard: readonly [number, Body][]): unknown =>
      lead(...heard).sends.map(({ body }) => (body.kind === 'accept' ? body.outcome : body.kind))[0]
    expect(accepts([2, promise(65, null)], [3, promise(65, commit)])).equal('commit')
    expect(accepts([2, promise(65, abort)], [3, promise(65, commit)])).equal('abort')
    expect(accepts([2, promise(65, null)], [3, promise(65, null)])).equal('abort')
    expect(accepts([2, promise(65, null)])).equal(undefined)
    expect(accepts([2, promise(65, null)], [3, promise(64, null)])).equal(undefined)
    expect(lead([2, promise(65, null, 'commit')]).sends[0]!.body).deep.equal({
      kind: 'outcome',
      outcome: 'commit',
    })
  })

  it('a participant promises and accepts nothing below what it has promised', () => {
    const prepared: Participant = { terms, promised: 65, accepted: null, final: null }
    const hear = (body: Body): number =>
      participantStep(1, prepared, { kind: 'message', from: 2, body, canCommit: true }).sends.length
    expect(hear({ kind: 'collect', ballot: 65 })).equal(0)
    expect(hear({ kind: 'collect', ballot: 66 })).equal(1)
    expect(hear({ kind: 'accept', ballot: 64, outcome: 'abort' })).equal(0)
    expect(hear({ kind: 'accept', ballot: 65, outcome: 'abort' })).equal(1)
  })

  it('who has not voted aborts for good when it is asked', () => {
    const step = participantStep(1, NEW_PARTICIPANT, {
      kind: 'message',
      from: 2,
      body: { kind: 'ask' },
      canCommit: true,
    })
    expect(step.records).deep.equal([{ kind: 'final', outcome: 'abort' }])
    expect(step.sends).deep.equal([{ to: 2, body: { kind: 'outcome', outcome: 'abort' } }])
  })

  it('a coordinator that has come back sends no second first ballot and aborts nothing', () => {
    let state = recoverCoordinator(terms, [{ kind: 'begun' }])
    for (const from of [1, 2, 3]) {
      const step = coordinatorStep(state, { kind: 'message', from, body: { kind: 'vote', isYes: true } })
      expect(step.sends).deep.equal([])
      state = step.state
    }
    const asks = coordinatorStep(state, { kind: 'timeout' })
    expect(asks.sends.map(({ body }) => body.kind)).deep.equal(['ask', 'ask', 'ask'])
    expect(asks.records).deep.equal([])
  })
})
