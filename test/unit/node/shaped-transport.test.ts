import { expect } from 'chai'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { MemoryHub } from '../../../src/adapters/memory/transport.ts'
import { ShapedTransport } from '../../../src/node/shaped-transport.ts'
import type { LinkShape } from '../../../src/node/shaped-transport.ts'
import type { Address } from '../../../src/types/ids.ts'

const ALICE: Address = `0x${'aa'.repeat(20)}`
const BOB: Address = `0x${'bb'.repeat(20)}`

describe('shaped transport', () => {
  async function pair(shape: () => LinkShape) {
    const hub = new MemoryHub('auto')
    const clock = new VirtualClock()
    const alice = new ShapedTransport(hub.createTransport(ALICE), clock, shape)
    const bob = hub.createTransport(BOB)
    const heard: string[] = []
    alice.onMessage((_, bytes) => heard.push(`alice ${bytes[0]}`))
    bob.onMessage((_, bytes) => heard.push(`bob ${bytes[0]}`))
    await Promise.all([alice.start(), bob.start()])
    alice.setPeers([{ key: BOB, addresses: [] }])
    bob.setPeers([{ key: ALICE, addresses: [] }])
    return { clock, alice, bob, heard }
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  it('sends after the delay, in order', async () => {
    const { clock, alice, heard } = await pair(() => ({ delayMs: 15, isCut: false }))
    alice.send(BOB, Uint8Array.of(1))
    alice.broadcast(Uint8Array.of(2))
    alice.sendData(BOB, Uint8Array.of(3))
    clock.advance(14)
    await turn()
    expect(heard).deep.equal([])
    clock.advance(1)
    await turn()
    expect(heard).deep.equal(['bob 1', 'bob 2', 'bob 3'])
  })

  it('lets nothing pass a cut, either way, and says that nobody is connected; heals', async () => {
    let isCut = true
    const { alice, bob, heard } = await pair(() => ({ delayMs: 0, isCut }))
    alice.send(BOB, Uint8Array.of(1))
    alice.sendData(BOB, Uint8Array.of(1))
    bob.send(ALICE, Uint8Array.of(2))
    await turn()
    expect(heard).deep.equal([])
    expect(alice.connected()).deep.equal([])
    isCut = false
    alice.send(BOB, Uint8Array.of(3))
    bob.send(ALICE, Uint8Array.of(4))
    await turn()
    expect(heard).deep.equal(['bob 3', 'alice 4'])
    expect(alice.connected()).deep.equal([BOB])
  })
})
