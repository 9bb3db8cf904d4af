import { expect } from 'chai'
import fc from 'fast-check'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { MemoryHub } from '../../../src/adapters/memory/transport.ts'
import type { MemoryTransport } from '../../../src/adapters/memory/transport.ts'
import { BundleExchange } from '../../../src/agents/bundle-exchange.ts'
import { Channel, TOPICS } from '../../../src/agents/channel.ts'
import { fromHex, keccak } from '../../../src/codec/hex.ts'
import type { Added, KnownBundle } from '../../../src/ports/bundles.ts'
import type { Logger } from '../../../src/ports/logger.ts'
import type { Address, Digest } from '../../../src/types/ids.ts'
import { holdsAsync } from '../../helpers/holds.ts'

const keyOf = (i: number): Address => `0x${String(i).padStart(2, '0').repeat(20)}`
const ALICE = keyOf(1)
const PART = 24_575
/** Longer than three parts. */
const BYTES = Uint8Array.from({ length: 3 * PART + 7 }, (_, i) => (i * 31) % 251)
const ID = keccak(BYTES)

type Answer = (send: (part: number, parts: number, bytes: Uint8Array) => void, part: number) => void

const piece = (part: number): Uint8Array => BYTES.slice(part * PART, (part + 1) * PART)
const honest: Answer = (send, part) => send(part, 4, piece(part))
/** What a member may do instead. */
const LIES: Readonly<Record<string, Answer>> = {
  silent: () => undefined,
  'silent later': (send, part) => (part < 2 ? honest(send, part) : undefined),
  'other bytes': (send, part) =>
    send(
      part,
      4,
      piece(part).map((byte) => byte ^ 1),
    ),
  'another bundle': (send) => send(0, 1, Uint8Array.of(1, 2, 3)),
  'one byte flipped': (send, part) => send(part, 4, part === 2 ? piece(part).with(9, 7) : piece(part)),
  'a part cut short': (send, part) => send(part, 4, piece(part).subarray(1)),
  'nothing in it': (send, part) => send(part, 4, new Uint8Array()),
  'too many parts': (send, part) => send(part, 255, piece(0)),
  'a last part too long': (send, part) => send(part, part + 1, new Uint8Array(PART + 1)),
  'fewer parts': (send, part) => send(part, 2, piece(part)),
  'no such part': (send) => send(9, 4, piece(0)),
  'all at once': (send) => [0, 1, 2, 3].forEach((part) => send(part, 4, piece(part))),
}

/** Alice lacks the bundle; the others answer as they are told. */
class World {
  readonly hub = new MemoryHub('manual')
  readonly clock = new VirtualClock()
  readonly missing = new Set<Digest>([ID])
  readonly known = new Map<Digest, KnownBundle>()
  readonly found: Digest[] = []
  readonly said: string[] = []
  /** Questions of alice, by whom she asked. */
  readonly asked = new Map<Address, number>()
  readonly others: MemoryTransport[] = []
  /** Frames that others have got. */
  readonly got: Uint8Array[] = []
  unable = 0
  members: Address[] = []
  exchange!: BundleExchange

  static async of(answers: readonly Answer[], members?: readonly number[]): Promise<World> {
    const world = new World()
    const keys = answers.map((_, i) => keyOf(i + 2))
    world.members = members === undefined ? keys : members.map((i) => keys[i]!)
    const link = new Channel(world.hub.createTransport(ALICE))
    for (const [i, answer] of answers.entries()) {
      const other = world.hub.createTransport(keys[i]!)
      world.others.push(other)
      other.onMessage((from, bytes) => {
        world.got.push(bytes)
        if (bytes[1] !== TOPICS.bundleAsk) return
        world.asked.set(other.key, (world.asked.get(other.key) ?? 0) + 1)
        answer((part, parts, body) => other.send(from, frame(part, parts, body)), bytes[34]!)
      })
      await other.start()
      other.setPeers([{ key: ALICE, addresses: [] }])
    }
    const note =
      (event: string): Logger['warn'] =>
      (name, facts) =>
        void world.said.push(`${event} ${name} ${(facts?.['from'] as Address | undefined) ?? ''}`.trim())
    world.exchange = new BundleExchange({
      channel: link,
      clock: world.clock,
      logger: { info: note('info'), warn: note('warn'), error: note('error') },
      bundles: { known: world.known, missing: world.missing, add: (id, bytes) => world.add(id, bytes) },
      membersWith: (id) => new Set(id === ID ? world.members : []),
      found: (id) => void world.found.push(id),
    })
    link.onMessage(() => undefined)
    await link.start()
    link.setPeers(keys.map((key) => ({ key, addresses: [] })))
    world.exchange.start()
    return world
  }

  add(id: Digest, bytes: Uint8Array): Promise<Added> {
    if (keccak(bytes) !== id) return Promise.resolve('other')
    if (this.unable-- > 0) return Promise.resolve('unable')
    this.missing.delete(id)
    this.known.set(id, { id, bytes, name: 'x@1', usesPrevious: false, authors: [] })
    return Promise.resolve('added')
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      this.clock.advance(500)
      for (let i = 0; i < 12; i += 1) {
        this.hub.deliverAll()
        await Promise.resolve()
      }
    }
  }
}

