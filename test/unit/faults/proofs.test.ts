import { expect } from 'chai'
import { membersOf } from '../../../src/codec/bitmap.ts'
import { accusedOf, isProof } from '../../../src/codec/evidence.ts'
import { keccak } from '../../../src/codec/hex.ts'
import { appendLog, logStart } from '../../../src/codec/log.ts'
import { decodeNotes } from '../../../src/codec/notes.ts'
import { shareValue, signOnceKey } from '../../../src/codec/objects.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import type { Evidence, ListedInput } from '../../../src/types/evidence.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { LogEntry, PhaseStatus } from '../../../src/types/log.ts'
import type { ObjectType, Signed, Status } from '../../../src/types/objects.ts'
import { LiarWorld } from '../../helpers/mallory.ts'
import type { RunnerClusterOptions } from '../../helpers/runner-cluster.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

const HEIGHTS = 6
const EPOCH = 3
const LIAR = 1

/** Runs a task with a liar in seat 1 and shows that the honest members agree on every height all the same. */
async function run(fault: string, options: RunnerClusterOptions = { n: 4 }): Promise<LiarWorld> {
  const play = new LiarWorld(LIAR, fault, {
    ...options,
    params: { heights: HEIGHTS, epochHeights: EPOCH, ...options.params },
  })
  await play.world.start()
  expect(await play.world.run(play.world.params.heights, 8_000), 'all heights decided').to.equal(true)
  for (let i = 0; i < 5; i += 1) await play.world.tick()
  expect(play.world.fatal).to.deep.equal([])
  for (const values of play.decidedValues()) expect(values).to.have.length(1)
  return play
}

function expectProof(play: LiarWorld, evidence: Evidence, ...objects: readonly Signed[]): void {
  for (const signed of objects) expect(play.isSigned(signed), 'signed by the liar').to.equal(true)
  const { cluster, params } = play.world
  expect(isProof({ cluster, epochHeights: params.epochHeights }, evidence), evidence.kind).to.equal(true)
}

/** Every second reducer call of a member fails: rounds are lost, and conveners list. */
function everySecondFails(): NonNullable<RunnerClusterOptions['reduce']> {
  const calls = new Map<number, number>()
  return (member, call) => {
    const count = (calls.get(member) ?? 0) + 1
    calls.set(member, count)
    return Promise.resolve(count % 2 === 1 ? { ok: false, code: 'threw' } : runReducer(call))
  }
}

/** What a lie is tried in: as it is, and where rounds are lost. */
const SITUATIONS = [
  ['4 members', (): RunnerClusterOptions => ({ n: 4 })],
  ['4 members that lose rounds', (): RunnerClusterOptions => ({ n: 4, reduce: everySecondFails() })],
] as const

/** One epoch only: too few heights for a member to convene one for sure. */
const SEVEN = ['7 members', (): RunnerClusterOptions => ({ n: 7, params: { heights: EPOCH } })] as const

