import type { ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { fetchPost } from '../../../src/adapters/evm/fetch-post.ts'
import { HTTP_LIMITS, HttpRpc } from '../../../src/adapters/evm/http-rpc.ts'
import type { HttpLimits } from '../../../src/adapters/evm/http-rpc.ts'
import { nodePost } from '../../../src/adapters/evm/node-post.ts'
import { parseRpcUrl } from '../../../src/adapters/evm/rpc-url.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'
import type { FakeRpc } from '../../helpers/chain-rpc.ts'
import { failure, fakeRpc, reply } from '../../helpers/chain-rpc.ts'

const PAYLOAD = { jsonrpc: '2.0' as const, id: 7, method: 'eth_blockNumber', params: [] }
const QUICK: HttpLimits = {
  ...HTTP_LIMITS,
  limitedAttempts: 5,
  backoffMs: 1,
  timeoutMs: 200,
  bytesMax: 10_000,
}

const html = (response: ServerResponse, status: number): true => {
  response.writeHead(status, { 'content-type': 'text/html' }).end('<html>Bad gateway</html>')
  return true
}
const raw = (response: ServerResponse, text: string): true => {
  response.writeHead(200).end(text)
  return true
}

const json = (response: ServerResponse, status: number, value: unknown): true => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  return true
}
const RATE = { code: -32_005, message: 'project ID request rate exceeded' }

/** Ways to say that there are too many requests. */
const LIMITED: readonly (readonly [name: string, (response: ServerResponse) => true])[] = [
  ['HTTP 429 with a page', (r) => html(r, 429)],
  ['HTTP 429 with a JSON-RPC error', (r) => json(r, 429, { jsonrpc: '2.0', id: 7, error: RATE })],
  ['a JSON-RPC error in HTTP 200', (r) => json(r, 200, { jsonrpc: '2.0', id: 7, error: RATE })],
  ['the same without an id', (r) => json(r, 200, { jsonrpc: '2.0', id: null, error: RATE })],
  ['the same in HTTP 400', (r) => json(r, 400, { jsonrpc: '2.0', id: null, error: RATE })],
]

/** What an endpoint may do instead of answering, and what it is called. */
const TROUBLES: readonly (readonly [
  name: string,
  reason: string,
  attempts: number,
  (response: ServerResponse) => true,
])[] = [
  ['HTTP 500', 'http-500', 4, (r) => html(r, 500)],
  ['HTTP 503', 'http-503', 4, (r) => html(r, 503)],
  [
    'a redirect',
    'http-307',
    1,
    (r) => {
      r.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()
      return true
    },
  ],
  ['an HTML page', 'not-json', 1, (r) => html(r, 200)],
  ['half of a JSON', 'not-json', 1, (r) => raw(r, '{"jsonrpc":"2.0","id":7,"resu')],
  ['nothing', 'not-json', 1, (r) => raw(r, '')],
  ['null', 'not-rpc', 1, (r) => raw(r, 'null')],
  ['a list', 'not-rpc', 1, (r) => raw(r, '[{"id":7,"result":"0x1"}]')],
  ['the answer to another request', 'not-rpc', 1, (r) => reply(r, 8, { result: '0x1' })],
  ['neither result nor error', 'not-rpc', 1, (r) => raw(r, '{"jsonrpc":"2.0","id":7}')],
  ['an error that is none', 'not-rpc', 1, (r) => raw(r, '{"jsonrpc":"2.0","id":7,"error":null}')],
  ['too much', 'too-large', 1, (r) => reply(r, 7, { result: 'x'.repeat(20_000) })],
  [
    'a cut connection',
    'unreachable',
    4,
    (r) => {
      r.destroy()
      return true
    },
  ],
  ['silence', 'timeout', 1, () => true],
  [
    'a slow drip',
    'timeout',
    1,
    (r) => {
      r.writeHead(200)
      const drip = setInterval(() => r.write(' '), 20)
      r.on('close', () => clearInterval(drip))
      return true
    },
  ],
]

