import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { MemoryHub } from '../../../src/adapters/memory/transport.ts'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { Channel } from '../../../src/agents/channel.ts'
import { Remote, REMOTE_BYTES_MAX } from '../../../src/agents/remote.ts'
import type { RemoteInit, RemoteReply } from '../../../src/agents/remote.ts'
import type { Address } from '../../../src/types/ids.ts'

const [ALICE, BOB, CAROL] = ['aa', 'bb', 'cc'].map((byte): Address => `0x${byte.repeat(20)}`) as [
  Address,
  Address,
  Address,
]
const NAME = { task: 7n, service: 3 }
const BODY = Uint8Array.of(1, 2)
const nobody: RemoteInit['handle'] = () => Promise.resolve(null)

/** Alice asks; bob handles; carol only talks. Frames wait until they are delivered. */
async function world(handle: RemoteInit['handle']) {
  const hub = new MemoryHub('manual')
  const clock = new VirtualClock()
  const channels = [ALICE, BOB, CAROL].map((key) => new Channel(hub.createTransport(key)))
  const [a, b, c] = channels as [Channel, Channel, Channel]
  const alice = new Remote({ channel: a, clock, handle: nobody })
  const bob = new Remote({ channel: b, clock, handle })
  for (const channel of channels) {
    channel.onMessage(() => undefined)
    await channel.start()
    channel.setPeers(
      [ALICE, BOB, CAROL].filter((key) => key !== channel.key).map((key) => ({ key, addresses: [] })),
    )
  }
  const deliver = async (): Promise<void> => {
    for (let i = 0; i < 4; i += 1) {
      hub.deliverAll()
      await setImmediate()
    }
  }
  return { hub, clock, alice, bob, a, b, c, deliver }
}

describe('requests between members', () => {
  it('sends nothing to who is not connected, and nothing too long', async () => {
    const { alice, deliver } = await world(() => expect.fail())
    const stranger: Address = `0x${'dd'.repeat(20)}`
    expect(await alice.ask(stranger, NAME, BODY)).deep.equal({ outcome: 'unhandled' })
    expect(await alice.ask(BOB, NAME, new Uint8Array(REMOTE_BYTES_MAX + 1))).deep.equal({
      outcome: 'unhandled',
    })
    await deliver()
  })

  it('is answered once, by who was asked; words of others and late ones count for nothing', async () => {
    const seen: unknown[] = []
    const { alice, c, deliver, clock } = await world((from, name, body) => {
      seen.push([from, name, [...body]])
      return Promise.resolve(Uint8Array.of(9, ...body))
    })
    const asked = alice.ask(BOB, NAME, BODY)
    // the number of the first request
    c.sendTopic('reply', ALICE, Uint8Array.of(0, 0, 0, 1, 1, 66))
    for (const cut of [[], [0, 0, 0, 1]]) c.sendTopic('reply', ALICE, Uint8Array.from(cut))
    await deliver()
    expect(await asked).deep.equal({ outcome: 'handled', reply: Uint8Array.of(9, 1, 2) })
    expect(seen).deep.equal([[ALICE, NAME, [1, 2]]])
    c.sendTopic('request', BOB, Uint8Array.of(1, 2, 3))
    await deliver()
    expect(seen).length(1)
    const late = alice.ask(BOB, NAME, BODY)
    clock.advance(6_000)
    await deliver()
    expect(await late).deep.equal({ outcome: 'unknown' })
  })

  it('says for certain that nothing was handled; handles so many of one member at a time and no more', async () => {
    const waiting: ((reply: Uint8Array) => void)[] = []
    const { alice, deliver } = await world((_, { service }) =>
      service === 9 ? Promise.resolve(null) : new Promise((resolve) => waiting.push(resolve)),
    )
    const none = alice.ask(BOB, { ...NAME, service: 9 }, BODY)
    await deliver()
    expect(await none).deep.equal({ outcome: 'unhandled' })
    const replies: RemoteReply['outcome'][] = []
    const all = Array.from({ length: 70 }, () =>
      alice.ask(BOB, NAME, BODY).then(({ outcome }) => replies.push(outcome)),
    )
    await deliver()
    expect(waiting).length(64)
    expect(replies).deep.equal(Array.from({ length: 6 }, () => 'unhandled'))
    for (const resolve of waiting.splice(0)) resolve(BODY)
    await deliver()
    await Promise.all(all)
    const again = alice.ask(BOB, NAME, BODY)
    await deliver()
    waiting[0]?.(BODY)
    await deliver()
    expect(await again).deep.equal({ outcome: 'handled', reply: BODY })
  })

  it('lets nobody wait when the node stops', async () => {
    const { alice } = await world(nobody)
    const asked = alice.ask(BOB, NAME, BODY)
    alice.stop()
    expect(await asked).deep.equal({ outcome: 'unknown' })
  })
})
