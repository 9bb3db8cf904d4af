import { expect } from 'chai'
import fc from 'fast-check'
import { MemoryHub } from '../../../src/adapters/memory/transport.ts'
import { Channel } from '../../../src/agents/channel.ts'
import { PeerWatch } from '../../../src/agents/peer-watch.ts'
import { DEFAULT_POLICY } from '../../../src/services/policy.ts'
import type { Address } from '../../../src/types/ids.ts'
import { holdsAsync } from '../../helpers/holds.ts'
import { StallingClock } from '../../helpers/stalling-clock.ts'

const ALICE: Address = `0x${'aa'.repeat(20)}`
const BOB: Address = `0x${'bb'.repeat(20)}`
const { detectionMs, phiSuspect } = DEFAULT_POLICY.health
const FRAME = Uint8Array.of(0x83)

/** Alice watches bob; their frames wait until they are delivered. */
async function pair() {
  const hub = new MemoryHub('manual')
  const [aliceClock, bobClock] = [new StallingClock(), new StallingClock()]
  const [a, b] = [new Channel(hub.createTransport(ALICE)), new Channel(hub.createTransport(BOB))]
  const alice = new PeerWatch(aliceClock, a)
  const bob = new PeerWatch(bobClock, b)
  const toNode: Uint8Array[] = []
  a.onMessage((_, bytes) => toNode.push(bytes))
  b.onMessage(() => undefined)
  await Promise.all([a.start(), b.start()])
  a.setPeers([{ key: BOB, addresses: [] }])
  b.setPeers([{ key: ALICE, addresses: [] }])
  bob.watch([ALICE])
  return { hub, aliceClock, a, b, alice, toNode }
}

/** Both loops run; bob says something every `everyMs`. A ping is on its way for 100 ms, half of the pause. */
function talk({ hub, aliceClock, b }: Awaited<ReturnType<typeof pair>>, ms: number, everyMs = 200): void {
  for (let passed = 0; passed < ms; passed += everyMs) {
    b.send(ALICE, FRAME)
    hub.deliverAll()
    aliceClock.run(everyMs)
    hub.deliverAll()
  }
}

describe('peer watch', () => {
  it('drops frames of a form that it does not know, and answers no stranger', async () => {
    const { hub, b, alice, toNode } = await pair()
    for (const bytes of [[0], [0, 9], [0, 0, 1], [0, 1, 1, 2, 3, 4, 5], [0, 0, 0, 0, 0, 1]])
      b.send(ALICE, Uint8Array.from(bytes))
    hub.deliverAll()
    expect(toNode).deep.equal([])
    expect(alice.view(BOB)).equal(null)
  })

  it('hands the node every other frame', async () => {
    const { hub, b, toNode } = await pair()
    b.send(ALICE, FRAME)
    hub.deliverAll()
    expect(toNode).deep.equal([FRAME])
  })

  it('a peer that talks is silent for no longer than since its last frame; one that is dead is, and no loss', async () => {
    const world = await pair()
    const stop = world.alice.watch([BOB])
    talk(world, 20_000)
    expect(world.alice.view(BOB)?.silenceMs).at.most(300)
    await world.b.stop()
    world.aliceClock.run(10_000)
    const dead = world.alice.view(BOB)
    expect(dead?.silenceMs).at.least(10_000)
    expect(dead?.phi).above(2 * phiSuspect)
    expect(dead?.link?.loss).equal(0)
    stop()
    expect(world.alice.view(BOB)).equal(null)
  })

  it('loss is pings that a living peer leaves unanswered', async () => {
    const world = await pair()
    world.alice.watch([BOB])
    talk(world, 10_000)
    world.b.onTopic('ping', () => undefined)
    talk(world, 60_000)
    expect(world.alice.view(BOB)).deep.include({ link: { latencyMs: 100, loss: 1000 } })
    expect(world.alice.view(BOB)?.phi).below(phiSuspect)
  })

  it('own stalls accuse nobody: whatever they are, who talked before them and after them is no suspect', async () => {
    const stalls = fc.array(fc.record({ ran: fc.nat(20), stalled: fc.nat(600_000) }), { maxLength: 12 })
    await holdsAsync(
      fc.asyncProperty(stalls, async (parts) => {
        const world = await pair()
        world.alice.watch([BOB])
        for (const { ran, stalled } of parts) {
          talk(world, 200 * (ran + 1))
          world.aliceClock.stall(stalled)
          const view = world.alice.view(BOB)
          expect(view?.silenceMs).below(detectionMs)
          expect(view?.phi).below(phiSuspect)
          expect(view?.link?.latencyMs ?? 0).below(1000)
        }
      }),
      50,
    )
  })

  it('a round trip over a stall of the own loop is not measured, and the ping is no loss', async () => {
    const world = await pair()
    const { alice, aliceClock, hub } = world
    alice.watch([BOB])
    talk(world, 5000)
    aliceClock.run(1000)
    aliceClock.stall(30_000)
    aliceClock.run(100)
    hub.deliverAll()
    expect(alice.view(BOB)?.link).deep.equal({ latencyMs: 100, loss: 0 })
  })

  it('two tasks watch one peer: it is watched until both let go', async () => {
    const { alice } = await pair()
    const [first, second] = [alice.watch([BOB, ALICE]), alice.watch([BOB])]
    first()
    first()
    expect(alice.view(BOB)).not.equal(null)
    expect(alice.view(ALICE), 'nobody watches itself').equal(null)
    second()
    expect(alice.view(BOB)).equal(null)
  })
})