for (const [by, post] of Object.entries({ fetchPost, nodePost })) {
  describe(`JSON-RPC over HTTP by ${by}`, () => {
    let server: FakeRpc
    let answer: (response: ServerResponse, requests: number) => true
    before(async () => {
      server = await fakeRpc((_, response) => answer(response, server.requests.length - seen))
    })
    after(() => server.close())
    let seen = 0
    beforeEach(() => (seen = server.requests.length))
    const rpc = (limits: Partial<HttpLimits> = {}, url = server.url): HttpRpc =>
      new HttpRpc(parseRpcUrl(url), { ...QUICK, ...limits }, post)

    for (const [name, reason, attempts, trouble] of TROUBLES) {
      it(`${name}: E_RPC_DOWN, ${reason}`, async () => {
        answer = trouble
        // what is not about time must not depend on how fast this machine is
        const limits = reason === 'timeout' ? {} : { timeoutMs: 30_000 }
        const error = await failure(rpc(limits).request(PAYLOAD))
        expect(error.code).equal('E_RPC_DOWN')
        expect(error.exit).equal(EXIT.unreachable)
        expect(error.details).include({ reason, attempts, url: server.url })
        expect(server.requests.length - seen).equal(attempts)
      })
    }

    for (const [name, trouble] of LIMITED) {
      it(`${name}: asked again, less often, then E_RPC_LIMIT`, async () => {
        answer = trouble
        const error = await failure(rpc({ timeoutMs: 30_000 }).request(PAYLOAD))
        expect(error).include({ code: 'E_RPC_LIMIT', exit: EXIT.unreachable })
        expect(error.details).include({ attempts: 5, trouble: 'rate' })
        expect(server.requests.length - seen).equal(5)
      })
    }

    it('HTTP 401: E_RPC_AUTH, with the words of the page', async () => {
      answer = (response) => html(response, 401)
      const error = await failure(rpc().request(PAYLOAD))
      expect(error.code).equal('E_RPC_AUTH')
      expect(error.message).include('"Bad gateway"')
      expect(server.requests.length - seen).equal(1)
    })

    it('a JSON-RPC error in HTTP 400 or 413 is an answer', async () => {
      for (const status of [400, 413]) {
        answer = (response) => json(response, status, { id: 7, error: { code: 35, message: 'no' } })
        expect(await rpc().request(PAYLOAD)).deep.include({ error: { code: 35, message: 'no' } })
      }
    })

    it('a gateway that gave up on logs is not asked for the same again', async () => {
      answer = (response) => html(response, 504)
      const error = await failure(rpc().request({ ...PAYLOAD, method: 'eth_getLogs' }))
      expect(error.details).include({ reason: 'http-504', attempts: 1, said: 'Bad gateway' })
    })

    it('an endpoint that is overloaded for a moment is asked again', async () => {
      answer = (response, requests) =>
        requests < 3 ? html(response, 429) : reply(response, 7, { result: '0x10' })
      expect(await rpc().request(PAYLOAD)).include({ result: '0x10' })
    })

    it('an error of the node is an answer', async () => {
      answer = (response) => reply(response, 7, { error: { code: -32_000, message: 'no' } })
      expect(await rpc().request(PAYLOAD)).deep.include({ error: { code: -32_000, message: 'no' } })
    })

    it('a result beside an empty error is an answer', async () => {
      answer = (response) => raw(response, '{"jsonrpc":"2.0","id":7,"result":"0x1","error":null}')
      expect(await rpc().request(PAYLOAD)).deep.equal({ id: 7, result: '0x1' })
    })

    it('a null result is an answer', async () => {
      answer = (response) => reply(response, 7, { result: null })
      expect(await rpc().request(PAYLOAD)).include({ result: null })
    })

    it('counts what failed for good', async () => {
      const http = rpc()
      answer = (response) => html(response, 500)
      await failure(http.request(PAYLOAD))
      answer = (response) => reply(response, 7, { result: '0x1' })
      await http.request(PAYLOAD)
      expect(http.outages).equal(1)
    })

    it('closing ends what is under way', async () => {
      answer = () => true
      const http = rpc({ timeoutMs: 60_000 })
      const pending = failure(http.request(PAYLOAD))
      http.close()
      expect((await pending).details).include({ reason: 'closed' })
    })

    it('user and password travel as a header and are never shown', async () => {
      const headers: unknown[] = []
      answer = (response) => {
        headers.push(response.req.headers.authorization, response.req.url)
        return html(response, 500)
      }
      const secret = server.url.replace('//', '//alice:s3cr%3At@')
      const error = await failure(rpc({ attempts: 1 }, `${secret}/v3/t0ken?key=t0ken`).request(PAYLOAD))
      expect(headers).deep.equal([
        `Basic ${Buffer.from('alice:s3cr:t').toString('base64')}`,
        '/v3/t0ken?key=t0ken',
      ])
      expect(inspect(error, { depth: 10 })).not.match(/s3cr|t0ken|alice/)
      expect(error.details).include({ url: `${server.url}/…` })
    })

    it('a packed answer is unpacked; what unpacks to too much is too much', async () => {
      const packed = (response: ServerResponse, value: unknown): true => {
        response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(JSON.stringify({ jsonrpc: '2.0', id: 7, ...(value as object) })))
        return true
      }
      answer = (response) => packed(response, { result: '0x1' })
      expect(await rpc({ timeoutMs: 30_000 }).request(PAYLOAD)).include({ result: '0x1' })
      answer = (response) => packed(response, { result: 'x'.repeat(5_000_000) })
      const error = await failure(rpc({ timeoutMs: 30_000 }).request(PAYLOAD))
      expect(error.details).include({ reason: 'too-large' })
      answer = (response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip')
        return true
      }
      const broken = await failure(rpc({ timeoutMs: 30_000, attempts: 1 }).request(PAYLOAD))
      expect(broken.details).include({ reason: 'unreachable' })
    })

    it('an endpoint that says how long its answer is and stops in the middle has not answered', async () => {
      answer = (response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"jsonrpc":"2.0"')
        setTimeout(() => response.destroy(), 10)
        return true
      }
      const error = await failure(rpc({ timeoutMs: 30_000, attempts: 1 }).request(PAYLOAD))
      expect(error.details).include({ reason: 'unreachable' })
    })
  })
}

describe('an RPC URL', () => {
  for (const text of ['', 'not a url', 'ws://127.0.0.1:8545', 'file:///etc/passwd', 'http://']) {
    it(`"${text}" is not an RPC URL`, () => {
      expect(() => parseRpcUrl(text))
        .throw()
        .include({ code: 'E_RPC_URL', exit: EXIT.usage })
    })
  }
})
