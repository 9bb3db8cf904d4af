import { expect } from 'chai'
import { step } from '../../../src/protocol/engine.ts'
import { EngineCluster } from '../../helpers/engine-cluster.ts'
import { NIL } from '../../../src/types/ids.ts'

const SICK = 2

describe('RESET after the timed mutex expired', () => {
  it('costs the sick node its turn, not the cluster a height', () => {
    const world = new EngineCluster({
      n: 7,
      heights: 6,
      expires: (member, height) => member === SICK && height === 3,
    })
    expect(world.start().run(6, 2_000)).equal(true)
    const events = world.memories[SICK]!.log.filter(({ height }) => height === 3).map(({ event }) => event)
    expect(events.slice(0, 3)).deep.equal(['t3', 'RESET', 't1'])
    expect(world.memories[0]!.decisions[2]!.value).equal(world.memories[SICK]!.decisions[2]!.value)
    for (const { event } of world.memories[0]!.log) expect(event).not.equal('RESET')
  })

  it('backs off longer each time, then only listens', () => {
    const engine = new EngineCluster({ n: 4 }).start().engines[0]!
    let state = { ...engine, pending: null }
    const waits: number[] = []
    for (let i = 1; i <= 6; i += 1) {
      const token = 100 + i
      const debating = {
        ...state,
        log: { ...state.log, status: 'DEBATE' as const },
        pending: { token, round: 0, inputs: 15n, inputsRoot: NIL, eventSeq: 0, eventsHash: NIL },
      }
      state = { ...step(debating, { kind: 'expired', token }).state, pending: null }
      waits.push(state.backoffUntil - state.tick)
    }
    const base = engine.config.shareTicks
    for (const [i, wait] of waits.slice(0, 4).entries()) {
      expect(wait, `reset ${i + 1}`).within(base * 2 ** i, 2 * base * 2 ** i)
    }
    // the breaker: from the fifth on, only listening until the window has passed
    expect(waits[4]).greaterThan(500 * base)
    expect(waits[5]).greaterThan(500 * base)
  })

  it('refuses an answer that comes after it', () => {
    const world = new EngineCluster({ n: 4, expires: (member) => member === SICK }).start()
    world.run(1, 200)
    const sick = world.engines[SICK]!
    const late = step(sick, {
      kind: 'aggregated',
      token: sick.tokens,
      result: { state: Uint8Array.of(1), stateHash: sick.chain.value },
    })
    expect(late.effects).deep.include({ kind: 'ignored', from: SICK, code: 'late-aggregate' })
  })

  it('ignores an expiry of another call', () => {
    const engine = new EngineCluster({ n: 4 }).engines[0]!
    const { state, effects } = step(engine, { kind: 'expired', token: 7 })
    expect(effects).deep.equal([])
    expect(state.log).deep.equal(engine.log)
  })
})
