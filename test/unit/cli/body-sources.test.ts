import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { bodySource, gatherBodies, keepBodies, keepBundle } from '../../../src/cli/body-sources.ts'
import type { HeightBodies, WantedBodies } from '../../../src/ports/body-source.ts'
import { RsdpError } from '../../../src/types/errors.ts'

const ID = `0x${'b1'.repeat(32)}` as const
const BODIES: HeightBodies = { inputs: '0x0102', state: '0x03' }
const wanted = (height: number): WantedBodies => ({
  taskId: 7n,
  height,
  inputsRoot: `0x${String(height).repeat(64)}`,
})

describe('bodies that are not on chain', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rsdp-bodies-'))
  const servers: Server[] = []
  after(() => {
    for (const server of servers) server.close()
    rmSync(dir, { recursive: true, force: true })
  })

  async function member(answer: RequestListener): Promise<string> {
    const server = createServer(answer).listen(0, '127.0.0.1')
    servers.push(server)
    await new Promise((resolve) => server.once('listening', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const problemOf = async (url: string): Promise<string> => {
    const error: unknown = await bodySource(url)
      .get(wanted(1))
      .catch((thrown: unknown) => thrown)
    expect(error).instanceOf(RsdpError)
    expect(error).property('code', 'E_BODIES')
    return (error as RsdpError).message
  }

  it('are asked of a member, by task and height', async () => {
    const asked: (string | undefined)[] = []
    const url = await member(({ url }, response) => {
      asked.push(url)
      response.end(JSON.stringify(BODIES))
    })
    expect(await bodySource(`${url}/`).get(wanted(2))).deep.equal(BODIES)
    expect(asked).deep.equal(['/v1/tasks/7/bodies?height=2'])
  })

  it('are nothing where a member has none, and an error where it answers anything else', async () => {
    const status = (code: number, body: string): Promise<string> =>
      member((_, response) => response.writeHead(code, { location: '/' }).end(body))
    expect(await bodySource(await status(404, '')).get(wanted(1))).equal(null)
    expect(await problemOf(await status(500, ''))).contain('status 500')
    expect(await problemOf(await status(302, ''))).contain('status 302')
    for (const body of ['', '[]', '{"inputs":"0x1","state":"0x"}', '{"inputs":"0x"}'])
      expect(await problemOf(await status(200, body)), body).contain('no bodies of a height')
    const endless = await member((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })
    expect(await problemOf(endless)).contain('more than')
    expect(await problemOf('http://127.0.0.1:1')).contain('cannot be reached')
  })

  it('are kept in a folder and found there again', async () => {
    const folder = join(dir, 'kept')
    const heights = [wanted(1), wanted(2)]
    expect(await keepBodies(folder, heights, new Map([[2, BODIES]]))).equal(1)
    expect(readdirSync(folder)).deep.equal([`0x${'2'.repeat(64)}.json`])
    const source = bodySource(folder)
    expect(await source.get(wanted(1))).equal(null)
    expect(await source.get(wanted(2))).deep.equal(BODIES)
    writeFileSync(join(folder, `0x${'1'.repeat(64)}.json`), '{')
    expect(await problemOf(folder)).contain('no bodies of a height')
    expect(() => bodySource(join(dir, 'nowhere'))).throw(RsdpError, 'no such folder')
  })

  it('a bundle is asked of a member by its task, and found in a folder under its id', async () => {
    const asked: (string | undefined)[] = []
    const url = await member(({ url }, response) => {
      asked.push(url)
      response.end('{"bundle":"0x0102"}')
    })
    expect(await bodySource(url).bundle(7n, ID)).deep.equal(Uint8Array.of(1, 2))
    expect(asked).deep.equal(['/v1/tasks/7/bundle'])
    const folder = join(dir, 'bundles')
    await keepBundle(folder, ID, Uint8Array.of(3))
    expect(await bodySource(folder).bundle(7n, ID)).deep.equal(Uint8Array.of(3))
    expect(await bodySource(folder).bundle(7n, `0x${'b2'.repeat(32)}`)).equal(null)
  })

  it('a bundle is nothing where a member has none, and an error where it answers anything else', async () => {
    const answering = (code: number, body: string): Promise<string> =>
      member((_, response) => response.writeHead(code).end(body))
    expect(await bodySource(await answering(404, '')).bundle(7n, ID)).equal(null)
    for (const [code, body, why] of [
      [500, '', 'status 500'],
      [200, '{"bundle":"0x1"}', 'no bundle'],
      [200, '{}', 'no bundle'],
      [200, `{"bundle":"0x${'00'.repeat(100_000)}"}`, 'more than'],
    ] as const) {
      const error: unknown = await bodySource(await answering(code, body))
        .bundle(7n, ID)
        .catch((thrown: unknown) => thrown)
      expect(error, why).property('code', 'E_BODIES')
      expect((error as RsdpError).message).contain(why)
    }
  })

  it('come from all sources; one that fails twice in a row is asked no more', async () => {
    let calls = 0
    const broken = await member((_, response) => {
      calls += 1
      response.writeHead(500).end()
    })
    const good = await member((_, response) => response.end(JSON.stringify(BODIES)))
    const said: string[] = []
    const sources = [broken, good].map(bodySource)
    const found = await gatherBodies([1, 2, 3].map(wanted), sources, (line) => said.push(line))
    expect([...found]).deep.equal([1, 2, 3].map((height) => [height, [BODIES]]))
    expect(calls).equal(2)
    expect(said).length(2)
  })
})
