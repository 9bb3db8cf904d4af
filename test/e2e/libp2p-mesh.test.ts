import { expect } from 'chai'
import type { Limits } from '../../src/adapters/libp2p/limits.ts'
import type { Libp2pTransport } from '../../src/adapters/libp2p/transport.ts'
import { FRAME_BYTES_MAX } from '../../src/ports/transport.ts'
import { eventually } from '../helpers/eventually.ts'
import { collect, createLibp2pTransport, peerOf, RecordingLogger } from '../helpers/transport-kit.ts'

describe('libp2p mesh of honest nodes', function () {
  const running: Libp2pTransport[] = []

  afterEach(async () => {
    for (const transport of running.splice(0)) await transport.stop()
  })

  function create(seat: number, options?: Parameters<typeof createLibp2pTransport>[1]): Libp2pTransport {
    const transport = createLibp2pTransport(seat, options)
    running.push(transport)
    return transport
  }

  async function connectAll(nodes: readonly Libp2pTransport[]): Promise<void> {
    await Promise.all(nodes.map((node) => node.start()))
    for (const node of nodes) node.setPeers(nodes.map(peerOf))
    await eventually(() => nodes.every((node) => node.connected().length === nodes.length - 1))
  }

  it('comes up on one host and carries all-to-all rounds without a loss', async () => {
    const nodes = Array.from({ length: 10 }, (_, at) => create(at + 1))
    const received = nodes.map(collect)
    await connectAll(nodes)
    for (let round = 1; round <= 5; round += 1) {
      for (const node of nodes) node.broadcast(new Uint8Array(1_024).fill(round))
      await eventually(() => received.every(({ length }) => length === round * 9))
    }
    for (const node of nodes) {
      expect(node.counters()).to.include({ framesSent: 45, framesReceived: 45, framesDropped: 0 })
      expect(node.counters().refused).to.deep.equal({})
    }
  })

  it('lets the last frames before stop through', async () => {
    const [alice, bob] = [create(1), create(2)]
    const atBob = collect(bob)
    await connectAll([alice, bob])
    for (let i = 0; i < 20; i += 1) alice.broadcast(new Uint8Array(1_000))
    await alice.stop()
    await eventually(() => atBob.length === 20)
  })

  it('paces a burst below the flood budget: nothing is lost, nobody is isolated', async () => {
    // the default proportions at a tenth of the size, so that the burst outlasts both budgets quickly
    const scaled: Partial<Limits> = {
      floodBytesPerSecond: 1_048_576,
      floodBurstBytes: 1_048_576,
      paceBytesPerSecond: 943_718,
      paceBurstBytes: 524_288,
    }
    const [alice, bob] = [create(1, { limits: scaled }), create(2, { limits: scaled })]
    const atBob = collect(bob)
    await connectAll([alice, bob])
    for (let i = 0; i < 40; i += 1) alice.send(bob.key, new Uint8Array(FRAME_BYTES_MAX))
    await eventually(() => atBob.length === 40)
    expect(alice.counters().framesDropped).to.equal(0)
    expect(bob.counters().refused).to.deep.equal({})
  })

  it('keeps the newest frames when a slow peer’s outbox is full', async () => {
    const slow: Partial<Limits> = { paceBytesPerSecond: 20_000, paceBurstBytes: 10_000, outboxFramesMax: 10 }
    const [alice, bob] = [create(1, { limits: slow }), create(2)]
    const atBob = collect(bob)
    await connectAll([alice, bob])
    for (let i = 0; i < 100; i += 1) alice.send(bob.key, new Uint8Array(1_000).fill(i))
    await eventually(() => atBob.length === 10)
    expect(atBob.map(({ bytes }) => bytes[0])).to.deep.equal([90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
    expect(alice.counters()).to.include({ framesSent: 10, framesDropped: 90 })
  })

  it('connects by the other side’s dial when its own addresses are stale or missing', async () => {
    const log = new RecordingLogger()
    const [alice, bob] = [create(1, { logger: log }), create(2)]
    const atBob = collect(bob)
    await Promise.all([alice.start(), bob.start()])
    const stale = peerOf(bob).addresses.map((address) => address.replace(/tcp\/\d+/, 'tcp/1'))
    alice.setPeers([{ key: bob.key, addresses: [...stale, 'junk'] }])
    await eventually(() => log.events.includes('peer.unreachable'))
    bob.setPeers([peerOf(alice)])
    await eventually(() => alice.connected().length === 1)
    alice.broadcast(Buffer.from('found'))
    await eventually(() => atBob.length === 1)
    expect(log.events.filter((event) => event === 'peer.address-skipped')).to.have.length(1)
  })

  it('may be stopped before and while it starts', async () => {
    const alice = create(1)
    await alice.stop()
    const bob = create(2)
    await Promise.all([bob.start(), bob.stop()])
    expect(bob.addresses()).to.be.empty
  })
})
