import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { expect } from 'chai'
import { Feed, READERS_MAX } from '../../../src/cli/ui/feed.ts'
import type { DrillRoute } from '../../../src/cli/ui/drill-route.ts'
import type { PageServer, PageSetup } from '../../../src/cli/ui/page-server.ts'
import { startPageServer } from '../../../src/cli/ui/page-server.ts'
import type { FeedEvent } from '../../../src/dashboard/model/feed-event.ts'
import type { DrillAnswer, DrillAsk } from '../../../src/dashboard/model/drill.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { failure } from '../../helpers/chain-rpc.ts'

const HTML =
  '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; connect-src \'self\' http:">'
const SETUP: PageSetup = { rpcUrl: 'http://127.0.0.1:8545', deployment: { schema: 1 }, nodes: [] }

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

describe('dashboard: server of the page', () => {
  let server: PageServer
  let feed: Feed
  let setup: PageSetup | null
  let drills: DrillRoute | undefined

  beforeEach(async () => {
    feed = new Feed()
    setup = SETUP
    drills = undefined
    server = await startPageServer({ port: 0, html: HTML, setup: () => setup, feed, drills: () => drills })
  })
  afterEach(() => server.close())

  function ask(
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
    sent = '',
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request(`${server.url}${path}`, { method, headers }, (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (body += chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        )
      })
      asked.on('error', reject)
      asked.end(sent)
    })
  }

  it('refuses other names of this machine: DNS rebinding', async () => {
    for (const host of ['example.com', '127.0.0.1.example.com', 'localhost.example.com:80', '[::1]'])
      for (const path of ['/', '/setup.json', '/feed'])
        expect((await ask(path, { host })).status, host).equal(403)
    expect((await ask('/', { host: 'localhost:1' })).status).equal(200)
  })

  it('refuses whatever is no reading, and reading for pages of other sites', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      for (const path of ['/', '/setup.json', '/nodes/alice/tasks/1/heights/1'])
        expect((await ask(path, {}, method)).status, method).equal(405)
    const site = { 'sec-fetch-site': 'cross-site' }
    expect((await ask('/setup.json', site)).status).equal(403)
    expect((await ask('/feed', site)).status).equal(403)
    for (const path of ['/', '/setup.json'])
      expect((await ask(path)).headers).not.have.any.keys('access-control-allow-origin')
  })

  it('has no other routes', async () => {
    const paths = ['/x', '/..%2f', '/control.json', '/nodes/alice/status', '/nodes/../tasks/1/heights/1']
    for (const path of [...paths, '/nodes/alice/tasks/1/heights/0', '/nodes/alice/tasks/-1/heights/1'])
      expect((await ask(path)).status, path).equal(404)
  })

  it('a node that does not answer, or that nobody knows, has no state', async () => {
    feed.take('alice', { event: 'api.listening', facts: { port: 1 } })
    for (const node of ['alice', 'nobody'])
      expect(await ask(`/nodes/${node}/tasks/1/heights/1`)).include({ status: 204, body: '' })
  })

  it('the page comes with a policy that names the endpoint, and is kept by nobody', async () => {
    const { status, headers, body } = await ask('/')
    expect([status, body]).deep.equal([200, HTML])
    expect(headers).include({
      'content-security-policy':
        "default-src 'none'; connect-src 'self' http://127.0.0.1:8545; frame-ancestors 'none'",
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
  })

  it('says what the page is about once there is a network', async () => {
    setup = null
    expect((await ask('/setup.json')).status).equal(503)
    setup = SETUP
    expect(JSON.parse((await ask('/setup.json')).body)).deep.equal(SETUP)
  })

  describe('drills', () => {
    const token = 'ab'.repeat(32)
    const mine = { authorization: `Bearer ${token}` }
    const kill = JSON.stringify({ node: 'alice', drill: 'kill' })
    const answer: DrillAnswer = { nodes: [{ node: 'alice', state: 'runs', fault: null }], faults: ['silent'] }
    let done: DrillAsk[]

    beforeEach(() => {
      done = []
      drills = {
        token,
        answer: () => answer,
        do: (asked) => {
          if (asked.node === 'nobody') throw refusedDrill()
          done.push(asked)
          return answer
        },
      }
    })

    const refusedDrill = (): RsdpError =>
      new RsdpError({ code: 'E_DRILL', message: 'there is no node', hint: 'look', exit: 2 })

    it('are no route where none are given: a node serves a page that only reads', async () => {
      drills = undefined
      expect((await ask('/drills', mine)).status).equal(404)
      expect((await ask('/drills', mine, 'POST', kill)).status).equal(405)
    })

    it('are refused without the token, with another one, and from any other place', async () => {
      const wrong = [{}, { authorization: token }, { authorization: `Bearer ${'ab'.repeat(31)}ac` }]
      for (const headers of wrong)
        for (const method of ['GET', 'POST'])
          expect((await ask('/drills', headers, method, method === 'POST' ? kill : '')).status).equal(401)
      const { host } = new URL(server.url)
      for (const place of [
        { host: 'example.com' },
        { origin: 'http://example.com' },
        { origin: 'null' },
        { origin: `http://localhost:${host.split(':')[1] ?? ''}` },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ])
        expect((await ask('/drills', { ...mine, ...place }, 'POST', kill)).status).equal(403)
      expect(done).deep.equal([])
    })

    it('are refused if they are long, malformed or impossible; nothing is done', async () => {
      for (const body of [
        '',
        '{',
        '[]',
        '{"node":"alice"}',
        '{"node":"alice","drill":"burn"}',
        `${kill.slice(0, -1)},"x":1}`,
      ])
        expect((await ask('/drills', mine, 'POST', body)).status, body).equal(400)
      expect((await ask('/drills', mine, 'POST', kill.padEnd(5_000))).status).equal(413)
      expect((await ask('/drills', mine, 'DELETE')).status).equal(405)
      const refused = await ask('/drills', mine, 'POST', '{"node":"nobody","drill":"kill"}')
      expect([refused.status, JSON.parse(refused.body)]).deep.equal([
        409,
        { error: 'E_DRILL', message: 'there is no node', hint: 'look' },
      ])
      expect(done).deep.equal([])
    })

    it('are done for whoever knows the token, from the page itself or from a program', async () => {
      const own = { origin: server.url, 'sec-fetch-site': 'same-origin' }
      for (const place of [own, {}]) {
        const { status, body } = await ask('/drills', { ...mine, ...place }, 'POST', kill)
        expect([status, JSON.parse(body)]).deep.equal([200, answer])
      }
      expect(done).deep.equal([JSON.parse(kill), JSON.parse(kill)])
      expect(JSON.parse((await ask('/drills', mine)).body)).deep.equal(answer)
    })
  })

  it('a port that is taken is an error with a hint', async () => {
    const port = Number(new URL(server.url).port)
    const error = await failure(startPageServer({ port, html: HTML, setup: () => setup, feed: new Feed() }))
    expect(error).include({ code: 'E_ADDR_IN_USE' })
    expect(error.hint).include('--ui-port')
  })

  describe('feed', () => {
    const event: FeedEvent = { type: 'anchored', task: '1', block: 5 }

    /** Reads a stream until it has so many messages. */
    async function messages(count: number, meanwhile: () => void): Promise<string[]> {
      const abort = new AbortController()
      const response = await fetch(`${server.url}/feed`, { signal: abort.signal })
      expect(response.headers.get('content-type')).equal('text/event-stream')
      let text = ''
      const decoder = new TextDecoder()
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        if (text === '') meanwhile()
        text += decoder.decode(chunk, { stream: true })
        if (text.split('\n\n').length > count) break
      }
      abort.abort()
      return text.trim().split('\n\n')
    }

    it('begins with the whole board, and tells what comes together in one message', async () => {
      feed.tell(event)
      const [first = '', second = ''] = await messages(2, () => {
        for (const block of [6, 7, 8]) feed.tell({ ...event, block })
      })
      expect(first.split('\n')[0]).equal('event: snapshot')
      expect(first).include('"anchoredBlock":5')
      const [kind, data = ''] = second.split('\n')
      expect(kind).equal('event: events')
      expect((JSON.parse(data.slice(6)) as FeedEvent[]).map((one) => 'block' in one && one.block)).deep.equal(
        [6, 7, 8],
      )
    })

    it('who comes while events wait gets them once, with the board', async () => {
      const later = { ...event, block: 9 }
      let second: Promise<string[]> | null = null
      const first = await messages(2, () => {
        feed.tell(later)
        second = messages(2, () => void setTimeout(() => feed.tell({ ...event, block: 10 })))
      })
      expect(first[1]).include('"block":9')
      const [board, events] = await (second as unknown as Promise<string[]>)
      expect(board).include('"anchoredBlock":9')
      expect(events).include('"block":10').not.include('"block":9')
    })

    it('has so many readers and no more', async () => {
      const abort = new AbortController()
      const open = () => fetch(`${server.url}/feed`, { signal: abort.signal })
      const readers = await Promise.all(Array.from({ length: READERS_MAX }, open))
      expect(readers.every(({ status }) => status === 200)).equal(true)
      expect((await open()).status).equal(503)
      abort.abort()
    })
  })
})
