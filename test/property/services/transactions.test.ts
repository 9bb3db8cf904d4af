import { expect } from 'chai'
import fc from 'fast-check'
import { Random } from '../../../src/faults/random.ts'
import { coordinatorStep, newCoordinator } from '../../../src/services/transactions/coordinator.ts'
import type { CoordinatorEvent } from '../../../src/services/transactions/coordinator.ts'
import { deadlocks, VICTIM_POLICIES, victims } from '../../../src/services/transactions/deadlock.ts'
import type { TxFacts, Wait } from '../../../src/services/transactions/deadlock.ts'
import { decodeDecision, decisions, encodeDecision } from '../../../src/services/transactions/decisions.ts'
import type { DecisionCommand } from '../../../src/services/transactions/decisions.ts'
import { acquire, NO_LOCKS, release, waitEdges } from '../../../src/services/transactions/locks.ts'
import type { LockMode, LockTable } from '../../../src/services/transactions/locks.ts'
import { PROTOCOLS } from '../../../src/types/transaction.ts'
import type { Body } from '../../../src/services/transactions/messages.ts'
import { deadlock } from '../../../src/services/transactions/slice.ts'
import { holds } from '../../helpers/holds.ts'
import { phantomFaults } from '../../helpers/deadlock-world.ts'
import { labelledKills, scheduleOf, TxWorld } from '../../helpers/transactions-world.ts'

const SCHEDULES = 1000
const waits = fc.array(
  fc.record({ waiter: fc.integer({ min: 1, max: 9 }), holder: fc.integer({ min: 1, max: 9 }) }),
  {
    maxLength: 24,
  },
)
const facts = fc.array(fc.record({ work: fc.nat(3), priority: fc.nat(3), beganMs: fc.nat(3) }), {
  minLength: 9,
  maxLength: 9,
})

/** Dumb twin: who can come back to itself, by walking until nothing new is reached. */
function inCycles(edges: readonly Wait[]): Set<number> {
  const all = new Set(edges.flatMap(({ waiter, holder }) => [waiter, holder]))
  return new Set(
    [...all].filter((start) => {
      const reached = new Set<number>()
      const open = [start]
      for (const tx of open)
        for (const { waiter, holder } of edges)
          if (waiter === tx && !reached.has(holder)) {
            reached.add(holder)
            open.push(holder)
          }
      return reached.has(start)
    }),
  )
}