describe('faults: E1', () => {
  const cases: readonly (readonly [fault: string, type: ObjectType])[] = [
    ['equivocate-hello', 'hello'],
    ['equivocate-status', 'status'],
    ['equivocate-share', 'share'],
    ['equivocate-confirm', 'confirm'],
    ['equivocate-checkpoint', 'checkpoint'],
  ]
  for (const [fault, type] of cases) {
    for (const [what, options] of type === 'hello' ? SITUATIONS : [...SITUATIONS, SEVEN]) {
      it(`${fault}, ${what}: two objects for a key, each member is told one of them, always the same`, async () => {
        const play = await run(fault, options())
        const keys = Map.groupBy(play.told(type), ({ signed }) => signOnceKey(signed.object))
        const lies = [...keys.values()].filter(
          (told) => new Set(told.map(({ signed }) => signed.hash)).size > 1,
        )
        expect(lies).not.to.be.empty
        for (const told of keys.values()) {
          const heard = Map.groupBy(told, ({ to }) => to)
          for (const one of heard.values()) {
            expect(new Set(one.map(({ signed }) => signed.hash)).size, 'told to one member').to.equal(1)
          }
        }
        for (const told of lies) {
          const [even, odd] = [0, 1].map((parity) => told.filter(({ to }) => to % 2 === parity))
          expect(new Set(told.map(({ signed }) => signed.hash)).size).to.equal(2)
          expect(new Set(even!.map(({ signed }) => signed.hash)).size, 'even seats').to.equal(1)
          expect(new Set(odd!.map(({ signed }) => signed.hash)).size, 'odd seats').to.equal(1)
          const [first, second] = [even![0]!.signed, odd![0]!.signed]
          expectProof(play, { kind: 'E1', first, second }, first, second)
        }
      })
    }
  }

  it('lies about the heights that it was told to, and about no other', async () => {
    const play = await run('equivocate-status:2,equivocate-share:4-5')
    const lied = (type: 'status' | 'share'): number[] => [
      ...new Set(
        [...Map.groupBy(play.told(type), ({ signed }) => signOnceKey(signed.object)).values()]
          .filter((told) => new Set(told.map(({ signed }) => signed.hash)).size > 1)
          .map((told) => told[0]!.signed.object.height),
      ),
    ]
    expect(lied('status')).to.deep.equal([2])
    expect(lied('share')).to.deep.equal([4, 5])
    const { lines } = play.world.seat(LIAR)
    const acted = lines.filter(({ event }) => event === 'fault.acted').map(({ facts }) => facts)
    expect(acted).to.deep.equal([
      { fault: 'equivocate-status', height: 2 },
      { fault: 'equivocate-share', height: 4 },
      { fault: 'equivocate-share', height: 5 },
    ])
    expect(lines.filter(({ event }) => event === 'fault.active')).to.deep.equal([
      {
        level: 'warn',
        event: 'fault.active',
        facts: {
          faults: ['equivocate-status', 'equivocate-share'],
          key: play.world.cluster.members[LIAR]!.key,
        },
      },
    ])
  })
})

describe('faults: E1b', () => {
  for (const [what, options] of SITUATIONS) {
    it(`amnesia, ${what}: every member is told a CONFIRM and a later vote against it`, async () => {
      const play = await run('amnesia', options())
      const shares = play.told('share')
      const pairs = play.told('confirm').flatMap((confirm) => {
        const { height, round, value } = confirm.signed.object
        if (value === NIL) return []
        return shares
          .filter(({ to, signed }) => to === confirm.to && signed.object.height === height)
          .filter(({ signed }) => signed.object.round > round)
          .map((share) => ({ to: confirm.to, confirm: confirm.signed, share: share.signed }))
      })
      expect(new Set(pairs.map(({ to }) => to))).to.deep.equal(new Set([0, 2, 3]))
      expect(new Set(pairs.map(({ confirm }) => confirm.object.height)).size).to.equal(HEIGHTS)
      for (const { confirm, share } of pairs)
        expectProof(play, { kind: 'E1b', confirm, share }, confirm, share)
      expectOneEach(play, 'share')
    })
  }
})

/** A lie of one object only: nobody is told anything else. */
function expectOneEach(play: LiarWorld, type: ObjectType): void {
  for (const [key, told] of Map.groupBy(play.told(type), ({ signed }) => signOnceKey(signed.object)))
    expect(new Set(told.map(({ signed }) => signed.hash)).size, key).to.equal(1)
}

describe('faults: E2', () => {
  for (const [what, options] of SITUATIONS) {
    it(`illegal-log, ${what}: the note folds to the signed head, with a step that is none`, async () => {
      const play = await run('illegal-log', options())
      const checkpoints = Map.groupBy(play.told('checkpoint'), ({ signed }) => signed.object.height)
      expect([...checkpoints.keys()]).to.deep.equal([3, 6])
      for (const told of checkpoints.values()) {
        const checkpoint = told[0]!.signed
        const { headBefore, entries } = notedLog(play, checkpoint.object.height)
        const evidence = { kind: 'E2', form: 'illegal', checkpoint, headBefore, entries } as const
        expectProof(play, evidence, checkpoint)
        expect(new Set(told.map(({ to }) => to))).to.deep.equal(new Set([0, 2, 3]))
      }
      expectOneEach(play, 'checkpoint')
    })
  }

  it('forked-log: two CHECKPOINTs of an epoch, as long as each other, told to everybody', async () => {
    const play = await run('forked-log')
    const told = play.told('checkpoint')
    for (const [low, high] of [
      [2, 3],
      [5, 6],
    ]) {
      for (const to of [0, 2, 3]) {
        const at = (height?: number) =>
          told.find((one) => one.to === to && one.signed.object.height === height)!
        const [first, second] = [at(low).signed, at(high).signed]
        const evidence = { kind: 'E2', form: 'forked', first, second, headBefore: NIL, entries: [] } as const
        expectProof(play, evidence, first, second)
      }
    }
  })

  it('forked-log has nothing to say where every height ends an epoch', async () => {
    const play = await run('forked-log', { n: 4, params: { epochHeights: 1 } })
    expectOneEach(play, 'checkpoint')
    const { lines } = play.world.seat(LIAR)
    expect(lines.filter(({ event }) => event === 'fault.acted')).to.be.empty
  })
})

