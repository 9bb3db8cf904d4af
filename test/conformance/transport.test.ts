import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { MemoryHub } from '../../src/adapters/memory/transport.ts'
import { FRAME_BYTES_MAX } from '../../src/ports/transport.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { RsdpError } from '../../src/types/errors.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Address } from '../../src/types/ids.ts'
import { findBroker } from '../helpers/broker.ts'
import { eventually } from '../helpers/eventually.ts'
import { collect, createAmqpTransport, createLibp2pTransport, peerOf } from '../helpers/transport-kit.ts'
import type { Received } from '../helpers/transport-kit.ts'

/** Makes transports of one network. Seats are identities: the same seat gives the same key. */
interface Network {
  /** @param at an address of an earlier transport of this seat, to come back at the same place */
  create(seat: number, at?: string): Transport
}

interface Node {
  readonly transport: Transport
  readonly received: Received[]
}

/** The promises of the Transport port, for any adapter. */
function describeTransport(name: string, createNetwork: () => Network): void {
  describe(`transport: ${name}`, function () {
    let network: Network
    let running: Transport[]

    beforeEach(() => {
      network = createNetwork()
      running = []
    })
    afterEach(async () => {
      // one by one: libp2p waits half a second when both ends of a connection stop at the same time
      for (const transport of running) await transport.stop()
    })

    async function start(seat: number, at?: string): Promise<Node> {
      const transport = network.create(seat, at)
      const received = collect(transport)
      running.push(transport)
      await transport.start()
      return { transport, received }
    }

    /** Starts seats 1 … n, everybody in everybody's set, all connected. */
    async function startMesh(n: number): Promise<Node[]> {
      const nodes = await Promise.all(Array.from({ length: n }, (_, at) => start(at + 1)))
      const peers = nodes.map(({ transport }) => peerOf(transport))
      for (const { transport } of nodes) transport.setPeers(peers)
      await eventually(() => nodes.every(({ transport }) => transport.connected().length === n - 1))
      return nodes
    }

    const keys = (received: readonly Received[]): Address[] => received.map(({ from }) => from)
    const texts = (received: readonly Received[]): string[] =>
      received.map(({ bytes }) => Buffer.from(bytes).toString())

    it('broadcasts to every peer and not to itself, with the proved sender', async () => {
      const nodes = await startMesh(4)
      const [alice] = nodes
      alice!.transport.broadcast(Buffer.from('to all'))
      await eventually(() => nodes.slice(1).every(({ received }) => received.length === 1))
      for (const { received } of nodes.slice(1)) {
        expect(keys(received)).to.deep.equal([alice!.transport.key])
        expect(texts(received)).to.deep.equal(['to all'])
      }
      expect(alice!.received).to.be.empty
    })

    it('loses no frame of the protocol to data, however much of that waits', async () => {
      const [alice, bob] = await startMesh(2)
      const names = Array.from({ length: 100 }, (_, i) => `protocol ${i}`)
      const data = Buffer.alloc(60_000, 'd')
      for (const [i, name] of names.entries()) {
        alice!.transport.sendData(bob!.transport.key, data)
        if (i % 2 === 0) alice!.transport.send(bob!.transport.key, Buffer.from(name))
        else alice!.transport.broadcast(Buffer.from(name))
      }
      const heard = (): string[] => texts(bob!.received).filter((text) => text.startsWith('protocol'))
      await eventually(() => heard().length === names.length)
      expect(heard()).to.deep.equal(names)
      // and data come, too
      await eventually(() => bob!.received.some(({ bytes }) => bytes.length === data.length))
    })

    it('sends to the one named and to nobody else', async () => {
      const [alice, bob, carol] = await startMesh(3)
      alice!.transport.send(bob!.transport.key, Buffer.from('for bob'))
      alice!.transport.send(carol!.transport.key, Buffer.from('for carol'))
      await eventually(() => bob!.received.length === 1 && carol!.received.length === 1)
      expect(texts(bob!.received)).to.deep.equal(['for bob'])
      expect(texts(carol!.received)).to.deep.equal(['for carol'])
    })

    it('ignores sends to unknown peers and to itself', async () => {
      const [alice, bob] = await startMesh(2)
      alice!.transport.send(`0x${'99'.repeat(20)}`, Buffer.from('nobody'))
      alice!.transport.send(alice!.transport.key, Buffer.from('myself'))
      alice!.transport.send(bob!.transport.key, Buffer.from('bob'))
      await eventually(() => bob!.received.length === 1)
      expect(alice!.received).to.be.empty
      expect(alice!.transport.counters().framesSent).to.equal(1)
    })

    it('carries frames of 1 and of 65,536 bytes unchanged', async () => {
      const [alice, bob] = await startMesh(2)
      const largest = Uint8Array.from({ length: FRAME_BYTES_MAX }, (_, at) => at % 251)
      alice!.transport.send(bob!.transport.key, Uint8Array.of(7))
      alice!.transport.send(bob!.transport.key, largest)
      await eventually(() => bob!.received.length === 2)
      expect([...bob!.received[0]!.bytes]).to.deep.equal([7])
      expect(Buffer.compare(bob!.received[1]!.bytes, largest)).to.equal(0)
    })

    it('keeps the boundaries of frames sent in one go, also when the sender reuses its buffer', async () => {
      const [alice, bob] = await startMesh(2)
      const buffer = Buffer.from('first')
      alice!.transport.send(bob!.transport.key, buffer)
      buffer.write('later')
      alice!.transport.send(bob!.transport.key, buffer)
      await eventually(() => bob!.received.length === 2)
      expect(texts(bob!.received)).to.deep.equal(['first', 'later'])
    })

    it('delivers in both directions at once', async () => {
      const [alice, bob] = await startMesh(2)
      for (let i = 0; i < 50; i += 1) {
        alice!.transport.broadcast(Buffer.from(`a${i}`))
        bob!.transport.broadcast(Buffer.from(`b${i}`))
      }
      await eventually(() => alice!.received.length === 50 && bob!.received.length === 50)
    })

    it('refuses frames that no peer would take: that is the own bug', async () => {
      const { transport } = await start(1)
      expect(() => transport.broadcast(new Uint8Array(0))).to.throw()
      expect(() => transport.broadcast(new Uint8Array(FRAME_BYTES_MAX + 1))).to.throw()
    })

    it('drops and counts frames for absent peers, without a throw', async () => {
      const { transport } = await start(1)
      const absent = network.create(2)
      transport.setPeers([{ key: absent.key, addresses: [] }])
      transport.broadcast(Buffer.from('anybody?'))
      expect(transport.connected()).to.be.empty
      expect(transport.counters()).to.include({ framesSent: 0, framesDropped: 1 })
    })

    it('delivers nothing from an identity outside the set', async () => {
      const [alice, bob, mallory] = await Promise.all([start(1), start(2), start(3)])
      alice.transport.setPeers([peerOf(bob.transport)])
      bob.transport.setPeers([peerOf(alice.transport)])
      mallory.transport.setPeers([peerOf(alice.transport), peerOf(bob.transport)])
      await eventually(
        () => alice.transport.connected().length === 1 && bob.transport.connected().length === 1,
      )
      mallory.transport.broadcast(Buffer.from('let me in'))
      alice.transport.broadcast(Buffer.from('a'))
      bob.transport.broadcast(Buffer.from('b'))
      await eventually(() => alice.received.length === 1 && bob.received.length === 1)
      expect(keys(alice.received)).to.deep.equal([bob.transport.key])
      expect(keys(bob.received)).to.deep.equal([alice.transport.key])
    })

    it('cuts a peer that leaves the set', async () => {
      const [alice, bob, carol] = await startMesh(3)
      alice!.transport.setPeers([peerOf(carol!.transport)])
      expect(alice!.transport.connected()).to.not.include(bob!.transport.key)
      await eventually(() => !bob!.transport.connected().includes(alice!.transport.key))
      bob!.transport.broadcast(Buffer.from('still there?'))
      alice!.transport.broadcast(Buffer.from('carol only'))
      await eventually(() => carol!.received.length === 2)
      expect(alice!.received).to.be.empty
      expect(bob!.received).to.be.empty
    })

    it('takes a peer back that returns to the set', async () => {
      const [alice, bob] = await startMesh(2)
      alice!.transport.setPeers([])
      await eventually(() => bob!.transport.connected().length === 0)
      alice!.transport.setPeers([peerOf(bob!.transport)])
      await eventually(() => [alice, bob].every((node) => node!.transport.connected().length === 1))
      bob!.transport.broadcast(Buffer.from('back'))
      await eventually(() => alice!.received.length === 1)
    })

    it('delivers nothing after stop, which may be called twice', async () => {
      const [alice, bob] = await startMesh(2)
      await bob!.transport.stop()
      await bob!.transport.stop()
      alice!.transport.broadcast(Buffer.from('too late'))
      bob!.transport.broadcast(Buffer.from('too late'))
      await eventually(() => alice!.transport.connected().length === 0)
      expect(bob!.transport.connected()).to.be.empty
      expect(bob!.transport.addresses()).to.be.empty
      expect(bob!.received).to.be.empty
      expect(alice!.received).to.be.empty
    })

    it('finds a peer again that restarts on the same key', async () => {
      const [alice, bob] = await startMesh(2)
      const [address] = bob!.transport.addresses()
      await bob!.transport.stop()
      await eventually(() => alice!.transport.connected().length === 0)
      const again = await start(2, address)
      again.transport.setPeers([peerOf(alice!.transport)])
      await eventually(
        () => alice!.transport.connected().length === 1 && again.transport.connected().length === 1,
      )
      alice!.transport.broadcast(Buffer.from('welcome back'))
      again.transport.broadcast(Buffer.from('thanks'))
      await eventually(() => again.received.length === 1 && alice!.received.length === 1)
      expect(keys(alice!.received)).to.deep.equal([bob!.transport.key])
    })

    it('refuses to start where another instance runs', async () => {
      const { transport } = await start(1)
      const second = network.create(1, transport.addresses()[0])
      const failure = await second.start().then(
        () => null,
        (error: unknown) => error,
      )
      await second.stop()
      expect(failure).to.be.instanceOf(RsdpError)
      expect(failure).to.include({ code: 'E_ADDR_IN_USE', exit: EXIT.busy })
    })

    it('counts what it carries', async () => {
      const [alice, bob, carol] = await startMesh(3)
      alice!.transport.broadcast(new Uint8Array(100))
      alice!.transport.send(bob!.transport.key, new Uint8Array(10))
      await eventually(() => bob!.received.length === 2 && carol!.received.length === 1)
      expect(alice!.transport.counters()).to.include({ framesSent: 3, bytesSent: 210, framesDropped: 0 })
      expect(bob!.transport.counters()).to.include({ framesReceived: 2, bytesReceived: 110 })
      expect(carol!.transport.counters()).to.include({ framesReceived: 1, bytesReceived: 100 })
    })
  })
}

