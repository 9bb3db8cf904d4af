import { expect } from 'chai'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import type { RunnerResult } from '../../../src/ports/reducer-runner.ts'
import type { EngineState } from '../../../src/protocol/state.ts'
import { NIL } from '../../../src/types/ids.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'
import type { RunnerClusterOptions } from '../../helpers/runner-cluster.ts'
import { demandOf, RunnerCluster } from '../../helpers/runner-cluster.ts'
import { expectSound } from '../../helpers/runner-cluster-judge.ts'

const HEIGHTS = 6

/** Members listed in each decided height. */
function listed(world: RunnerCluster, member: number): number[][] {
  const heights = world.seat(member).store!.heights(world.cluster.id, 1, HEIGHTS)
  return heights.map(({ decided }) => decided.inputs.map((input) => input.member))
}

describe('TaskRunner: what is around it fails', () => {
  describe('a state source', () => {
    const cases: readonly (readonly [what: string, answer: () => Promise<Uint8Array>])[] = [
      ['rejects', () => Promise.reject(new Error('no queue'))],
      [
        'throws',
        () => {
          throw new Error('no queue')
        },
      ],
      ['answers above the cap', () => Promise.resolve(new Uint8Array(537))],
      ['answers what is no state', () => Promise.resolve(Uint8Array.of(1, 2, 3))],
      ['answers what the reducer refuses', () => Promise.resolve(demandOf(1_001))],
      ['never answers', () => new Promise(() => undefined)],
    ]
    for (const [what, answer] of cases) {
      it(`of one member that ${what}: it signs no STATUS, the others go on without it, it follows`, async () => {
        const source: RunnerClusterOptions['source'] = (member) => (height) =>
          member === 2 ? answer() : Promise.resolve(demandOf(height))
        const world = await new RunnerCluster({ n: 4, source }).start()
        expect(await world.run(HEIGHTS)).to.equal(true)
        expectSound(world)
        expect(
          world.wire.objects.some(({ member, object }) => member === 2 && object.type === 'status'),
        ).to.equal(false)
        for (const members of listed(world, 2)) expect(members).to.deep.equal([0, 1, 3])
        if (what !== 'never answers') {
          const failed = world.seat(2).lines.filter(({ event }) => event === 'source.failed')
          expect(failed).not.to.be.empty
        }
      })
    }

    it('of all members that fails twice at every height holds nobody up for ever', async () => {
      const calls = new Map<string, number>()
      const source: RunnerClusterOptions['source'] = (member) => (height) => {
        const call = (calls.get(`${member}/${height}`) ?? 0) + 1
        calls.set(`${member}/${height}`, call)
        return call <= 2 ? Promise.reject(new Error('not yet')) : Promise.resolve(demandOf(height))
      }
      const world = await new RunnerCluster({ n: 4, source }).start()
      expect(await world.run(HEIGHTS)).to.equal(true)
      expectSound(world)
      for (const members of listed(world, 0)) expect(members).to.have.length.at.least(3)
    })

    it('is not asked again after a restart: the state behind a signed STATUS is stored', async () => {
      const asked: number[] = []
      const source: RunnerClusterOptions['source'] = (member) => (height) => {
        asked.push(member)
        return Promise.resolve(demandOf(height))
      }
      const world = await new RunnerCluster({ n: 4, source }).start([0, 1, 2])
      await world.tick()
      for (const member of [0, 1, 2]) await world.kill(member)
      asked.length = 0
      await world.start([0, 1, 2, 3])
      expect(asked).to.deep.equal([3])
      expect(await world.run(1)).to.equal(true)
      expect(listed(world, 0)[0]).to.deep.equal([0, 1, 2, 3])
      expectSound(world)
    })
  })

  describe('a reducer runner', () => {
    const faults = [
      'threw',
      'nondeterministic',
      'badOutput',
      'overCap',
      'busy',
      'timedOut',
      'crashed',
    ] as const
    for (const code of faults) {
      it(`of one member says '${code}': it votes NIL or not at all, the others decide, it follows`, async () => {
        const reduce: RunnerClusterOptions['reduce'] = (member, call) =>
          Promise.resolve<RunnerResult>(member === 3 ? { ok: false, code } : runReducer(call))
        const world = await new RunnerCluster({ n: 4, reduce }).start()
        expect(await world.run(HEIGHTS, 6_000)).to.equal(true)
        expectSound(world)
        for (const { member, object } of world.wire.objects) {
          if (member === 3 && object.type === 'share') expect(object.stateHash).to.equal(NIL)
        }
        const failed = world.seat(3).lines.find(({ event }) => event === 'reducer.failed')
        expect(failed?.facts['code']).to.equal(code)
      })
    }

    it('of all members that fails in round 0 leads to a later round', async () => {
      const calls = [0, 0, 0, 0]
      const reduce: RunnerClusterOptions['reduce'] = (member, call) => {
        calls[member]! += 1
        return Promise.resolve<RunnerResult>(
          calls[member] === 1 ? { ok: false, code: 'threw' } : runReducer(call),
        )
      }
      const world = await new RunnerCluster({ n: 4, reduce }).start()
      expect(await world.run(HEIGHTS)).to.equal(true)
      expectSound(world)
      expect(world.seat(0).store!.heights(world.cluster.id, 1, 1)[0]!.round).to.equal(1)
      // the convener's list and the certificates bring everybody's own objects back
      for (const { ownChecks } of world.seats) expect(ownChecks).to.equal(0)
    })

    it('that cannot run at all stops the node', async () => {
      const error = new RsdpError({
        code: 'E_REDUCER_WORKER',
        message: 'no thread',
        hint: '',
        exit: EXIT.precondition,
      })
      const world = await new RunnerCluster({ n: 4, reduce: () => Promise.reject(error) }).start()
      await world.run(1, 50)
      expect(world.fatal).to.deep.equal([error, error, error, error])
    })

    it('an answer that comes after stop is nobody’s any more', async () => {
      const answers: ((result: RunnerResult) => void)[] = []
      const reduce: RunnerClusterOptions['reduce'] = () => new Promise((resolve) => answers.push(resolve))
      const world = await new RunnerCluster({ n: 4, reduce }).start()
      for (let i = 0; i < 3; i += 1) await world.tick()
      expect(answers).to.have.length(4)
      for (const { member } of world.seats) await world.kill(member)
      for (const answer of answers)
        answer({ ok: true, state: rateLimit.state.encode({ budget: 1n, rows: [] }) })
      await world.settle()
      expect(world.fatal).to.be.empty
    })
  })

  it('an application that throws over a decision is told of, and holds nobody up', async () => {
    const world = await new RunnerCluster({
      n: 4,
      decided: (member) => {
        if (member === 1) throw new Error('no room')
      },
    }).start()
    expect(await world.run(HEIGHTS)).to.equal(true)
    expectSound(world)
    expect(world.seat(1).lines.filter(({ event }) => event === 'source.failed')).to.have.length(HEIGHTS)
  })

  it('a driver that is stopped by its application takes no further input', async () => {
    const world: RunnerCluster = new RunnerCluster({
      n: 4,
      decided: (member) => {
        if (member !== 1) return
        world.runner(1).ledgerEvent({
          ...{ seq: 1, kind: 'posted', originator: `0x${'c1'.repeat(20)}` },
          data: new Uint8Array(8),
        })
        world.runner(1).stop()
      },
    })
    await world.start()
    expect(world.runner(1).state.chain.height).to.equal(1)
    expect(world.runner(1).state.ledgerSeq).to.equal(0)
  })

  describe('a restart', () => {
    it('before the first height changes nothing', async () => {
      const world = await new RunnerCluster({ n: 4 }).start([0])
      world.seat(0).fuse = 1
      await world.kill(0)
      await world.start()
      expect(await world.run(HEIGHTS)).to.equal(true)
      expectSound(world)
    })

    it('of all at once at every boundary of an epoch loses no checkpoint', async () => {
      const world = await new RunnerCluster({ n: 4, params: { epochHeights: 2 } }).start()
      for (const height of [2, 4, 6]) {
        // the last write before the end is the decision: the CHECKPOINT is not signed yet
        for (const seat of world.seats) seat.dieAfterDeciding = height
        for (let i = 0; i < 60; i += 1) await world.tick()
        expect(world.up.length, `some died at ${height}`).to.be.lessThan(4)
        for (const { member } of world.up) await world.kill(member)
        await world.start()
        expect(await world.run(height)).to.equal(true)
        for (let i = 0; i < 5; i += 1) await world.tick()
        for (const { certified } of world.seats)
          expect(certified.some((box) => box.height === height && box.signed.size === 4)).to.equal(true)
      }
      expectSound(world)
    })

    for (const roundOf of [0, 1]) {
      it(`between the log of an adopted height and its decision follows again: round ${roundOf}`, async () => {
        const failed = new Set<string>()
        const reduce: RunnerClusterOptions['reduce'] = (member, call) => {
          const key = `${member}/${world.runner(member).state.box.height}`
          const isFirst = !failed.has(key)
          failed.add(key)
          return Promise.resolve<RunnerResult>(
            isFirst && roundOf === 1 ? { ok: false, code: 'nondeterministic' } : runReducer(call),
          )
        }
        let isCut = false
        const loses = (from: number, to: number): boolean => isCut && (from === 3 || to === 3)
        const world = new RunnerCluster({ n: 4, reduce, loses })
        await world.start([0, 1, 2])
        expect(await world.run(HEIGHTS)).to.equal(true)
        for (const height of [2, HEIGHTS]) {
          world.seat(3).dieBeforeDeciding = height
          await world.restart(3)
          for (let i = 0; i < 300 && world.seat(3).runner !== null; i += 1) await world.tick()
          expect(world.seat(3).log.at(-1)).to.deep.include({ event: 't6', height, round: roundOf })
        }
        // alone for a whole round of slots, its own among them
        isCut = true
        await world.restart(3)
        for (let i = 0; i < 120; i += 1) await world.tick()
        isCut = false
        expect(await world.run(HEIGHTS, 500)).to.equal(true)
        expectSound(world)
      })
    }

    it('after the last height serves those who are behind', async () => {
      const world = await new RunnerCluster({ n: 4 }).start()
      await world.kill(3)
      expect(await world.run(HEIGHTS)).to.equal(true)
      for (const member of [0, 1, 2]) {
        await world.kill(member)
        await world.restart(member)
      }
      await world.restart(3)
      expect(await world.run(HEIGHTS, 500)).to.equal(true)
      expectSound(world)
      const { log, lines } = world.seat(3)
      const told = lines.filter(({ event }) => event === 'phase.enter').map(({ facts }) => facts)
      expect(told.map(({ transition, height }) => [transition, height])).to.deep.equal(
        log.map(({ event, height }) => [event, height]),
      )
    })
  })

  it('a member that only listens after resets asks for the last height, which it has not heard decided', async () => {
    const last = 14 // by then the member has lost its reducer four times
    let isCut = false
    const world = await new RunnerCluster({
      n: 4,
      params: { heights: last, epochHeights: last },
      reduce: (member, call): Promise<RunnerResult> =>
        Promise.resolve(member === 3 ? { ok: false, code: 'timedOut' } : runReducer(call)),
      loses: (from, to) => isCut && (from === 3 || to === 3),
    }).start()
    const state = (member: number): EngineState => world.runner(member).state
    const pause = (): number => state(3).backoffUntil - state(3).tick
    for (let i = 0; i < 2_000 && state(3).chain.height < last - 1; i += 1) await world.tick()
    expect(pause(), 'ticks for which it opens nothing').to.be.above(200)
    isCut = true
    for (let i = 0; i < 2_000 && state(0).chain.height < last; i += 1) await world.tick()
    isCut = false
    while (state(3).chain.height < last && pause() > 0) await world.tick()
    expect(state(3).chain.height).to.equal(last)
    expect(world.fatal).to.deep.equal([])
  })
})
