import { expect } from 'chai'
import { concatHex, keccak, uint } from '../../../src/codec/hex.ts'
import { createEngine } from '../../../src/protocol/create.ts'
import type { PaperProfile } from '../../../src/protocol/paper/profile.ts'
import { listedWeights } from '../../../src/protocol/paper/weights.ts'
import type { Part } from '../../../src/types/frames.ts'
import type { MemberIndex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Share, Signed } from '../../../src/types/objects.ts'
import { EngineBench, listOf } from '../../helpers/engine-cluster-bench.ts'
import { violations } from '../../helpers/engine-cluster-checks.ts'
import { EngineCluster } from '../../helpers/engine-cluster.ts'
import { NOTHING } from '../../../src/codec/objects.ts'

const POPULAR: PaperProfile = { kind: 'paper', selection: 'popular' }
const BODIES = [Uint8Array.of(70), Uint8Array.of(71), Uint8Array.of(72), Uint8Array.of(73)]

function bench(profile: PaperProfile = POPULAR): EngineBench {
  return new EngineBench({ config: { profile } }).start()
}

/** Everybody's STATUS: DEBATE ends, the engine under test SHAREs. */
function debate(b: EngineBench): void {
  for (const member of [1, 2, 3]) {
    const { signed, body } = b.status(member)
    b.hear(member, signed, body)
  }
}

/** A member's SHARE of some state, which travels with it. */
function shared(b: EngineBench, member: MemberIndex, state: Uint8Array, more: Partial<Share> = {}): Part[] {
  const stateHash = keccak(state)
  const list = listOf([b.status(member).signed])
  const signed = b.share(member, 0, { ...NOTHING, stateHash, ...list }, more)
  return [
    { kind: 'object', signed },
    { kind: 'body', hash: stateHash, bytes: state },
  ]
}

/** The same every time. */
function diceOf(...facts: readonly number[]): number {
  return Number.parseInt(keccak(concatHex(...facts.map((fact) => uint(fact, 4)))).slice(2, 8), 16)
}

