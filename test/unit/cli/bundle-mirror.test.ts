import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { fromMirror } from '../../../src/cli/app/bundle-mirror.ts'
import { PROFILE } from '../../../src/sandbox/profile.ts'
import { RsdpError } from '../../../src/types/errors.ts'

const ID = `0x${'1d'.repeat(32)}` as const

describe('mirror of bundles', () => {
  let server: Server
  let asked: string[]
  let answer: RequestListener

  beforeEach(async () => {
    asked = []
    server = createServer((request, response) => {
      asked.push(request.url ?? '')
      answer(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const url = (path = ''): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  const refusal = async (asking: Promise<unknown>): Promise<string> => {
    const error: unknown = await asking.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    return error instanceof RsdpError ? error.code : String(error)
  }

  it('is asked for the id below its path, and gives what it has', async () => {
    answer = (_, response) => void response.end('reducer()')
    expect(await fromMirror(url('/bundles/'), ID)).to.deep.equal(new TextEncoder().encode('reducer()'))
    expect(asked).to.deep.equal([`/bundles/${ID}`])
  })

  it('has none: 404', async () => {
    answer = (_, response) => void response.writeHead(404).end()
    expect(await fromMirror(url(), ID)).to.equal(null)
  })

  it('is not followed elsewhere', async () => {
    answer = (_, response) => void response.writeHead(302, { location: url('/elsewhere') }).end()
    expect(await refusal(fromMirror(url(), ID))).to.equal('E_BUNDLE_MIRROR')
    expect(asked).to.deep.equal([`/${ID}`])
  })

  it('may not be longer than a bundle', async () => {
    answer = (_, response) => void response.end(Buffer.alloc(PROFILE.bundleBytesMax + 1))
    expect(await refusal(fromMirror(url(), ID))).to.equal('E_BUNDLE_MIRROR')
    answer = (_, response) => void response.end(Buffer.alloc(PROFILE.bundleBytesMax))
    expect((await fromMirror(url(), ID))?.length).to.equal(PROFILE.bundleBytesMax)
  })

  for (const [why, broken] of [
    ['fails', (_, response) => void response.writeHead(500).end()],
    ['hangs up', (request) => void request.socket.destroy()],
  ] as const satisfies readonly (readonly [string, RequestListener])[])
    it(`is refused when it ${why}`, async () => {
      answer = broken
      expect(await refusal(fromMirror(url(), ID))).to.equal('E_BUNDLE_MIRROR')
    })

  for (const wrong of ['', 'mirror', 'file:///etc', 'ftp://127.0.0.1'])
    it(`is no mirror: ${wrong === '' ? 'nothing' : wrong}`, async () => {
      expect(await refusal(fromMirror(wrong, ID))).to.equal('E_BUNDLE_MIRROR')
    })
})