/** The liar's log of the epoch that ends at `height`, from its note alone and the values that the others decided. */
function notedLog(play: LiarWorld, height: number): { headBefore: Digest; entries: LogEntry[] } {
  const first = height - EPOCH + 1
  const values = play.decidedValues()
  const notes = play.sent.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.kind === 'notes' && part.firstHeight === first ? [part.note] : [])),
  )
  expect(new Set(notes).size).to.equal(1)
  const [note] = decodeNotes(notes[0]!, { first, valueOf: (at) => values[at - 1]?.[0] ?? NIL }) ?? []
  expect(note?.member).to.equal(LIAR)
  const headBefore = logStart(play.world.cluster.id, (first - 1) / EPOCH)
  let from: PhaseStatus = first === 1 ? 'INITIAL' : 'IDLE'
  const entries = note!.entries.map((noted, i): LogEntry => {
    const entry = { ...noted, seq: i + 1, from, to: LEADS_TO[noted.event] }
    from = entry.to
    return entry
  })
  expect(entries.reduce(appendLog, headBefore)).not.to.equal(headBefore)
  return { headBefore, entries }
}

const LEADS_TO = {
  t1: 'DEBATE',
  t2: 'IDLE',
  t3: 'DEBATE',
  t4: 'SHARE',
  t5: 'CLOSE',
  t6: 'IDLE',
  t7: 'IDLE',
  RESET: 'INITIAL',
} as const

describe('faults: E3', () => {
  it('unjustified-vote: a list of itself alone, then one with a stranger', async () => {
    const play = await run('unjustified-vote')
    const votes = play.told('share').filter(({ signed }) => signed.object.inputs !== 0n)
    expect(new Set(votes.map(({ signed }) => signed.object.height)).size).to.equal(HEIGHTS)
    for (const { signed } of votes) {
      expectProof(play, { kind: 'E3', vote: signed }, signed)
      const members = membersOf(signed.object.inputs)
      if (signed.object.height % 2 === 0) expect(members).to.include(4)
      else expect(members).to.deep.equal([LIAR])
    }
    expectOneEach(play, 'share')
  })

  for (const [what, options] of SITUATIONS) {
    it(`bogus-list, ${what}: as convener, a list that is none`, async () => {
      const play = await run('bogus-list', options())
      const lists = play.told('hello')
      expect(new Set(lists.map(({ to }) => to))).to.deep.equal(new Set([0, 2, 3]))
      for (const { signed } of lists) expectProof(play, { kind: 'E3', vote: signed }, signed)
      expectOneEach(play, 'hello')
    })
  }
})

describe('faults: E4', () => {
  it('wrong-aggregate: the right list and states, of which the reducer makes something else', async () => {
    const play = await run('wrong-aggregate')
    const { cluster, params, wire } = play.world
    const votes = play.told('share').filter(({ signed }) => signed.object.inputs !== 0n)
    expect(new Set(votes.map(({ signed }) => signed.object.height)).size).to.equal(HEIGHTS)
    for (const { signed: share } of votes) {
      const inputs = membersOf(share.object.inputs).map((member): ListedInput => {
        const key = `${member}/status/${share.object.height}`
        const status = wire.objects.find((one) => `${one.member}/${signOnceKey(one.object)}` === key)!
        const object = status.object as Status
        const state = play.world.seat(0).store!.body(cluster.id, object.stateHash)!
        return { status: { ...status, object, hash: wire.signed.get(key)! }, state }
      })
      const confirms = play
        .told('confirm')
        .filter(({ to, signed }) => to === 0 && signed.object.value === shareValue(share.object))
      expect(confirms).not.to.be.empty
      const evidence = { kind: 'E4', share, inputs, closes: [], confirms: [confirms[0]!.signed] } as const
      expectProof(play, evidence, share, confirms[0]!.signed)
      const result = runReducer({
        reducer: rateLimit.id,
        params: params.reducerParams,
        context: { ...BARE_CONTEXT, seed: cluster.seed },
        inputs: inputs.map(({ status, state }) => ({ member: status.member, state })),
      })
      expect(result.ok && keccak(result.state))
        .to.be.a('string')
        .that.does.not.equal(share.object.stateHash)
    }
    expectOneEach(play, 'share')
  })
})

