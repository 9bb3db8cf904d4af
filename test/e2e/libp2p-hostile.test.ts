import { createServer, connect } from 'node:net'
import type { Server, Socket } from 'node:net'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { createNode } from '../../src/adapters/libp2p/create-node.ts'
import { encodeFrame } from '../../src/adapters/libp2p/frame-decoder.ts'
import { CONNECTIONS_PER_PEER_MAX, DEFAULT_LIMITS, PROTOCOL } from '../../src/adapters/libp2p/limits.ts'
import type { Limits } from '../../src/adapters/libp2p/limits.ts'
import type { Libp2pTransport } from '../../src/adapters/libp2p/transport.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import { eventually } from '../helpers/eventually.ts'
import {
  collect,
  createLibp2pTransport,
  peerOf,
  RecordingLogger,
  seatLibp2pKey,
} from '../helpers/transport-kit.ts'
import type { Received } from '../helpers/transport-kit.ts'

const ALICE = 1
const BOB = 2
const MALLORY = 3

/** Deadlines short enough to wait for. */
const QUICK: Partial<Limits> = {
  frameDeadlineMs: 1_000,
  writeDeadlineMs: 1_000,
  handshakeDeadlineMs: 1_000,
  isolationMs: 1_000,
  // small and slow to refill, so that a slow machine cannot stay within the budget
  floodBytesPerSecond: 65_536,
  floodBurstBytes: 1_048_576,
}

/**
 * Alice runs the adapter, bob is honest, mallory is a registered member with a bare libp2p node and bad manners. After
 * every story alice must still hear bob.
 */
