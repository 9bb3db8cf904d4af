import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { createKeyring, recoverSigner } from '../../../src/adapters/keys/keyring.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { NodeGateway } from '../../../src/agents/gateway.ts'
import { ApiError } from '../../../src/api/call.ts'
import { GatewayClient } from '../../../src/api/gateway-client.ts'
import type { GatewayPlaces } from '../../../src/api/gateway-client.ts'
import { startGateway } from '../../../src/api/gateway-server.ts'
import type { GatewayServer } from '../../../src/api/gateway-server.ts'
import { callDigest, headersOf } from '../../../src/codec/gateway-call.ts'
import { utf8Hex } from '../../../src/codec/hex.ts'
import { refusedAs } from '../../../src/types/store-request.ts'
import type { StoreAnswer, StoreAsk } from '../../../src/types/store-request.ts'

const DEPLOYMENT = `0x${'d1'.repeat(32)}` as const
const keyring = createKeyring(new Uint8Array(32).fill(7))
const stranger = createKeyring(new Uint8Array(32).fill(8))
const RATE = 1_000

/** One gateway over a store of one key, in memory. */
class Place {
  readonly asked: StoreAsk[] = []
  value: Uint8Array | null = null
  refusal: StoreAnswer | null = null
  isPlaced = true
  readonly #server: GatewayServer
  readonly #gateway: NodeGateway

  private constructor(gateway: NodeGateway, server: GatewayServer) {
    this.#gateway = gateway
    this.#server = server
  }