describeTransport('memory', () => {
  const hub = new MemoryHub('auto')
  return { create: (seat) => hub.createTransport(`0x${seat.toString(16).padStart(40, '0')}`) }
})

describeTransport('libp2p', () => ({
  // without the `/p2p/` part: that is for dialling
  create: (seat, at) =>
    createLibp2pTransport(seat, at === undefined ? {} : { listen: at.replace(/\/p2p\/.*/, '') }),
}))

const broker = await findBroker()
if (broker === null)
  it.skip('transport: amqp (no RabbitMQ at 127.0.0.1:5672; RSDP_TEST_BROKER names another)')
else {
  describeTransport('amqp', () => {
    // one network per test
    const namespace = `rsdp-test.${randomBytes(8).toString('hex')}`
    return { create: (seat) => createAmqpTransport(seat, { broker, namespace }) }
  })

  it('transport: amqp: who stops says so, after all that it has sent', async () => {
    const namespace = `rsdp-test.${randomBytes(8).toString('hex')}`
    // nobody is asked for a sign of life
    const limits = { askAfterMs: 3_600_000, silenceMs: 7_200_000 }
    const [alice, bob] = [1, 2].map((seat) => createAmqpTransport(seat, { broker, namespace, limits }))
    const received = collect(alice!)
    try {
      await Promise.all([alice!.start(), bob!.start()])
      alice!.setPeers([peerOf(bob!)])
      bob!.setPeers([peerOf(alice!)])
      await eventually(() => alice!.connected().length === 1 && bob!.connected().length === 1)
      for (let i = 0; i < 20; i += 1) bob!.send(alice!.key, Buffer.from(`last words ${i}`))
      await bob!.stop()
      await eventually(() => alice!.connected().length === 0)
      expect(received).to.have.length(20)
    } finally {
      await Promise.all([alice!.stop(), bob!.stop()])
    }
  })
}