describe('engine, profile paper', () => {
  it('one height: t1, t2, t4, t6, and the STATUS and SHARE frames carry their states', () => {
    const b = bench()
    debate(b)
    const frames = b.effects.flatMap((effect) => (effect.kind === 'broadcast' ? [effect.parts] : []))
    expect(frames.map((parts) => parts.map(({ kind }) => kind))).to.deep.equal([
      ['ask', 'object', 'body'],
      ['object', 'body'],
    ])
    for (const member of [1, 2, 3]) b.hear(member, ...shared(b, member, BODIES[1]!))
    const { log, settled } = b.world.memory(0)
    expect(log.map(({ event }) => event)).to.deep.equal(['t1', 't2', 't4', 't6'])
    expect(settled.map(({ height, state, heard }) => ({ height, state, heard }))).to.deep.equal([
      { height: 1, state: BODIES[1], heard: 0b1111n },
    ])
    expect(log.at(-1)?.value).to.equal(keccak(BODIES[1]!))
    expect(b.state.chain.height).to.equal(1)
  })

  it('waits for the last member of the list, or for the time-out', () => {
    const b = bench()
    debate(b)
    b.hear(1, ...shared(b, 1, BODIES[1]!))
    b.hear(2, ...shared(b, 2, BODIES[1]!))
    b.ticks(19)
    expect(b.taken('settled')).to.deep.equal([])
    b.ticks(1)
    expect(b.taken('settled').map(({ state }) => state)).to.deep.equal([BODIES[1]])
  })

  it('a debate ends at its time-out with what is there, without a quorum', () => {
    const b = bench()
    b.ticks(20)
    expect(b.asked('share').map(({ inputs }) => inputs)).to.deep.equal([0b0001n])
  })

  it('settles a tie by the least hash', () => {
    const b = bench()
    debate(b)
    b.hear(1, ...shared(b, 1, BODIES[1]!))
    b.hear(2, ...shared(b, 2, BODIES[2]!))
    b.hear(3, ...shared(b, 3, BODIES[3]!))
    const own = b.state.last?.rounds.get(0)?.shares.get(0)?.object.stateHash
    const candidates = [own!, ...BODIES.slice(1).map((body) => keccak(body))]
    expect(b.taken('settled').map(({ stateHash }) => stateHash)).to.deep.equal([candidates.toSorted()[0]])
  })

  it('settles by weight', () => {
    const b = bench({ kind: 'paper', selection: 'weighted', weightOf: listedWeights([1n, 1n, 1n, 4n]) })
    debate(b)
    b.hear(1, ...shared(b, 1, BODIES[1]!))
    b.hear(2, ...shared(b, 2, BODIES[1]!))
    b.hear(3, ...shared(b, 3, BODIES[3]!))
    expect(b.taken('settled').map(({ state }) => state)).to.deep.equal([BODIES[3]])
  })

  it('merges by f_agg_share: own s* with those of the others, by member', () => {
    const b = bench({ kind: 'paper', selection: 'merge' })
    debate(b)
    b.taken('aggregate')
    for (const member of [3, 1, 2]) b.hear(member, ...shared(b, member, BODIES[member]!))
    const [call] = b.effects.filter((effect) => effect.kind === 'aggregate')
    expect(call?.own).to.have.length(32)
    expect(call?.inputs).to.deep.equal([1, 2, 3].map((member) => ({ member, state: BODIES[member] })))
    expect(b.taken('settled')).to.have.length(1)
  })

  it('a SHARE without its state is no vote', () => {
    const b = bench()
    debate(b)
    for (const member of [1, 2, 3]) b.hear(member, shared(b, member, BODIES[1]!)[0]!)
    b.ticks(20)
    const [settled] = b.taken('settled')
    expect([settled?.heard, settled?.globallyValid]).to.deep.equal([0b0001n, true])
  })

  it('bytes that are no state of the reducer are no vote', () => {
    const b = bench({ ...POPULAR, isState: (bytes) => bytes[0] !== BODIES[1]![0] })
    debate(b)
    for (const member of [1, 2, 3]) b.hear(member, ...shared(b, member, BODIES[1]!))
    b.ticks(20)
    expect(b.taken('settled').map(({ globallyValid }) => globallyValid)).to.deep.equal([true])
  })

  it('nothing but NIL leaves the state as it was, and goes on', () => {
    const b = new EngineBench({ config: { profile: POPULAR, isValidInput: () => false } }).start()
    debate(b)
    b.ticks(20)
    for (const member of [1, 2, 3]) b.hear(member, b.share(member, 0, null))
    expect(b.taken('settled')).to.deep.equal([])
    expect([b.state.chain.height, b.state.chain.value, b.world.memory(0).log.at(-1)?.event]).to.deep.equal([
      1,
      NIL,
      't6',
    ])
  })

  describe('refuses what the profile does not have', () => {
    const refused = (make: (b: EngineBench) => Part[]): (string | undefined)[] => {
      const b = bench()
      debate(b)
      b.effects.length = 0
      b.hear(1, ...make(b))
      return b.taken('ignored').map(({ code }) => code)
    }
    const object = (signed: Signed): Part[] => [{ kind: 'object', signed }]

    it('CONFIRM, HELLO of a convener, CHECKPOINT', () => {
      expect(refused((b) => object(b.confirm(1, 0, keccak('0x01'))))).to.deep.equal(['not-in-profile'])
      expect(refused((b) => object(b.hello(1, [b.status(1).signed])))).to.deep.equal(['not-in-profile'])
      const checkpoint = {
        type: 'checkpoint',
        height: 4,
        root: NIL,
        logSeq: 1,
        logHead: NIL,
        inputsHash: NIL,
      } as const
      expect(refused((b) => object(b.sign(1, checkpoint)))).to.deep.equal(['not-in-profile'])
    })

    it('rounds ≥ 1 and re-proposals', () => {
      const [later] = [(b: EngineBench) => shared(b, 1, BODIES[1]!, { round: 1 }).slice(0, 1)]
      expect(refused(later)).to.deep.equal(['not-in-profile'])
      expect(refused((b) => shared(b, 1, BODIES[1]!, { validRound: 0 }).slice(0, 1))).to.deep.equal([
        'not-in-profile',
      ])
    })

    it('certificates and catch-up', () => {
      const certificate = { height: 1, round: 0, confirms: [] }
      expect(refused(() => [{ kind: 'roundCertificate', certificate }])).to.deep.equal(['not-in-profile'])
      expect(refused(() => [{ kind: 'sync', fromHeight: 1 }])).to.deep.equal(['not-in-profile'])
    })

    it('votes with a stranger in the list, of heights beyond the task, twice, and bodies nobody announced', () => {
      expect(refused((b) => shared(b, 1, BODIES[1]!, { inputs: 0b10001n }).slice(0, 1))).to.deep.equal([
        'malformed-vote',
      ])
      expect(refused((b) => object(b.status(1, undefined, 6).signed))).to.deep.equal(['far-ahead'])
      expect(refused((b) => object(b.status(1, Uint8Array.of(9, 9)).signed))).to.deep.equal(['duplicate'])
      expect(refused(() => [{ kind: 'body', hash: keccak('0x09'), bytes: Uint8Array.of(9) }])).to.deep.equal([
        'unwanted-body',
      ])
    })
  })

  describe('a node behind jumps to the height it hears of', () => {
    it('in the middle of a phase: what was in work ends with NIL', () => {
      const b = bench()
      b.hear(1, b.status(1, undefined, 4).signed)
      const events = b.world.memory(0).log.map(({ event, height }) => `${event} ${height}`)
      expect(events).to.deep.equal(['t1 1', 't2 1', 't4 1', 't6 1', 't3 4'])
      expect(b.state.box.height).to.equal(4)
    })

    it('the next height waits until the own one has ended', () => {
      const b = bench()
      b.hear(1, b.status(1, undefined, 2).signed)
      expect(b.state.box.height).to.equal(1)
      b.ticks(40)
      expect(b.state.box.height).to.equal(2)
      expect(b.world.memory(0).settled.map(({ height }) => height)).to.deep.equal([1])
    })

    it('a HELLO of a height long over is answered with where we are', () => {
      const b = bench()
      debate(b)
      for (const member of [1, 2, 3]) b.hear(member, ...shared(b, member, BODIES[1]!))
      b.effects.length = 0
      b.ticks(20) // the quota of the answers to the first HELLO
      b.hear(3, { kind: 'ask', height: 1 })
      const [answer] = b.taken('send')
      expect(answer?.to).to.equal(3)
      expect(answer?.parts.map(({ kind }) => kind)).to.deep.equal([
        'object',
        'body',
        'object',
        'body',
        'notes',
      ])
    })
  })

  it('a member that leaves is in no list after its CLOSE, and t5, t7 say so', () => {
    const world = new EngineCluster({ n: 4, config: { profile: POPULAR } }).start()
    world.run(1, 50)
    world.input(3, { kind: 'close' })
    world.run(2, 200)
    world.silent.add(3)
    expect(world.run(4, 200)).to.equal(true)
    for (const member of [0, 1, 2]) {
      expect(world.memory(member).log.map(({ event }) => event)).to.include.members(['t5', 't7'])
      expect(world.engine(member).left).to.equal(0b1000n)
    }
    expect(violations(world)).to.deep.equal([])
  })

  it('a new process that knows nothing takes part again at the height it hears of', () => {
    const world = new EngineCluster({ n: 4, heights: 30, config: { profile: POPULAR } }).start()
    world.run(5, 500)
    world.engines[2] = createEngine(world.engine(2).config)
    const memory = world.memory(2)
    memory.log.length = 0
    memory.signed.clear()
    memory.settled.length = 0
    world.input(2, { kind: 'start' })
    expect(world.run(8, 500)).to.equal(true)
    const finals = world.engines.map((_, member) => world.memory(member).settled.at(-1)?.stateHash)
    expect(new Set(finals).size).to.equal(1)
    expect(memory.settled.map(({ height }) => height)).to.not.include(1)
    expect(violations(world)).to.deep.equal([])
  })

  it('a lost mutex is a RESET; the SHARE that was cast stands', () => {
    const world = new EngineCluster({
      n: 4,
      heights: 8,
      config: { profile: { kind: 'paper', selection: 'merge' } },
      expires: (member, height, now) => member === 2 && height === 2 && now < 40,
    }).start()
    expect(world.run(5, 1000)).to.equal(true)
    expect(world.memory(2).log.map(({ event }) => event)).to.include('RESET')
    expect(violations(world)).to.deep.equal([])
    expect(world.conflicts).to.deep.equal([])
  })

  it('with a slow, lossy network every log stays legal and every node goes on', () => {
    for (let seed = 0; seed < 6; seed += 1) {
      const world = new EngineCluster({
        n: 5,
        heights: 30,
        epochHeights: 4,
        config: { profile: POPULAR, schedule: seed % 2 === 0 ? 'slots' : 'asynchronous' },
        fate: ({ from, to }, now) => {
          const dice = diceOf(seed, from, to, now)
          return dice % 5 === 0 ? [] : [1 + (dice % 9)]
        },
      }).start()
      expect(world.run(20, 5000)).to.equal(true)
      // a list below quorum weight is a fault in bft only
      expect(violations(world).filter((fault) => !fault.includes('below quorum'))).to.deep.equal([])
      expect(world.conflicts).to.deep.equal([])
    }
  })
})