const TWIN = `0x${'7e'.repeat(20)}` as const

/** A provable task whose twin says what the reducer gives. */
const provable = (epochHeights: number): RunnerClusterOptions => ({
  n: 4,
  params: { twin: TWIN, epochHeights },
  twin: (_, { params, context, inputs, closing }) => {
    const result = runReducer({ reducer: rateLimit.id, params, context, inputs, closing })
    return Promise.resolve(result.ok ? result.state : null)
  },
})

/** Kinds of what each honest member has found, all of it against the liar. */
function found(play: LiarWorld): Evidence['kind'][][] {
  const honest = play.world.seats.filter(({ member }) => member !== LIAR)
  return honest.map(({ member }) => {
    const all = play.world.runner(member).evidence.all.map(({ evidence }) => evidence)
    for (const evidence of all) expect(accusedOf(evidence)).to.equal(LIAR)
    return [...new Set(all.map(({ kind }) => kind))].sort()
  })
}

describe('faults: E5', () => {
  it('bogus-checkpoint: every honest member opens the history that it signed, and finds nothing else', async () => {
    const play = await run('bogus-checkpoint', provable(HEIGHTS))
    for (let i = 0; i < 20; i += 1) await play.world.tick()
    expect(found(play)).to.deep.equal([['E5'], ['E5'], ['E5']])
    const [stored] = play.world.runner(0).evidence.all
    const evidence = stored!.evidence as Extract<Evidence, { kind: 'E5' }>
    expectProof(play, evidence, evidence.checkpoint)
    expect(evidence.claim.height).to.equal(HEIGHTS)
    const [decided] = play.world.seat(0).store!.heights(play.world.cluster.id, HEIGHTS, 1)
    const truth = decided!.decided.share.object
    expect(evidence.claim.inputsRoot).to.equal(truth.inputsRoot)
    expect(evidence.claim.stateHash).not.to.equal(truth.stateHash)
    for (const type of ['share', 'confirm', 'checkpoint'] as const) expectOneEach(play, type)
  })

  it('bogus-checkpoint: where the task goes on, the next vote is on another history than the CHECKPOINT', async () => {
    const play = await run('bogus-checkpoint', provable(EPOCH))
    for (let i = 0; i < 20; i += 1) await play.world.tick()
    expect(found(play)).to.deep.equal(Array(3).fill(['E5', 'E6']))
  })

  it('bogus-checkpoint proves nothing in a task without a twin', async () => {
    const play = await run('bogus-checkpoint', { n: 4, params: { epochHeights: HEIGHTS } })
    for (let i = 0; i < 20; i += 1) await play.world.tick()
    expect(found(play)).to.deep.equal([[], [], []])
  })
})

describe('faults: E6', () => {
  for (const [what, options] of SITUATIONS) {
    it(`two-parents, ${what}: every vote for a value follows another history than the STATUS`, async () => {
      const play = await run('two-parents', options())
      expect(found(play)).to.deep.equal([['E6'], ['E6'], ['E6']])
      const votes = play.told('share').filter(({ signed }) => signed.object.inputs !== 0n)
      expect(votes).not.to.be.empty
      for (const { signed: share } of votes) {
        const { height } = share.object
        const status = play.told('status').find(({ signed }) => signed.object.height === height)!.signed
        expectProof(play, { kind: 'E6', other: status, share }, status, share)
      }
      expectOneEach(play, 'share')
    })
  }
})
