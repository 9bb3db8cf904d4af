import { expect } from 'chai'
import { MemoryHub } from '../../../src/adapters/memory/transport.ts'
import type { MemoryTransport } from '../../../src/adapters/memory/transport.ts'
import { collect } from '../../helpers/transport-kit.ts'
import type { Received } from '../../helpers/transport-kit.ts'

describe('MemoryHub, manual delivery', () => {
  let hub: MemoryHub
  let alice: MemoryTransport
  let bob: MemoryTransport
  let atBob: Received[]

  beforeEach(async () => {
    hub = new MemoryHub('manual')
    alice = hub.createTransport(`0x${'0a'.repeat(20)}`)
    bob = hub.createTransport(`0x${'0b'.repeat(20)}`)
    atBob = collect(bob)
    await Promise.all([alice.start(), bob.start()])
    for (const node of [alice, bob]) {
      node.setPeers([alice, bob].map(({ key }) => ({ key, addresses: [] })))
    }
  })

  const values = (): (number | undefined)[] => atBob.map(({ bytes }) => bytes[0])

  it('moves nothing by itself', async () => {
    alice.broadcast(Uint8Array.of(1))
    await Promise.resolve()
    expect(atBob).to.be.empty
    expect(hub.pending()).to.have.length(1)
  })

  it('lets the caller choose order and loss', () => {
    for (const value of [1, 2, 3]) alice.broadcast(Uint8Array.of(value))
    expect(hub.deliver(2)).to.equal(true)
    expect(hub.drop(0)).to.equal(true)
    expect(hub.deliver()).to.equal(true)
    expect(hub.deliver()).to.equal(false)
    expect(hub.drop()).to.equal(false)
    expect(values()).to.deep.equal([3, 2])
  })

  it('delivers answers too', () => {
    const carol = hub.createTransport(`0x${'0c'.repeat(20)}`)
    expect(hub.deliverAll()).to.equal(0)
    bob.broadcast(Uint8Array.of(1))
    alice.broadcast(Uint8Array.of(2))
    expect(hub.deliverAll()).to.equal(2)
    expect(carol.addresses()).to.be.empty
  })

  it('loses what was on its way to an instance that has stopped', async () => {
    alice.broadcast(Uint8Array.of(1))
    await bob.stop()
    const again = hub.createTransport(bob.key)
    const received = collect(again)
    await again.start()
    again.setPeers([{ key: alice.key, addresses: [] }])
    hub.deliverAll()
    expect(received).to.be.empty
    alice.broadcast(Uint8Array.of(2))
    hub.deliverAll()
    expect(received).to.have.length(1)
  })
})