describe('libp2p transport under attack', function () {
  let alice: Libp2pTransport
  let bob: Libp2pTransport
  let mallory: Libp2p
  let atAlice: Received[]
  let log: RecordingLogger
  let bobLog: RecordingLogger
  let nodes: Libp2p[]
  let sockets: Socket[]

  beforeEach(async () => {
    log = new RecordingLogger()
    bobLog = new RecordingLogger()
    nodes = []
    sockets = []
    alice = createLibp2pTransport(ALICE, { logger: log, limits: QUICK })
    bob = createLibp2pTransport(BOB, { logger: bobLog })
    atAlice = collect(alice)
    await Promise.all([alice.start(), bob.start()])
    mallory = await startRaw(seatLibp2pKey(MALLORY))
    const malloryPeer = { key: createLibp2pTransport(MALLORY).key, addresses: [] }
    alice.setPeers([peerOf(bob), malloryPeer])
    bob.setPeers([peerOf(alice)])
    await eventually(() => alice.connected().length === 1 && bob.connected().length === 1)
  })

  afterEach(async () => {
    try {
      const before = atAlice.length
      let sentMs = -Infinity
      await eventually(() => {
        // a busy machine may cut an honest stream, too: what is sent meanwhile is lost
        if (performance.now() - sentMs > 100) {
          bob.send(alice.key, Buffer.from('still here'))
          sentMs = performance.now()
        }
        return atAlice.slice(before).some(({ from }) => from === bob.key)
      })
    } finally {
      for (const socket of sockets) socket.destroy()
      // one by one: libp2p waits half a second when both ends of a connection stop at the same time
      for (const node of [alice, bob, ...nodes]) await node.stop()
    }
  })

  /** A bare libp2p node that lets everything pass. */
  async function startRaw(privateKey: PrivateKey): Promise<Libp2p> {
    const node = await createNode({
      privateKey,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      gater: {},
      limits: DEFAULT_LIMITS,
    })
    nodes.push(node)
    await node.start()
    return node
  }

  const dial = (node: Libp2p): Promise<Connection> =>
    node.dial(multiaddr(alice.addresses()[0]), { force: true })
  const openStream = async (): Promise<Stream> =>
    (await dial(mallory)).newStream(PROTOCOL, { maxOutboundStreams: 99 })
  const fromMallory = (): Received[] => atAlice.filter(({ from }) => from !== bob.key)
  const refused = (reason: string): number => alice.counters().refused[reason] ?? 0

  function connectRaw(): Socket {
    const port = Number(multiaddr(alice.addresses()[0]).getComponents()[1]?.value)
    const socket = connect(port, '127.0.0.1')
    // resets are what this is about
    socket.on('error', () => undefined)
    sockets.push(socket)
    return socket
  }

  it('B03: garbage on the TCP port closes the socket', async () => {
    const socket = connectRaw()
    socket.write(Buffer.alloc(100_000, 0xa5))
    await eventually(() => socket.closed)
  })

  it('B02: a multistream line without end closes the socket', async () => {
    const socket = connectRaw()
    socket.write(Buffer.concat([Buffer.from([0xff, 0xff, 0x3f]), Buffer.alloc(1 << 20, 0x2f)]))
    await eventually(() => socket.closed)
  })

  it('B01: silent sockets are closed after the handshake deadline', async () => {
    const silent = Array.from({ length: 200 }, () => connectRaw())
    await eventually(() => silent.every((socket) => socket.closed))
  })

  it('B03: an identity outside the set gets no stream, whatever its key type', async () => {
    for (const key of [seatLibp2pKey(9), await generateKeyPair('Ed25519')]) {
      const before = refused('stranger')
      const stranger = await startRaw(key)
      const opened = await dial(stranger)
        .then((connection) => connection.newStream(PROTOCOL))
        .then(
          () => true,
          () => false,
        )
      expect(opened).to.equal(false)
      await eventually(() => refused('stranger') > before)
      await eventually(() => stranger.getConnections().length === 0)
    }
    expect(log.events.filter((event) => event === 'stranger.refused')).to.have.length(1)
  })

  it('B17: other protocol ids are refused without a penalty', async () => {
    const connection = await dial(mallory)
    const opened = await connection.newStream('/rsdp/9.9.9').then(
      () => true,
      () => false,
    )
    expect(opened).to.equal(false)
    const stream = await connection.newStream(PROTOCOL)
    stream.send(encodeFrame(Buffer.from('2.0.0 then')))
    await eventually(() => fromMallory().length === 1)
    expect(alice.counters().refused).to.deep.equal({})
  })

  for (const [what, prefix, reason] of [
    ['B07: 65,537', [0, 1, 0, 1], 'oversized'],
    ['B06: 2^32 − 1', [255, 255, 255, 255], 'oversized'],
    ['B06: zero', [0, 0, 0, 0], 'malformed'],
  ] as const) {
    it(`${what} as length resets the stream`, async () => {
      const stream = await openStream()
      stream.send(encodeFrame(Buffer.from('good')))
      stream.send(Uint8Array.from(prefix))
      stream.send(encodeFrame(Buffer.from('after the fault')))
      await eventually(() => stream.status === 'reset')
      expect(refused(reason)).to.equal(1)
      expect(fromMallory()).to.have.length(1)
    })
  }

  it('B08: a frame that never ends is cut at its deadline, however the bytes trickle', async () => {
    const stream = await openStream()
    stream.send(Uint8Array.of(0, 0, 1, 0))
    while (stream.status === 'open') {
      stream.send(Uint8Array.of(1))
      await sleep(20)
    }
    expect(refused('late')).to.equal(1)
    expect(fromMallory()).to.be.empty
  })

  it('B08: a prefix that never ends is cut too, an idle stream is not', async () => {
    const idle = await openStream()
    const stream = await openStream()
    stream.send(Uint8Array.of(0, 0))
    await eventually(() => stream.status === 'reset')
    expect(refused('late')).to.equal(1)
    idle.send(encodeFrame(Buffer.from('still open')))
    await eventually(() => fromMallory().length === 1)
  })

  it('B08: single bytes and joined frames are read', async () => {
    const stream = await openStream()
    for (const byte of encodeFrame(Buffer.from('slow'))) {
      stream.send(Uint8Array.of(byte))
      await sleep(1)
    }
    stream.send(Buffer.concat([encodeFrame(Buffer.from('two')), encodeFrame(Buffer.from('at once'))]))
    await eventually(() => fromMallory().length === 3)
    expect(fromMallory().map(({ bytes }) => Buffer.from(bytes).toString())).to.deep.equal([
      'slow',
      'two',
      'at once',
    ])
    expect(alice.counters().refused).to.deep.equal({})
  })

  it('B08: a frame and then FIN is read; a cut in the middle of a frame leaves nothing', async () => {
    const finished = await openStream()
    finished.send(encodeFrame(Buffer.from('last words')))
    await finished.close()
    await eventually(() => fromMallory().length === 1 && finished.status === 'closed')
    const broken = await openStream()
    broken.send(encodeFrame(Buffer.from('never whole')).subarray(0, 8))
    broken.abort(new Error('cut'))
    const next = await openStream()
    next.send(encodeFrame(Buffer.from('next')))
    await eventually(() => fromMallory().length === 2)
    await sleep(2 * QUICK.frameDeadlineMs!)
    expect(refused('late')).to.equal(0)
  })

  for (const [what, body] of [
    ['10,000 small frames', 4],
    ['large frames above 1 MiB/s', 60_000],
  ] as const) {
    it(`flood-frames: ${what} isolate the sender, who is released later`, async () => {
      const stream = await openStream()
      const frame = encodeFrame(new Uint8Array(body))
      for (let sent = 0; sent < 10_000 && stream.status === 'open'; sent += 1) {
        stream.send(frame)
        if (stream.writableNeedsDrain) await stream.onDrain().catch(() => undefined)
      }
      await eventually(() => refused('flood') === 1)
      await eventually(() => mallory.getConnections().length === 0)
      expect(fromMallory().length).to.be.below(3_000)
      expect(log.events).to.include('peer.isolated')
      // isolated: not even a connection
      const again = await openStream().then(
        () => true,
        () => false,
      )
      expect(again).to.equal(false)
      await eventually(() => log.events.includes('peer.released'))
      atAlice.length = 0
      const released = await openStream()
      released.send(encodeFrame(Buffer.from('sorry')))
      await eventually(() => fromMallory().length === 1)
    })
  }

  it('flood-faults: repeated faults end in isolation', async () => {
    for (let tries = 0; tries < 40 && refused('flood') === 0; tries += 1) {
      const stream = await openStream().catch(() => null)
      stream?.send(Uint8Array.of(0, 0, 0, 0))
      await eventually(() => stream?.status !== 'open')
    }
    expect(refused('flood')).to.equal(1)
    expect(refused('malformed')).to.be.within(3, 10)
  })

  it('B04: more streams and connections than allowed replace the oldest', async () => {
    const first = await openStream()
    for (let i = 0; i < 3 * CONNECTIONS_PER_PEER_MAX; i += 1) await openStream()
    await eventually(() => first.status !== 'open')
    await eventually(() => mallory.getConnections().length <= CONNECTIONS_PER_PEER_MAX)
    expect(refused('streams')).to.be.at.least(2)
    const last = await openStream()
    last.send(encodeFrame(Buffer.from('the newest works')))
    await eventually(() => fromMallory().length === 1)
  })

  it('B04: streams opened and cut in a loop end in isolation, not in work without end', async () => {
    const connection = await dial(mallory)
    for (let i = 0; i < 1_000 && connection.status === 'open'; i += 1) {
      const stream = await connection.newStream(PROTOCOL).catch(() => null)
      stream?.abort(new Error('next'))
      await setImmediate()
    }
    await eventually(() => refused('flood') === 1)
  })

  it('B04: bytes that never become a frame spend the budget too', async () => {
    const connection = await dial(mallory)
    const stream = await connection.newStream('/no/such/protocol').catch(() => null)
    expect(stream).to.equal(null)
    // the name of a protocol may be 1 KiB long; several at once, to be faster than the budget refills on any machine
    const name = `/${'x'.repeat(1_000)}`
    while (connection.status === 'open') {
      await Promise.allSettled(Array.from({ length: 8 }, () => connection.newStream(name)))
      // a muxer that has closed refuses without a pause: let the news of its end in
      await setImmediate()
    }
    await eventually(() => refused('flood') === 1)
  })

  it('tarpit: a peer that takes nothing is cut, and its backlog is bounded', async () => {
    await mallory.handle(PROTOCOL, (stream) => stream.pause())
    await dial(mallory)
    await eventually(() => alice.connected().length === 2)
    for (let i = 0; i < 1_000; i += 1) alice.send(createdKey(MALLORY), new Uint8Array(60_000))
    await eventually(() => refused('stalled') >= 1)
    expect(alice.counters().framesDropped).to.be.at.least(900)
  })

  it('bytes on a stream that alice opened to send on are refused', async () => {
    await mallory.handle(PROTOCOL, (stream) => void stream.send(Uint8Array.of(1)))
    await dial(mallory)
    await eventually(() => refused('malformed') >= 1)
    expect(fromMallory()).to.be.empty
  })

  it('B03: an address where another identity answers is not taken for the peer, and does not trouble who lives there', async () => {
    const mallorysId = mallory.peerId.toString()
    alice.setPeers([
      peerOf(bob),
      // bob's place under mallory's name
      {
        key: createdKey(MALLORY),
        addresses: bob.addresses().map((address) => address.replace(/\/p2p\/.*/, `/p2p/${mallorysId}`)),
      },
    ])
    await eventually(() => log.events.includes('peer.unreachable'))
    expect(alice.connected()).to.deep.equal([bob.key])
    expect(bob.counters().refused).to.deep.equal({})
    expect(bobLog.events).to.not.include('peer.disconnected')
  })

  it('a taken port is the operator’s to solve: E_ADDR_IN_USE', async () => {
    const server = await listenSomewhere()
    try {
      const address = server.address()
      const port = typeof address === 'object' ? address!.port : 0
      const late = createLibp2pTransport(5, { listen: `/ip4/127.0.0.1/tcp/${port}` })
      const failure: unknown = await late.start().then(
        () => null,
        (error: unknown) => error,
      )
      expect(failure).to.include({ code: 'E_ADDR_IN_USE', exit: EXIT.busy })
      await late.stop()
    } finally {
      server.close()
    }
  })

  it('an address that is none is E_LISTEN', async () => {
    for (const listen of ['nonsense', '/ip4/203.0.113.7/tcp/4001']) {
      const failure: unknown = await createLibp2pTransport(5, { listen })
        .start()
        .then(
          () => null,
          (error: unknown) => error,
        )
      expect(failure).to.include({ code: 'E_LISTEN', exit: EXIT.precondition })
    }
  })
})

function createdKey(seat: number): Libp2pTransport['key'] {
  return createLibp2pTransport(seat).key
}

async function listenSomewhere(): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