describe('transactions that lose nodes at labelled states', () => {
  for (const protocol of PROTOCOLS) {
    it(`P6, P7, P8, P9: ${protocol} is atomic whoever dies at whatever state, and ends when all are back`, () => {
      const died = new Set<string>()
      for (let number = 0; number < SCHEDULES; number += 1) {
        const world = new TxWorld(scheduleOf(protocol, number)).run()
        expect(world.faults, `schedule ${number}`).deep.equal([])
        expect(new Set(world.outcomes()).size, `schedule ${number}`).equal(1)
        expect(world.isOver, `schedule ${number}`).equal(true)
        for (const name of world.killed) died.add(name.slice(name.indexOf(' ') + 1))
      }
      const wanted = labelledKills(protocol).map(({ role, label, point }) => `${role} ${label} ${point}`)
      expect([...died]).include.members(wanted)
    })
  }

  it('P7: agreed and 3PC end without the coordinator; 2PC waits for it', () => {
    const blocked = new Map<string, number>()
    for (const protocol of PROTOCOLS)
      for (let seed = 0; seed < 60; seed += 1) {
        const label = protocol === '2pc' ? 'committing' : 'preparing'
        const kills = [{ node: 0, label, point: 'after-log' as const }]
        // of agreed the coordinator has told the log and the participants; then it is gone
        const kill =
          protocol === 'agreed' ? [] : protocol === '3pc' ? [{ ...kills[0]!, label: 'prepared' }] : kills
        const plan = { seed, protocol, participants: 3, kills: kill, refusers: [], lost: [0] }
        const world = new TxWorld(plan).run(60, 2000)
        expect(world.faults).deep.equal([])
        if (!world.isOver) blocked.set(protocol, (blocked.get(protocol) ?? 0) + 1)
      }
    expect([...blocked.keys()]).deep.equal(['2pc'])
  })

  it('3PC refuses to decide without a majority', () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const kills = [
        { node: 0, label: 'prepared', point: 'before-log' as const },
        { node: 1, label: 'prepared', point: 'after-send' as const },
        { node: 2, label: 'prepared', point: 'after-send' as const },
      ]
      const plan = { seed, protocol: '3pc' as const, participants: 3, kills, refusers: [], lost: [0, 1, 2] }
      const world = new TxWorld(plan).run(400, 600)
      expect(world.faults).deep.equal([])
      const last = world.parts.get(3)!.state
      const isAlone = [1, 2].every((node) => !world.parts.get(node)!.isAlive)
      if (isAlone && last.terms !== null && world.coordinator.phase === 'preparing')
        expect(last.final, `seed ${seed}`).not.equal('commit')
    }
  })

  it('F7: after a decision nothing leads back, whatever arrives', () => {
    const bodies: fc.Arbitrary<Body> = fc.oneof(
      fc.record({ kind: fc.constant('vote' as const), isYes: fc.boolean() }),
      fc.record({
        kind: fc.constant('outcome' as const),
        outcome: fc.constantFrom('commit' as const, 'abort' as const),
      }),
      fc.constant({ kind: 'done' as const }),
      fc.constant({ kind: 'ask' as const }),
      fc.record({ kind: fc.constant('accepted' as const), ballot: fc.constantFrom(1, 64) }),
    )
    const events: fc.Arbitrary<CoordinatorEvent> = fc.oneof(
      fc.record({
        kind: fc.constant('message' as const),
        from: fc.integer({ min: 1, max: 3 }),
        body: bodies,
      }),
      fc.constant({ kind: 'timeout' as const }),
      fc.record({
        kind: fc.constant('agreed' as const),
        outcome: fc.constantFrom(null, 'commit' as const, 'abort' as const),
      }),
      fc.constant({ kind: 'start' as const }),
    )
    const next: Readonly<Record<string, readonly string[]>> = {
      active: ['preparing'],
      preparing: ['prepared', 'committing', 'committed', 'aborting', 'aborted'],
      prepared: ['committing', 'aborting'],
      committing: ['committed'],
      committed: [],
      aborting: ['aborted'],
      aborted: [],
    }
    holds(
      fc.property(fc.constantFrom(...PROTOCOLS), fc.array(events, { maxLength: 30 }), (protocol, list) => {
        let state = newCoordinator({ protocol, coordinator: 0, participants: [1, 2, 3] })
        for (const event of [{ kind: 'start' as const }, ...list]) {
          const step = coordinatorStep(state, event)
          if (step.state.phase !== state.phase) expect(next[state.phase]).include(step.state.phase)
          state = step.state
        }
      }),
      1000,
    )
  })
})

describe('decisions on the agreed log', () => {
  it('P6, P8: a decision follows from the votes in their order, and nothing changes it', () => {
    const key = (i: number): `0x${string}` => `0x${'00'.repeat(19)}0${i}`
    const steps = fc.array(
      fc.record({
        by: fc.integer({ min: 0, max: 5 }),
        party: fc.integer({ min: 0, max: 3 }),
        what: fc.constantFrom('yes' as const, 'no' as const, 'done' as const, 'read' as const),
        passed: fc.nat(300),
      }),
      { maxLength: 20 },
    )
    holds(
      fc.property(steps, (list) => {
        let agreedMs = 0n
        const context = (i: number) => ({ proposer: key(i), agreedMs, token: 1n, index: 1n })
        const begin = {
          kind: 'begin',
          number: 7,
          ttlMs: 1000,
          parties: [[key(1), key(5)], [key(2)], [key(3)]],
        } as const
        let state = decisions.apply([], encodeDecision(begin), context(0)).state
        const said = new Map<number, string>()
        const speakers = [[1, 5], [2], [3]]
        let decided: string | null = null
        for (const { by, party: number, what, passed } of list) {
          // the coordinator speaks for itself
          const party = by === 0 ? null : number
          agreedMs += BigInt(passed)
          state = decisions.turn!(state, { agreedMs, token: 1n })
          if (decided === null && agreedMs >= 1000n) decided = 'abort'
          const tx = { coordinator: key(0), number: 7 }
          const command: DecisionCommand = what === 'read' ? { kind: what, tx } : { kind: what, tx, party }
          const bytes = encodeDecision(command)
          expect(decodeDecision(bytes) === null).equal(by === 0 && what === 'yes')
          state = decisions.apply(state, bytes, context(by)).state
          const isParty = party !== null && speakers[party]?.includes(by) === true
          if (by === 0 && what === 'no') decided ??= 'abort'
          if (isParty && (what === 'yes' || what === 'no') && !said.has(party) && decided === null) {
            said.set(party, what)
            if (what === 'no') decided = 'abort'
            else if (said.size === 3) decided = 'commit'
          }
          expect(decisions.state.decode(decisions.state.encode(state))).deep.equal(state)
          const [row] = state
          if (row !== undefined) expect(row.decision).equal(decided ?? 'pending')
          else expect(decided).not.equal(null)
        }
      }),
      1000,
    )
  })

  it('takes any bytes without a throw, and has one encoding per command and state', () => {
    holds(
      fc.property(fc.uint8Array({ maxLength: 90 }), (bytes) => {
        const command = decodeDecision(bytes)
        if (command !== null) expect(encodeDecision(command)).deep.equal(bytes)
        const state = decisions.state.decode(bytes)
        if (state !== null) expect(decisions.state.encode(state)).deep.equal(bytes)
      }),
      1000,
    )
  })
})

