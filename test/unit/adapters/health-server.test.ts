import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { expect } from 'chai'
import { startHealthServer } from '../../../src/adapters/http/health-server.ts'
import type { HealthServer } from '../../../src/adapters/http/health-server.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: unknown
}

describe('health server', () => {
  let server: HealthServer
  let status: () => { readonly ready: boolean }

  beforeEach(async () => {
    status = () => ({ ready: true, height: 7 })
    server = await startHealthServer(0, () => status())
  })
  afterEach(() => server.close())

  function ask(
    path: string,
    options: { method?: string; host?: string; body?: string } = {},
  ): Promise<Answer> {
    const { method = 'GET', host = `127.0.0.1:${server.port}`, body } = options
    return new Promise((resolve, reject) => {
      const asking = request(
        { host: '127.0.0.1', port: server.port, path, method, headers: { host } },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            const type = response.headers['content-type'] ?? ''
            resolve({ status: response.statusCode ?? 0, type, body: text === '' ? null : JSON.parse(text) })
          })
        },
      )
      asking.on('error', reject)
      asking.end(body)
    })
  }

  describe('refuses', () => {
    for (const host of ['example.com', 'example.com:80', '127.0.0.1.example.com', '0.0.0.0', '[::1]']) {
      it(`a page that calls this machine '${host}'`, async () => {
        expect(await ask('/status', { host })).to.deep.include({ status: 403, body: { error: 'host' } })
      })
    }

    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      it(`${method}, without reading the body`, async () => {
        const body = 'x'.repeat(100_000)
        expect(await ask('/status', { method, body })).to.deep.include({
          status: 405,
          body: { error: 'method' },
        })
      })
    }

    for (const path of [
      '/',
      '/statusx',
      '/status/',
      '/status?x=1',
      '/../etc/passwd',
      '/%2e%2e/key',
      '//status',
    ]) {
      it(`path ${path}`, async () => {
        expect(await ask(path)).to.deep.include({ status: 404, body: { error: 'path' } })
      })
    }

    it('a request that names no host', async () => {
      const socket = connect(server.port, '127.0.0.1')
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      socket.end('GET /status HTTP/1.0\r\n\r\n')
      await once(socket, 'close')
      expect(Buffer.concat(chunks).toString()).to.match(/^HTTP\/1.1 403/)
    })

    it('bytes that are no HTTP, and goes on', async () => {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.resume()
      socket.end('\x16\x03\x01 hello\r\n\r\n')
      await once(socket, 'close')
      expect((await ask('/healthz')).status).to.equal(200)
    })
  })

  it('is alive', async () => {
    const json = 'application/json'
    expect(await ask('/healthz')).to.deep.equal({ status: 200, type: json, body: { ok: true } })
  })

  it('is ready, or not', async () => {
    expect(await ask('/readyz')).to.deep.include({ status: 200, body: { ready: true } })
    status = () => ({ ready: false })
    expect(await ask('/readyz')).to.deep.include({ status: 503, body: { ready: false } })
  })

  it('tells the status, also under the name localhost', async () => {
    for (const host of [`127.0.0.1:${server.port}`, 'localhost', `localhost:${server.port}`])
      expect(await ask('/status', { host })).to.deep.include({
        status: 200,
        body: { ready: true, height: 7 },
      })
  })

  it('answers 500 where the status fails, and goes on', async () => {
    status = () => {
      throw new Error('the store is closed')
    }
    for (const path of ['/status', '/readyz']) expect((await ask(path)).status).to.equal(500)
    expect((await ask('/healthz')).status).to.equal(200)
  })

  it('takes the port that it is given, and says whose it is where it is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const error: unknown = await startHealthServer(port, status).catch((thrown: unknown) => thrown)
    other.close()
    expect(error).to.be.instanceOf(RsdpError)
    expect(error).to.deep.include({ code: 'E_ADDR_IN_USE', exit: EXIT.busy })
    await once(other, 'close')
    const taken = await startHealthServer(port, status)
    expect(taken.port).to.equal(port)
    await taken.close()
  })

  it('closes at once, also with connections open, and twice', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    await server.close()
    await server.close()
    const error: unknown = await ask('/healthz').catch((thrown: unknown) => thrown)
    expect(error).to.have.property('code', 'ECONNREFUSED')
  })
})
