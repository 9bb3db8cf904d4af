import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { parseWebhookUrl, postJson } from '../../../src/adapters/system/webhook.ts'
import { RsdpError } from '../../../src/types/errors.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

describe('webhook', () => {
  const servers: Server[] = []
  const got: string[] = []

  async function serve(answer: Answer): Promise<string> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        got.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`)
        answer(request, response)
      })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const status =
    (code: number, location?: string): Answer =>
    (_, response) =>
      response.writeHead(code, location === undefined ? {} : { location }).end()

  afterEach(() => {
    got.length = 0
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  it('refuses URLs that are none, of other schemes, and with a password, without repeating them', () => {
    for (const url of ['', 'x', 'ftp://h/secret', 'file:///etc/secret', 'https://user:secret@h/']) {
      try {
        parseWebhookUrl(url)
        expect.fail(url)
      } catch (error) {
        expect(error).instanceOf(RsdpError)
        expect((error as RsdpError).code).equal('E_WEBHOOK_URL')
        expect((error as RsdpError).message).not.contain('secret')
      }
    }
  })

  it('posts the text once', async () => {
    const url = await serve(status(204))
    expect(await postJson(new URL(`${url}/hook`), '{"a":1}')).equal(null)
    expect(got).deep.equal(['POST /hook {"a":1}'])
  })

  it('follows redirects within the host that keep the method, and no others', async () => {
    const other = await serve(status(204))
    const url = await serve((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://h')
      if (pathname === '/end') return status(200)(request, response)
      if (pathname === '/away') return status(308, `${other}/hook`)(request, response)
      if (pathname === '/loop') return status(307, '/loop')(request, response)
      if (pathname === '/get') return status(302, '/end')(request, response)
      return status(307, '/end')(request, response)
    })
    expect(await postJson(new URL(`${url}/start`), '{}')).equal(null)
    expect(await postJson(new URL(`${url}/away`), '{}')).equal('a redirect to another host')
    expect(await postJson(new URL(`${url}/loop`), '{}')).equal('too many redirects')
    expect(await postJson(new URL(`${url}/get`), '{}')).equal('status 302')
    expect(got.filter((line) => line.startsWith('POST /hook'))).deep.equal([])
  })

  it('gives up on who does not answer, is not there, or refuses', async () => {
    const silent = await serve(() => undefined)
    expect(await postJson(new URL(silent), '{}', 50)).equal('no answer within 50 ms')
    const url = await serve(status(500))
    expect(await postJson(new URL(url), '{}')).equal('status 500')
    const gone = servers.at(-1)!
    await new Promise((resolve) => {
      gone.closeAllConnections()
      gone.close(resolve)
    })
    expect(await postJson(new URL(url), '{}')).equal('ECONNREFUSED')
  })
})
