import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import type { Libp2pTransport } from '../../src/adapters/libp2p/transport.ts'
import { eventually } from '../helpers/eventually.ts'
import { createLibp2pTransport } from '../helpers/transport-kit.ts'

const CROWD = ['127.0.0.2', ...Array.from({ length: 10 }, (_, at) => `127.0.0.${at + 3}`)]
const TRIES = 20

/**
 * Strangers hold TCP connections to alice and say nothing: 1,000 from one address, 100 from each of ten. What is cut they
 * open again. Addresses of the loopback network stand for machines; 127.0.0.1 alone is this one.
 */
describe('D1: a crowd of silent connections keeps no member out', function () {
  this.timeout(300_000)
  let alice: Libp2pTransport
  let port: number
  let crowd: Set<Socket>
  let isOver: boolean
  let opened: number
  let way: Server | null

  beforeEach(async () => {
    alice = createLibp2pTransport(1)
    await alice.start()
    port = Number(multiaddr(alice.addresses()[0]).getComponents()[1]?.value)
    crowd = new Set()
    isOver = false
    opened = 0
    way = null
    for (const [at, host] of CROWD.entries())
      for (let i = 0; i < (at === 0 ? 1_000 : 100); i += 1) keepOpen(host)
    await eventually(() => (alice.counters().refused['crowd'] ?? 0) > 1_000, 60_000)
  })

  afterEach(async () => {
    isOver = true
    for (const socket of crowd) socket.destroy()
    way?.close()
    await alice.stop()
  })

  function keepOpen(localAddress: string): void {
    if (isOver) return
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    opened += 1
    crowd.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      crowd.delete(socket)
      setTimeout(() => {
        keepOpen(localAddress)
      }, 250)
    })
  }

  /** A port behind which alice sees connections come from `localAddress`. */
  async function wayFrom(localAddress: string): Promise<string> {
    const server = createServer((socket) => {
      const onward = connect({ port, host: '127.0.0.1', localAddress })
      for (const end of [socket, onward]) end.on('error', () => undefined)
      socket.pipe(onward).pipe(socket)
    })
    way = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const id = alice.addresses()[0]?.split('/p2p/')[1] ?? ''
    return `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}/p2p/${id}`
  }

  /** Bob comes, is let in, and goes, again and again. Milliseconds until both have a stream, sorted. */
  async function visits(address: string, bobsAddresses: readonly string[]): Promise<number[]> {
    const took: number[] = []
    for (let i = 0; i < TRIES; i += 1) {
      const bob = createLibp2pTransport(2)
      alice.setPeers([{ key: bob.key, addresses: bobsAddresses }])
      await bob.start()
      const before = performance.now()
      bob.setPeers([{ key: alice.key, addresses: [address] }])
      await eventually(() => alice.connected().length === 1 && bob.connected().length === 1, 60_000)
      took.push(performance.now() - before)
      await bob.stop()
      alice.setPeers([])
    }
    return took.sort((a, b) => a - b)
  }

  for (const [who, host, registered] of [
    ['from an address that it has registered', '127.0.0.99', ['/ip4/127.0.0.99/tcp/4001']],
    ['from an address that nobody knows', '127.0.0.99', []],
    ['from this machine', '127.0.0.1', []],
  ] as const) {
    it(`a member comes in ${who}`, async () => {
      const address = await wayFrom(host)
      const took = await visits(address, registered)
      expect(took).to.have.length(TRIES)
      const p95 = took[Math.ceil(0.95 * TRIES) - 1] ?? 0
      console.log(
        `      ${TRIES} visits amid ${opened} silent connections: median ${took[TRIES / 2]?.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms`,
      )
    })
  }
})