describe('deadlocks', () => {
  it('P25: a transaction is reported if and only if it is in a cycle of the graph; parts are disjoint', () => {
    holds(
      fc.property(waits, (edges) => {
        const parts = deadlocks(edges)
        const all = parts.flat()
        expect(new Set(all).size).equal(all.length)
        expect(new Set(all)).deep.equal(inCycles(edges))
        expect(deadlocks(edges.toReversed())).deep.equal(parts)
      }),
      1000,
    )
  })

  it('P26: without the victims no cycle is left; each part loses at least one, and nobody outside goes', () => {
    holds(
      fc.property(waits, facts, fc.constantFrom(...VICTIM_POLICIES), (edges, list, policy) => {
        const known = list.map((one, i): TxFacts => ({ tx: i + 1, ...one }))
        const chosen = new Set(victims(edges, known, policy))
        const left = edges.filter(({ waiter, holder }) => !chosen.has(waiter) && !chosen.has(holder))
        expect(inCycles(left).size).equal(0)
        for (const part of deadlocks(edges)) expect(part.some((tx) => chosen.has(tx))).equal(true)
        for (const tx of chosen) expect(inCycles(edges).has(tx)).equal(true)
      }),
      1000,
    )
  })

  it('P27: with locks taken in one order no deadlock arises; in any order every wait of a part is in the table', () => {
    const programs = fc.array(
      fc.array(fc.record({ key: fc.nat(4), mode: fc.constantFrom<LockMode>('read', 'write') }), {
        minLength: 1,
        maxLength: 5,
      }),
      { minLength: 2, maxLength: 6 },
    )
    holds(
      fc.property(programs, fc.nat(), (all, seed) => {
        const random = new Random(seed)
        const sorted = all.map((program) => {
          const modes = new Map<number, LockMode>()
          for (const { key, mode } of program)
            modes.set(key, mode === 'write' ? 'write' : (modes.get(key) ?? 'read'))
          return [...modes].sort(([a], [b]) => a - b)
        })
        let table: LockTable = NO_LOCKS
        const at = sorted.map(() => 0)
        for (let i = 0; i < 200; i += 1) {
          const waiting = new Set(waitEdges(table).map(({ waiter }) => waiter))
          const able = sorted.map((_, tx) => tx).filter((tx) => at[tx]! >= 0 && !waiting.has(tx + 1))
          if (able.length === 0) break
          const tx = random.pick(able)
          const step = sorted[tx]![at[tx]!]
          if (step === undefined) {
            table = release(table, tx + 1)
            at[tx] = -1
            continue
          }
          table = acquire(table, String(step[0]), { tx: tx + 1, mode: step[1] }).table
          at[tx] = at[tx]! + 1
          expect(deadlocks(waitEdges(table))).deep.equal([])
        }
        expect(at.every((one) => one === -1)).equal(true)
        expect(table.locks.size).equal(0)
      }),
      1000,
    )
  })

  it('P25: no phantom in 500 graphs with edges in flight, and no deadlock that lasts is missed', () => {
    for (let seed = 0; seed < 500; seed += 1) expect(phantomFaults(seed), `seed ${seed}`).deep.equal([])
  })

  it('the slice takes any bytes without a throw, and has one encoding per value', () => {
    holds(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const codec of [deadlock.state, deadlock.observation]) {
          const value = codec.decode(bytes)
          if (value !== null) expect((codec.encode as (from: unknown) => Uint8Array)(value)).deep.equal(bytes)
        }
      }),
      500,
    )
  })
})