function frame(
  part: number,
  parts: number,
  bytes: Uint8Array,
  topic: number = TOPICS.bundlePart,
): Uint8Array {
  return Uint8Array.of(0, topic, ...fromHex(ID), part, parts, ...bytes)
}
const ask = (part: number, id: Digest = ID): Uint8Array =>
  Uint8Array.of(0, TOPICS.bundleAsk, ...fromHex(id), part)

describe('bundles from members of the own cluster', () => {
  for (const [name, lie] of Object.entries(LIES)) {
    if (name === 'all at once') continue
    it(`${name}: nothing is taken, and the next member is asked`, async () => {
      const alone = await World.of([lie])
      await alone.pass(20_000)
      expect([alone.known.size, alone.found]).deep.equal([0, []])
      const world = await World.of([lie, honest])
      await world.pass(20_000)
      expect(world.known.get(ID)?.bytes).deep.equal(BYTES)
      expect(world.found).deep.equal([ID])
    })
  }

  it('parts that were not asked for count for nothing', async () => {
    const world = await World.of([LIES['all at once']!])
    await world.pass(500)
    expect(world.known.get(ID)?.bytes).deep.equal(BYTES)
    expect(world.asked.get(keyOf(2)), 'each part is asked for').equal(4)
  })

  it('who gave other bytes is not asked again; who is silent has another turn', async () => {
    const world = await World.of([LIES['other bytes']!, LIES['silent']!])
    await world.pass(60_000)
    expect(world.asked.get(keyOf(2))).equal(4)
    expect(world.asked.get(keyOf(3))).within(10, 13)
    expect(world.said).deep.equal([`warn bundle.refused ${keyOf(2)}`])
  })

  it('asks members of the cluster and nobody else, and takes nothing from others', async () => {
    const world = await World.of([honest, LIES['silent']!], [1])
    await world.pass(10_000)
    for (const part of [0, 1, 2, 3]) world.others[0]!.send(ALICE, frame(part, 4, piece(part)))
    await world.pass(1_000)
    expect([...world.asked.keys()]).deep.equal([keyOf(3)])
    expect(world.known.size).equal(0)
  })

  it('asks for nothing that is not missing, and stops once nothing is', async () => {
    const world = await World.of([honest])
    await world.pass(1_000)
    world.asked.clear()
    await world.pass(30_000)
    expect(world.asked.size).equal(0)
  })

  it('a member that cannot be reached has no turn', async () => {
    const world = await World.of([honest, honest])
    await world.others[0]!.stop()
    await world.pass(500)
    expect([...world.asked.keys()]).deep.equal([keyOf(3)])
    expect(world.found).deep.equal([ID])
  })

  it('a machine that cannot run it now asks again a minute later, and accuses nobody', async () => {
    const world = await World.of([honest])
    world.unable = 1
    await world.pass(30_000)
    expect(world.asked.get(keyOf(2))).equal(4)
    await world.pass(40_000)
    expect(world.found).deep.equal([ID])
    expect(world.said).deep.equal(['warn bundle.not-run', `info bundle.found ${keyOf(2)}`])
  })

  describe('is given to', () => {
    const BOB = keyOf(2)
    let world: World

    beforeEach(async () => {
      world = await World.of([LIES['silent']!])
      world.exchange.stop()
      await world.add(ID, BYTES)
    })
    const send = (...frames: readonly Uint8Array[]): void => {
      for (const bytes of frames) world.others[0]!.send(ALICE, bytes)
      world.hub.deliverAll()
    }

    it('nobody outside the cluster, and nobody who asks for what is not there', () => {
      send(ask(4), ask(255), ask(0, keccak(Uint8Array.of(1))), ask(0).subarray(0, 34))
      send(Uint8Array.of(...ask(0), 1), Uint8Array.of(0, TOPICS.bundleAsk))
      world.members = [keyOf(3)]
      send(ask(0))
      expect(world.got).deep.equal([])
      expect(world.members).not.include(BOB)
    })

    it('members, part by part', () => {
      for (const part of [3, 0, 1, 2]) send(ask(part))
      expect(world.got).deep.equal([3, 0, 1, 2].map((part) => frame(part, 4, piece(part))))
    })

    it('one that floods it twice, then once in two seconds for each part', () => {
      send(...Array.from({ length: 1_000 }, (_, i) => ask(i % 4)))
      expect(world.got).length(8)
      world.clock.advance(60_000)
      send(...Array.from({ length: 1_000 }, () => ask(0)))
      expect(world.got).length(16)
    })
  })

  it('whatever the others do, one honest member is enough, and questions are few', async () => {
    const lies = fc.array(fc.constantFrom(...Object.values(LIES)), { maxLength: 6 })
    await holdsAsync(
      fc.asyncProperty(lies, fc.nat(6), async (liars, at) => {
        const answers = liars.toSpliced(at, 0, honest)
        const world = await World.of(answers)
        await world.pass(6_000 * answers.length)
        expect(world.known.get(ID)?.bytes).deep.equal(BYTES)
        expect(world.found).deep.equal([ID])
        for (const [, times] of world.asked) expect(times).at.most(4)
      }),
      15,
    )
  })
})