  static async open(byte: number): Promise<Place> {
    const made: { place: Place | null } = { place: null }
    const gateway = new NodeGateway({
      ...{ key: `0x${byte.toString(16).repeat(20)}`, deploymentId: DEPLOYMENT, recover: recoverSigner },
      ...{ clock: systemClock, unixMs: () => Date.now() },
      permitOf: (_task, service, key) =>
        key === keyring.address ? { service, key, verbs: ['get', 'put', 'delete'], perSecond: RATE } : null,
      isPlaced: () => made.place?.isPlaced === true,
      stores: { ask: (_task, _service, ask) => Promise.resolve(made.place!.answer(ask)) },
    })
    made.place = new Place(gateway, await startGateway('127.0.0.1', 0, gateway))
    return made.place
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`
  }

  get port(): number {
    return this.#server.port
  }

  get key(): `0x${string}` {
    return this.#gateway.key
  }

  answer(ask: StoreAsk): StoreAnswer {
    this.asked.push(ask)
    if (this.refusal !== null) return this.refusal
    if (ask.kind === 'put') this.value = ask.value
    if (ask.kind === 'delete') this.value = null
    const values = ask.kind === 'get' && this.value !== null ? [this.value] : []
    const where = {
      consistency: 'strong',
      height: 3,
      index: 4,
      version: 5,
      context: null,
      clock: null,
    } as const
    return { code: 'ok', outcome: 'done', ...where, values }
  }

  async close(): Promise<void> {
    this.#gateway.stop()
    await this.#server.close()
  }
}

describe('gateways over HTTP', () => {
  let places: Place[]
  beforeEach(async () => void (places = [await Place.open(0xa1), await Place.open(0xb2)]))
  afterEach(() => Promise.all(places.map((place) => place.close())))

  const client = (changes: Partial<GatewayPlaces> = {}): GatewayClient =>
    new GatewayClient({
      ...{ urls: places.map(({ url }) => url), keyring, task: 7n, service: 2, patienceMs: 300 },
      ...changes,
    })
  const refusal = async (asked: Promise<unknown>): Promise<string> => {
    const error: unknown = await asked.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof ApiError)) throw new Error(`no refusal: ${String(error)}`)
    return `${error.status} ${error.error}`
  }

  it('get, put and delete, as at a node of one’s own', async () => {
    const store = client()
    const session = await store.session()
    expect(session).equal(5)
    const put = await store.put('a/ü b', utf8Hex('x'), { session, seq: 1 })
    expect(put).deep.include({ outcome: 'done', consistency: 'strong', index: 4 })
    expect((await store.get('a/ü b')).values).deep.equal([utf8Hex('x')])
    expect(await store.delete('a/ü b', { session, seq: 2, version: 5 })).include({ outcome: 'done' })
    const [, write] = places[0]!.asked
    expect(write).deep.include({ kind: 'put', key: 'a/ü b', id: { session: 5, seq: 1 } })
    expect(places[1]!.asked, 'one gateway is enough').deep.equal([])
  })

  it('another gateway is asked where one is gone, or has no copy, or cannot', async () => {
    places[0]!.isPlaced = false
    const store = client()
    await store.put('a', '0x01')
    expect(places.map(({ asked }) => asked.length)).deep.equal([0, 1])
    await places[0]!.close()
    await client().put('a', '0x02', { session: 1, seq: 2 })
    expect(places[1]!.asked).length(2)
  })

  it('a write without a session is not given to another one when nobody knows whether it was done', async () => {
    places[0]!.refusal = refusedAs('unknown-outcome', '')
    expect(await refusal(client().put('a', '0x01'))).equal('504 unknown-outcome')
    expect(places[1]!.asked).length(0)
    await client().put('a', '0x01', { session: 1, seq: 1 })
    expect(places[1]!.asked).length(1)
  })

  it('strangers are refused', async () => {
    expect(await refusal(client({ keyring: stranger }).get('a'))).equal('403 forbidden')
    expect(places.flatMap(({ asked }) => asked)).deep.equal([])
  })

  it('a call that somebody has seen is of no use: not for another gateway, not with another body, not twice', async () => {
    const [place, other] = places as [Place, Place]
    const line = 'PUT /v1/tasks/7/stores/2/keys/a'
    const body = '{"value":"0x01"}'
    const call = { atMs: Date.now(), patienceMs: 300, priority: 5, id: `0x${'0c'.repeat(16)}` } as const
    const signed = { ...call, line, body: utf8Hex(body), deploymentId: DEPLOYMENT, gateway: place.key }
    const headers = headersOf({ ...call, signature: keyring.sign(callDigest(signed)) })
    const sent = (url: string, text: string): Promise<number> =>
      fetch(`${url}/v1/tasks/7/stores/2/keys/a`, { method: 'PUT', headers, body: text }).then(
        ({ status }) => status,
      )
    expect(await sent(other.url, body)).equal(403)
    expect(await sent(place.url, body.replace('01', '02'))).equal(403)
    expect([await sent(place.url, body), await sent(place.url, body)]).deep.equal([200, 200])
    expect(place.asked).length(1)
  })

  it('serves keys, and says who it is; nothing else of the node’s own API is there', async () => {
    const [{ url, key }] = places as [Place]
    const who = (await (await fetch(`${url}/gateway`)).json()) as Record<string, unknown>
    expect(who).deep.include({ key, deploymentId: DEPLOYMENT })
    for (const [method, path] of [
      ['GET', '/status'],
      ['GET', '/v1/tasks'],
      ['POST', '/v1/stop'],
      ['GET', '/v1/tasks/7/stores/2/changes'],
      ['POST', '/v1/tasks/7/leave'],
      ['GET', '/metrics'],
      ['GET', '/'],
      ['GET', '/gateway/'],
    ] as const)
      expect((await fetch(url + path, { method })).status, path).oneOf([404, 405])
    const unsigned = await fetch(`${url}/v1/tasks/7/stores/2/keys/a`)
    expect([unsigned.status, await unsigned.json()]).deep.equal([
      401,
      { error: 'headers', message: 'sign the call: rsdp-at, rsdp-id, rsdp-signature' },
    ])
  })

  it('bytes that are no HTTP, bodies that are too long or never end: refused, and it goes on', async () => {
    const [{ url, port }] = places as [Place]
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    const closed = once(socket, 'close')
    socket.write('\u0000\u0001 nothing\r\n\r\n')
    socket.resume()
    await closed
    const headers = headersOf({
      ...{ atMs: Date.now(), patienceMs: 300, priority: 5 },
      ...{ id: `0x${'0c'.repeat(16)}`, signature: `0x${'00'.repeat(65)}` },
    })
    const long = await fetch(`${url}/v1/tasks/7/stores/2/keys/a`, {
      ...{ method: 'PUT', headers, body: 'x'.repeat(80_000) },
    }).then(
      ({ status }) => status,
      () => 413, // it closed before all was sent
    )
    expect(long).equal(413)
    for (const body of ['', '{', '[]', '{"value":1}', '{"value":"0x0"}', '{"value":"0x01","more":1}'])
      expect(await refusal(putRaw(places[0]!, body)), body).equal('400 body')
    expect((await client().get('a')).values).deep.equal([])
  })

  /** A put that is signed well, with a body that nobody would write. */
  async function putRaw(place: Place, body: string): Promise<void> {
    const call = { atMs: Date.now(), patienceMs: 300, priority: 5, id: `0x${'0d'.repeat(16)}` } as const
    const line = 'PUT /v1/tasks/7/stores/2/keys/a'
    const signed = { ...call, line, body: utf8Hex(body), deploymentId: DEPLOYMENT, gateway: place.key }
    const headers = headersOf({ ...call, signature: keyring.sign(callDigest(signed)) })
    const response = await fetch(`${place.url}/v1/tasks/7/stores/2/keys/a`, { method: 'PUT', headers, body })
    const { error = '' } = (await response.json()) as { error?: string }
    throw new ApiError(response.status, error, '')
  }
})
