import { randomBytes } from 'node:crypto'
import { connect } from 'amqplib'
import type { Channel, ChannelModel } from 'amqplib'
import { expect } from 'chai'
import { Sealer } from '../../src/adapters/amqp/sealer.ts'
import { encodeSignOfLife, NO_SESSION } from '../../src/adapters/amqp/sign-of-life.ts'
import type { AmqpTransport } from '../../src/adapters/amqp/transport.ts'
import { createKeyring, recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { toHex } from '../../src/codec/hex.ts'
import { decodeSealed, encodeSealed, EVERYBODY, SEALED_HEADER_BYTES } from '../../src/codec/sealed.ts'
import type { Sealed } from '../../src/codec/sealed.ts'
import { FRAME_BYTES_MAX } from '../../src/ports/transport.ts'
import type { Address } from '../../src/types/ids.ts'
import { findBroker } from '../helpers/broker.ts'
import { eventually } from '../helpers/eventually.ts'
import { collect, createAmqpTransport, peerOf, RecordingLogger, seatKey } from '../helpers/transport-kit.ts'
import type { Received } from '../helpers/transport-kit.ts'

const ALICE = 1
const BOB = 2
const MALLORY = 9
const ORDER = 2n ** 256n - 0x14551231950b75fc4402da1732fc9bebfn

const broker = await findBroker()
if (broker === null) it.skip('amqp: hostile clients (no RabbitMQ at 127.0.0.1:5672)')
else {
  describe('amqp: a client of the broker that is no honest member', function () {
    this.timeout(60_000)
    let namespace: string
    let alice: AmqpTransport
    let bob: AmqpTransport
    let log: RecordingLogger
    let received: Received[]
    let model: ChannelModel
    let mallory: Channel
    /** Every frame that goes to alice or from bob to everybody. */
    let tapped: Sealed[]

    beforeEach(async () => {
      namespace = `rsdp-test.${randomBytes(8).toString('hex')}`
      log = new RecordingLogger()
      const options = {
        broker,
        namespace,
        logger: log,
        // refills so slowly that a busy broker cannot stay within the budget
        limits: { isolationMs: 500, floodBytesPerSecond: 65_536, floodBurstBytes: 400_000, askAfterMs: 500 },
      }
      alice = createAmqpTransport(ALICE, options)
      bob = createAmqpTransport(BOB, { broker, namespace })
      received = collect(alice)
      await alice.start()
      await bob.start()
      model = await connect(broker)
      mallory = await model.createChannel()
      // what she breaks at the broker closes her channel, not the test
      model.on('error', () => undefined)
      mallory.on('error', () => undefined)
      tapped = []
      await tap()
      alice.setPeers([peerOf(bob)])
      bob.setPeers([peerOf(alice)])
      await connected()
    })
    afterEach(async () => {
      await alice.stop()
      await bob.stop()
      await model.close().catch(() => undefined)
    })

    async function tap(): Promise<void> {
      const { queue } = await mallory.assertQueue('', { exclusive: true })
      await mallory.assertExchange(from(bob), 'fanout', { durable: false, autoDelete: false })
      await mallory.bindQueue(queue, from(bob), '')
      await mallory.bindQueue(queue, direct(), alice.key)
      await mallory.consume(
        queue,
        (message) => {
          const frame = message === null ? null : decodeSealed(message.content)
          if (frame !== null) tapped.push(frame)
        },
        { noAck: true },
      )
    }

    const direct = (): string => `${namespace}.direct`
    const from = (node: AmqpTransport): string => `${namespace}.from.${node.key}`
    const connected = (): Promise<void> =>
      eventually(() => alice.connected().length === 1 && bob.connected().length === 1)
    const toAlice = (bytes: Uint8Array): void => void mallory.publish(direct(), alice.key, Buffer.from(bytes))
    const asBob = (bytes: Uint8Array): void => void mallory.publish(from(bob), '', Buffer.from(bytes))
    const refused = (reason: string): number => alice.counters().refused[reason] ?? 0
    const texts = (): string[] => received.map(({ bytes }) => Buffer.from(bytes).toString())
    const sealer = (seat: number, network = `/\n${namespace}`): Sealer =>
      new Sealer(createKeyring(seatKey(seat)), recoverSigner, network, toHex(randomBytes(16)))

    /** A frame of bob's as it went over the broker. */
    async function frameOfBob(send: () => void, kind: Sealed['kind']): Promise<Sealed> {
      const seen = received.length
      send()
      await eventually(() => received.length === seen + 1 && tapped.some((frame) => frame.kind === kind))
      return tapped.find((frame) => frame.kind === kind)!
    }
    const directOfBob = (): Promise<Sealed> =>
      frameOfBob(() => bob.send(alice.key, Buffer.from('one')), 'direct')

    /** After what was tried: it was refused for this reason, nothing was delivered, and bob still gets through. */
    async function expectRefused(reason: string, count = 1): Promise<void> {
      await eventually(() => refused(reason) >= count)
      await connected()
      const before = texts()
      bob.send(alice.key, Buffer.from('still here'))
      await eventually(() => received.length === before.length + 1)
      expect(texts()).to.deep.equal([...before, 'still here'])
    }

    /** Sent until it is refused as that: on a busy machine one may come while alice has given bob up, and be refused as unopened. */
    async function expectForged(bytes: Uint8Array): Promise<void> {
      await eventually(() => {
        toAlice(bytes)
        return refused('forged') > 0
      })
      await expectRefused('forged')
    }

    const UNREADABLE: readonly (readonly [what: string, bytes: Uint8Array])[] = [
      ['no bytes', new Uint8Array(0)],
      ['a header that ends too soon', new Uint8Array(SEALED_HEADER_BYTES - 1).fill(1)],
      ['another version', Uint8Array.of(2, 3, ...new Uint8Array(SEALED_HEADER_BYTES))],
      ['a kind that there is not', Uint8Array.of(1, 99, ...new Uint8Array(SEALED_HEADER_BYTES))],
    ]
    for (const [what, bytes] of UNREADABLE) {
      it(`sends ${what}`, async () => {
        toAlice(bytes)
        await expectRefused('malformed')
      })
    }

    it('sends more bytes than a frame has', async () => {
      toAlice(new Uint8Array(SEALED_HEADER_BYTES + FRAME_BYTES_MAX + 1).fill(1))
      await expectRefused('oversized')
    })

    it('repeats a frame for one', async () => {
      const frame = await directOfBob()
      for (let i = 0; i < 5; i += 1) toAlice(encodeSealed(frame))
      await expectRefused('replay', 5)
      expect(texts()).to.deep.equal(['one', 'still here'])
    })

    it('repeats a broadcast', async () => {
      const frame = await frameOfBob(() => bob.broadcast(Buffer.from('all')), 'broadcast')
      asBob(encodeSealed(frame))
      await expectRefused('replay')
      expect(texts()).to.deep.equal(['all', 'still here'])
    })

    it('repeats an answer to an earlier question', async () => {
      const answer = tapped.find(({ kind }) => kind === 'answer')!
      toAlice(encodeSealed(answer))
      await expectRefused('replay')
    })

    it('repeats a question of a process of before', async () => {
      const old = sealer(BOB).seal(
        'ask',
        alice.key,
        encodeSignOfLife({ nonce: NO_SESSION, held: NO_SESSION }),
      )
      for (let i = 0; i < 100; i += 1) toAlice(old)
      // a few are answered, in case bob has started anew; the answers open nothing
      await expectRefused('replay', 80)
    })

    it('repeats data of a process of before', async () => {
      const old = sealer(BOB)
      toAlice(old.seal('direct', alice.key, Buffer.from('old')))
      await expectRefused('unopened')
      expect(texts()).to.deep.equal(['still here'])
    })

    it('seals in the name of a member with her own key', async () => {
      const own = decodeSealed(sealer(MALLORY).seal('direct', alice.key, Buffer.from('mine')))!
      const { session } = await directOfBob()
      await expectForged(encodeSealed({ ...own, sender: bob.key, session, sequence: 10_000n }))
    })

    it('seals in her own name', async () => {
      toAlice(sealer(MALLORY).seal('direct', alice.key, Buffer.from('let me in')))
      await expectRefused('stranger')
    })

    const CHANGES: readonly (readonly [what: string, change: (frame: Sealed) => Partial<Sealed>])[] = [
      ['the body', () => ({ body: Buffer.from('two') })],
      ['the sequence number', ({ sequence }) => ({ sequence: sequence + 100n })],
      ['the kind', ({ sequence }) => ({ kind: 'bye', sequence: sequence + 100n })],
      [
        's to the other half',
        ({ signature, sequence }) => ({ signature: otherHalf(signature), sequence: sequence + 1n }),
      ],
    ]
    for (const [what, change] of CHANGES) {
      it(`changes ${what} of a member's frame`, async () => {
        const frame = await directOfBob()
        await expectForged(encodeSealed({ ...frame, sequence: frame.sequence + 1n, ...change(frame) }))
      })
    }

    it('sends a broadcast on as if it were for one', async () => {
      const frame = await frameOfBob(() => bob.broadcast(Buffer.from('all')), 'broadcast')
      await expectForged(encodeSealed({ ...frame, kind: 'direct', sequence: frame.sequence + 100n }))
    })

    it('sends on what a member sealed for somebody else', async () => {
      const { session } = await directOfBob()
      const bobs = new Sealer(createKeyring(seatKey(BOB)), recoverSigner, `/\n${namespace}`, session)
      const carol: Address = `0x${'0c'.repeat(20)}`
      for (let i = 0; i < 50; i += 1) bobs.seal('direct', carol, new Uint8Array(1))
      await expectForged(bobs.seal('direct', carol, Buffer.from('for carol')))
    })

    it('sends on what a member sealed on another network', async () => {
      const elsewhere = sealer(BOB, '/\nrsdp-test.elsewhere')
      const sign = encodeSignOfLife({ nonce: NO_SESSION, held: NO_SESSION })
      const frame = elsewhere.seal('ask', alice.key, sign)
      // where bob had to ask often until he was connected, strange questions wait their turn
      await expectForged(frame)
    })

    it('takes the name of a broadcast’s receiver for her own frame', async () => {
      asBob(sealer(MALLORY).seal('broadcast', EVERYBODY, Buffer.from('from bob, surely')))
      await expectRefused('stranger')
    })

    it('cannot take or empty the queue of a node', async () => {
      for (const attempt of [
        (channel: Channel): Promise<unknown> => channel.purgeQueue(`${namespace}.${alice.key}`),
        (channel: Channel): Promise<unknown> => channel.deleteQueue(`${namespace}.${alice.key}`),
        (channel: Channel): Promise<unknown> => channel.consume(`${namespace}.${alice.key}`, () => undefined),
      ]) {
        const channel = await model.createChannel()
        channel.on('error', () => undefined)
        const error = await attempt(channel).then(
          () => null,
          (cause: unknown) => cause,
        )
        expect(error).to.include({ code: 405 })
      }
      bob.send(alice.key, Buffer.from('still here'))
      await eventually(() => texts().includes('still here'))
    })

    it('deletes the exchanges: the nodes make them again', async () => {
      await mallory.deleteExchange(direct())
      await mallory.deleteExchange(from(bob))
      // each finds out when it sends
      await eventually(() => {
        bob.send(alice.key, Buffer.from('direct'))
        bob.broadcast(Buffer.from('all'))
        alice.broadcast(Buffer.from('?'))
        return texts().includes('direct') && texts().includes('all')
      })
    })

    it('sends garbage without end: members are heard between it', async () => {
      const garbage = randomBytes(1_000)
      for (let i = 0; i < 3_000; i += 1) toAlice(garbage)
      bob.send(alice.key, Buffer.from('amid it'))
      await eventually(() => texts().includes('amid it'))
      expect(alice.connected()).to.deep.equal([bob.key])
      expect(refused('flood')).to.equal(0)
    })

    it('is a member that floods: isolated, then released', async () => {
      // a peer that keeps no pace
      const wild = createAmqpTransport(BOB, {
        broker,
        namespace,
        limits: { paceBytesPerSecond: 1e9, paceBurstBytes: 1e9, outboxFramesMax: 1e6, outboxBytesMax: 1e9 },
      })
      await bob.stop()
      await eventually(() => alice.connected().length === 0)
      await wild.start()
      try {
        wild.setPeers([peerOf(alice)])
        await eventually(() => alice.connected().length === 1 && wild.connected().length === 1)
        const body = randomBytes(60_000)
        let sent = 0
        await eventually(() => {
          for (let more = sent === 0 ? 20 : 2; more > 0; more -= 1, sent += 1) wild.send(alice.key, body)
          return log.events.includes('peer.isolated')
        })
        expect(received.length).to.be.lessThan(sent)
        await eventually(() => log.events.includes('peer.released') && alice.connected().length === 1)
      } finally {
        await wild.stop()
      }
    })
  })
}

/** The same signature with s in the upper half of the group's order, and v turned. */
function otherHalf(signature: `0x${string}`): `0x${string}` {
  const s = ORDER - BigInt(`0x${signature.slice(66, 130)}`)
  const v = signature.endsWith('1b') ? '1c' : '1b'
  return `${signature.slice(0, 66) as '0x'}${s.toString(16).padStart(64, '0')}${v}`
}
