import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { expect } from 'chai'
import { Meter } from '../../../src/demo/meter.ts'
import { ProviderClient } from '../../../src/demo/provider-client.ts'
import { startProvider } from '../../../src/demo/provider-server.ts'
import type { ProviderServer } from '../../../src/demo/provider-server.ts'
import { PAGE_MAX } from '../../../src/demo/provider-wire.ts'
import type { SendAnswer } from '../../../src/demo/sender.ts'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { RsdpError } from '../../../src/types/errors.ts'

const TOKEN = 'a-token-that-nobody-guesses'
const JSON_TYPE = { 'content-type': 'application/json' }

interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: unknown
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'accepted'
  } catch (error) {
    if (error instanceof RsdpError) return error.code
    throw error
  }
}

describe('the provider', () => {
  let server: ProviderServer
  let clock: VirtualClock
  let client: ProviderClient

  beforeEach(async () => {
    clock = new VirtualClock()
    const meter = new Meter({ budget: 1_000, windowMs: 5_000, nowMs: () => clock.nowMs() })
    server = await startProvider({ meter, port: 0, token: TOKEN })
    client = new ProviderClient(server.url)
  })
  afterEach(() => server.close())

  function ask(
    path: string,
    body?: string,
    options: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const { method = body === undefined ? 'GET' : 'POST', headers = JSON_TYPE } = options
    return new Promise((resolve, reject) => {
      const asking = request(server.url, { path, method, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const { 'retry-after': retryAfter } = response.headers
          resolve({ status: response.statusCode ?? 0, retryAfter, body: JSON.parse(text) })
        })
      })
      asking.on('error', reject)
      asking.end(body)
    })
  }
  const served = async (): Promise<number | undefined> => (await client.usage(1))[0]?.served

  describe('refuses', () => {
    for (const body of [
      '',
      '{',
      'null',
      '[]',
      '{"id":"a"}',
      '{"tokens":1}',
      '{"id":"a","tokens":0}',
      '{"id":"a","tokens":-1}',
      '{"id":"a","tokens":1.5}',
      '{"id":"a","tokens":"1"}',
      '{"id":"a","tokens":1e300}',
      '{"id":"","tokens":1}',
      '{"id":"a b","tokens":1}',
      '{"id":"a","tokens":1,"window":0}',
      '{"id":"a","tokens":1,"share":1}',
    ]) {
      it(`the request ${body === '' ? 'without a body' : body}`, async () => {
        expect((await ask('/requests', body)).status).to.equal(400)
        expect(await served()).to.equal(0)
      })
    }

    it('bodies that a page in a browser can send without asking', async () => {
      const options = { method: 'POST', headers: { 'content-type': 'text/plain' } }
      expect((await ask('/requests', '{"id":"a","tokens":1}', options)).status).to.equal(400)
      expect(await served()).to.equal(0)
    })

    it('a page that calls this machine by another name', async () => {
      const options = { headers: { ...JSON_TYPE, host: 'example.com' } }
      expect((await ask('/usage', undefined, options)).status).to.equal(403)
    })

    it('a long body, and goes on', async () => {
      expect((await ask('/requests', `{"id":"${'a'.repeat(100_000)}","tokens":1}`)).status).to.equal(413)
      expect((await ask('/requests', '{"id":"a","tokens":1}')).status).to.equal(200)
    })

    it('other paths, methods and page numbers', async () => {
      expect((await ask('/')).status).to.equal(404)
      expect((await ask('/usage/')).status).to.equal(404)
      expect((await ask('//')).status).to.equal(400)
      expect((await ask('/requests')).status).to.equal(405)
      expect((await ask('/usage', '{}')).status).to.equal(405)
      for (const path of [
        '/usage?from=x',
        '/usage?from=-1',
        '/usage?from=0',
        '/usage?from=',
        '/log?after=1e9',
      ])
        expect((await ask(path)).status, path).to.equal(400)
    })

    it('a new budget from whoever does not hold the token', async () => {
      const budget = '{"budget":5}'
      const withToken = (authorization: string): { headers: Record<string, string> } => ({
        headers: { ...JSON_TYPE, authorization },
      })
      expect((await ask('/budget', budget)).status).to.equal(401)
      for (const wrong of ['', TOKEN, 'Bearer ', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`])
        expect((await ask('/budget', budget, withToken(wrong))).status, wrong).to.equal(401)
      for (const bad of ['{"budget":-1}', '{"budget":1.5}', '{"budget":1e300}', '{}'])
        expect((await ask('/budget', bad, withToken(`Bearer ${TOKEN}`))).status, bad).to.equal(400)
      clock.advance(5_000)
      expect((await client.usage(2))[0]?.budget).to.equal(1_000)
    })

    it('any new budget when it was started without a token', async () => {
      const meter = new Meter({ budget: 1, windowMs: 1, nowMs: () => 0 })
      const closed = await startProvider({ meter, port: 0, token: null })
      expect(await codeOf(new ProviderClient(closed.url).setBudget(1, ''))).to.equal('E_PROVIDER_DOWN')
      await closed.close()
    })

    it('sessions without end', async () => {
      const session = (i: number): Promise<Answer> => ask('/sessions', `{"name":"s${String(i)}","next":1}`)
      for (let i = 0; i < 64; i += 1) expect((await session(i)).status).to.equal(200)
      expect((await session(64)).status).to.equal(503)
      expect((await session(63)).status).to.equal(200)
      expect((await ask('/sessions', '{"name":"s0"}')).status).to.equal(400)
    })

    it('a port that is taken', async () => {
      const meter = new Meter({ budget: 1, windowMs: 1, nowMs: () => 0 })
      const port = Number(new URL(server.url).port)
      expect(await codeOf(startProvider({ meter, port, token: null }))).to.equal('E_ADDR_IN_USE')
    })
  })

  it('survives garbage on its port', async () => {
    const port = Number(new URL(server.url).port)
    for (const garbage of [
      '\0\x01\x02\xff\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      `POST /requests HTTP/1.1\r\nhost: localhost\r\ncontent-length: -5\r\n\r\n`,
    ]) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.resume()
      socket.write(garbage)
      await once(socket, 'close')
    }
    // gone in the middle of a body
    const socket = connect(port, '127.0.0.1')
    socket.write(
      'POST /requests HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    )
    socket.destroy()
    expect((await ask('/requests', '{"id":"a","tokens":7}')).status).to.equal(200)
    expect(await served()).to.equal(7)
  })

  it('cuts off whoever does not finish a request', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.resume()
    socket.write('POST /requests HTTP/1.1\r\nhost: localhost\r\n')
    await once(socket, 'close')
    expect((await ask('/requests', '{"id":"a","tokens":7}')).status).to.equal(200)
  })

  it('serves within the budget, then 429 with the seconds to wait', async () => {
    clock.advance(1_500)
    expect(await ask('/requests', '{"id":"a","tokens":900}')).to.deep.equal({
      status: 200,
      retryAfter: undefined,
      body: { window: 1, elapsedMs: 1_500 },
    })
    expect(await ask('/requests', '{"id":"b","tokens":101}')).to.deep.include({
      status: 429,
      retryAfter: '4',
    })
    expect((await ask('/requests', '{"id":"b","tokens":100,"window":2}')).status).to.equal(412)
    expect((await ask('/requests', '{"id":"b","tokens":1001}')).status).to.equal(422)
    expect(await client.usage(1)).to.deep.equal([
      { window: 1, budget: 1_000, served: 900, rejected: 101, unused: 100, overBudget: 1 },
    ])
    expect(await client.log()).to.deep.equal([{ seq: 1, id: 'a', tokens: 900, window: 1, elapsedMs: 1_500 }])
  })

  it('takes a new budget from the next window on', async () => {
    expect(await client.setBudget(5, TOKEN)).to.equal(2)
    clock.advance(5_000)
    expect((await ask('/requests', '{"id":"a","tokens":6}')).status).to.equal(422)
    expect((await ask('/requests', '{"id":"a","tokens":5}')).status).to.equal(200)
  })

  it('gives everybody in a session the same numbers of windows', async () => {
    clock.advance(12_000)
    expect(await client.session('s', 1)).to.deep.equal({
      window: 3,
      elapsedMs: 2_000,
      windowMs: 5_000,
      firstWindow: 4,
    })
    clock.advance(20_000)
    expect(await client.session('s', 1)).to.deep.include({ window: 7, firstWindow: 4 })
    // a provider that has started anew is told where the numbers are: the next window, 8, is number 40
    expect(await client.session('t', 40)).to.deep.include({ firstWindow: 8 - 39 })
  })

  it('hands out a log of more than one page', async function () {
    const send = (id: string, window: number): Promise<SendAnswer> => client.send({ id, tokens: 1n, window })
    const inOneGo = 50
    for (let sent = 0; sent < PAGE_MAX; sent += inOneGo) {
      await Promise.all(Array.from({ length: inOneGo }, (_, i) => send(`r${String(sent + i)}`, 1)))
    }
    clock.advance(5_000)
    await send('last', 2)
    const log = await client.log()
    expect(log.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: PAGE_MAX + 1 }, (_, i) => i + 1))
    expect(log.at(-1)).to.deep.include({ id: 'last', window: 2 })
  })
})

describe('ProviderClient', () => {
  it('refuses what is no URL of a provider', () => {
    for (const url of ['', 'nonsense', 'file:///etc/passwd', 'ftp://127.0.0.1'])
      expect(() => new ProviderClient(url), url)
        .to.throw(RsdpError)
        .with.property('code', 'E_PROVIDER_URL')
  })

  it('says so when nobody answers, or somebody else', async () => {
    const stranger = createServer((_, response) => response.end('{"hello":1}'))
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const { port } = stranger.address() as AddressInfo
    const client = new ProviderClient(`http://127.0.0.1:${String(port)}`)
    expect(await codeOf(client.usage(1))).to.equal('E_PROVIDER_DOWN')
    expect(await codeOf(client.send({ id: 'a', tokens: 1n, window: 1 }))).to.equal('E_PROVIDER_DOWN')
    stranger.closeAllConnections()
    await new Promise((resolve) => stranger.close(resolve))
    expect(await codeOf(client.session('s', 1))).to.equal('E_PROVIDER_DOWN')
  })
})
