import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { expect } from 'chai'
import { ApiError } from '../../../src/api/call.ts'
import { RsdpClient } from '../../../src/api/client.ts'
import type { TakesCommands } from '../../../src/api/command-handlers.ts'
import type { Served } from '../../../src/api/node-handlers.ts'
import { nodeHandlers } from '../../../src/api/node-handlers.ts'
import { pathOf } from '../../../src/api/match.ts'
import { openApiDocument } from '../../../src/api/openapi.ts'
import type { Decided, Route } from '../../../src/api/routes.ts'
import { ROUTES } from '../../../src/api/routes.ts'
import type { ApiServer } from '../../../src/api/server.ts'
import { startApi } from '../../../src/api/server.ts'
import type { FedTask } from '../../../src/api/task-feed.ts'
import { TaskFeed } from '../../../src/api/task-feed.ts'
import { NO_TRANSACTIONS } from '../../helpers/no-transactions.ts'
import type { Locks } from '../../../src/ports/locks.ts'
import type { Stores } from '../../../src/ports/stores.ts'
import { lockAnswer } from '../../../src/types/lock-request.ts'
import type { StateSource } from '../../../src/ports/state-source.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'
import type { Address } from '../../../src/types/ids.ts'

const TOKEN = 'a'.repeat(64)
const LINE = `0x${'1e'.repeat(20)}` as const
const OTHER = `0x${'07'.repeat(20)}` as const
const ALICE = `0x${'a1'.repeat(20)}` as const
const PARAMS = { task: 1n, line: LINE, service: 1, key: 'k' }
const ROUTE_LIST = Object.values(ROUTES) as readonly Route[]

interface Answer {
  readonly status: number
  readonly body: { readonly error?: string }
}

interface Asking {
  readonly method?: string
  readonly host?: string
  readonly body?: string
  readonly token?: string
}

/** Its own tests are `stores.test.ts`. */
const stores: Stores = {
  ask: (_, __, ask) => {
    const key = ask.kind === 'session' ? '' : ask.key
    return Promise.resolve({ code: 'refused', refusal: 'no-store', why: key, primary: null })
  },
  watch: () => ({ code: 'refused', refusal: 'no-store', why: '', primary: null }),
  kept: () => [],
  purge: () => 'nothing',
}

/** Their own tests are `lock-kind.test.ts`. */
const locks: Locks = { ask: () => Promise.resolve(lockAnswer('no-service')) }

const task = (changes: Partial<FedTask> = {}): FedTask => ({
  taskId: 1n,
  reducer: 'median@1',
  params: { reducerParams: '0x07', heights: 9, inputCap: 4 },
  self: 2,
  members: 4,
  decided: [],
  // height h has decided h
  statesFrom: (height, count) =>
    Array.from({ length: count }, (_, i) => ({ height: height + i, state: Uint8Array.of(height + i) })),
  bodiesAt: (height) => ({ inputs: `0x0${height}`, state: '0x07' }),
  ...changes,
})

const BUNDLE_ID = `0x${'b1'.repeat(32)}`
const bundleOf = (reducer: string): Uint8Array | null => (reducer === BUNDLE_ID ? Uint8Array.of(1, 2) : null)

describe('local API', () => {
  let server: ApiServer
  let feed: TaskFeed
  let node: { -readonly [K in keyof Served]: Served[K] }
  let calls: string[]
  let commands: TakesCommands

  beforeEach(async () => {
    calls = []
    commands = {
      outcome: (id, request) => {
        if (id !== 1n || request === 'none') return null
        if (request === 'waits') return 'waiting'
        const [height, standing = 'decided'] = request.split(' ')
        return { height: Number(height), result: Uint8Array.of(7), standing: standing as 'decided' }
      },
      outcomeInLine: (line, request) => {
        const known = line === LINE ? commands.outcome(1n, request) : null
        return known === null || known === 'waiting' ? known : { ...known, task: 1n }
      },
      proposeInLine: (line, command, request) => {
        calls.push(`${String(command)} ${request}`)
        if (line !== LINE) return null
        if (command[0] === 4) return Promise.resolve({ refused: 'not-a-member' } as const)
        if (command[0] !== 1) return Promise.resolve({ refused: 'superseded' } as const)
        return Promise.resolve({ task: 12n, height: 7, result: Uint8Array.of(1, 2) })
      },
      propose: (id, command, request) => {
        calls.push(`${String(id)} ${String(command)} ${String(request)}`)
        if (id !== 1n) return null
        if (command[0] === 1) return Promise.resolve({ height: 7, result: Uint8Array.of(1, 2) })
        return Promise.resolve({ refused: command[0] === 2 ? 'session-over' : 'not-a-command' } as const)
      },
    }
    feed = new TaskFeed((_, input) => Promise.resolve(input[0] === 9 ? null : input[0] !== 0))
    node = {
      health: () => ({ ready: true, tasks: [{ taskId: '1', anchoredHeight: 4 }] }),
      leave: (id) => `left ${String(id)}`,
      trust: (id) => id === 1n,
      resume: (id) => (id === 1n ? true : id === 2n ? false : null),
      lines: () => new Map(),
      whereabouts: (keys) => keys.map((key) => ({ key, addresses: ['/ip4/127.0.0.1/tcp/1'] })),
    }
    const served = {
      health: () => node.health(),
      leave: (id: bigint) => node.leave(id),
      trust: (id: bigint) => node.trust(id),
      resume: (id: bigint) => node.resume(id),
      lines: () => node.lines(),
      whereabouts: (keys: readonly Address[]) => node.whereabouts(keys),
    }
    const stop = (): void => void calls.push('stop')
    server = await startApi(
      0,
      TOKEN,
      nodeHandlers({
        node: served,
        feed,
        commands,
        stores,
        locks,
        transactions: NO_TRANSACTIONS,
        bundleOf,
        version: '1.2.3',
        pid: 7,
        stop,
      }),
    )
  })
  afterEach(() => server.close())

  const open = (changes: Partial<FedTask> = {}): StateSource =>
    feed.inputs(['median@1']).open(task(changes)) as StateSource
  const client = (token = TOKEN): RsdpClient => new RsdpClient({ port: server.port, token })
  const refusal = async (asked: Promise<unknown>): Promise<string> => {
    const error: unknown = await asked.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error).instanceOf(ApiError)
    const { status, error: code } = error as ApiError
    return `${status} ${code}`
  }

  function ask(path: string, asking: Asking = {}): Promise<Answer> {
    const { method = 'GET', host = `127.0.0.1:${server.port}`, body, token } = asking
    const headers = { host, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
    return new Promise((resolve, reject) => {
      const init = { host: '127.0.0.1', port: server.port, path, method, headers }
      const asked = request(init, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] }),
        )
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }

  it('a command is answered with what the machine said, or with why it is not applied', async () => {
    expect(await client().command(1n, '0x01', 'mine')).deep.equal({ height: 7, result: '0x0102' })
    await client().command(1n, '0x01')
    expect(calls).deep.equal(['1 1 mine', '1 1 null'])
    expect(await refusal(client().command(1n, '0x02'))).equal('409 session-over')
    expect(await refusal(client().command(1n, '0x03'))).equal('422 not-a-command')
    expect(await refusal(client().command(2n, '0x01'))).equal('404 no-machine')
    expect(await refusal(client().command(1n, '0x1'))).equal('400 body')
    expect(await refusal(client().command(1n, '0x01', ''))).equal('400 body')
  })

  it('the outcome of a command is known by its name: it waits, is decided, or is anchored', async () => {
    expect(await client().outcome(1n, 'waits')).deep.equal({ outcome: 'waiting' })
    expect(await client().outcome(1n, '5')).deep.equal({ outcome: 'decided', height: 5, result: '0x07' })
    expect(await client().outcome(1n, '4')).deep.equal({ outcome: 'anchored', height: 4, result: '0x07' })
    expect(await refusal(client().outcome(1n, 'none'))).equal('404 no-request')
    expect(await refusal(client().outcome(2n, '4'))).equal('404 no-request')
    expect(await refusal(client().outcome(1n, ''))).equal('400 query')
    expect(await refusal(client().outcome(1n, 'x'.repeat(65)))).equal('400 query')
  })

  it('of a task that has ended: what the result has is anchored, though the node runs it no more; else superseded', async () => {
    node.health = () => ({ ready: true, tasks: [] })
    expect(await client().outcome(1n, '5 final')).deep.include({ outcome: 'anchored', height: 5 })
    expect(await client().outcome(1n, '5 superseded')).deep.include({ outcome: 'superseded', height: 5 })
    expect(await client().lineOutcome(LINE, '4 superseded')).deep.include({
      outcome: 'superseded',
      task: '1',
    })
  })

  describe('a line', () => {
    const tasks = [
      { taskId: 1n, predecessor: 0n, members: [ALICE] },
      { taskId: 4n, predecessor: 1n, members: [OTHER] },
    ]

    it('takes commands for whichever task decides; the node names what its client does not', async () => {
      const told = { task: '12', height: 7, result: '0x0102' }
      expect(await client().lineCommand(LINE, '0x01', 'mine')).deep.equal(told)
      expect(
        await client().lineCommand(LINE.toUpperCase().replace('0X', '0x') as Address, '0x01'),
      ).deep.equal(told)
      expect(calls[0]).equal('1 mine')
      expect(calls[1]).match(/^1 [0-9a-f-]{36}$/)
      expect(await refusal(client().lineCommand(OTHER, '0x01'))).equal('404 no-line')
      expect(await refusal(client().lineCommand(LINE, '0x05'))).equal('409 superseded')
      expect(await refusal(client().lineCommand(LINE, '0x1'))).equal('400 body')
      for (const line of ['0x', 'x', `${LINE}0`, LINE.slice(2)])
        expect(await ask(`/v1/lines/${line}/state`), line).deep.include({ status: 404 })
    })

    it('that has gone on without this node says with whom', async () => {
      node.lines = () => new Map([[LINE, tasks]])
      const error = await client()
        .lineCommand(LINE, '0x04')
        .then(
          () => null,
          (thrown: unknown) => thrown as ApiError,
        )
      expect(error?.status).equal(410)
      const members = [{ key: OTHER, addresses: ['/ip4/127.0.0.1/tcp/1'] }]
      expect(error?.details).deep.equal({ task: '4', members })
    })

    it('says what became of a command, and in which task', async () => {
      expect(await client().lineOutcome(LINE, 'waits')).deep.equal({ outcome: 'waiting' })
      expect(await client().lineOutcome(LINE, '4')).deep.include({
        outcome: 'anchored',
        height: 4,
        task: '1',
      })
      expect(await client().lineOutcome(LINE, '5')).deep.include({ outcome: 'decided', height: 5, task: '1' })
      expect(await refusal(client().lineOutcome(LINE, 'none'))).equal('404 no-request')
      expect(await refusal(client().lineOutcome(OTHER, '4'))).equal('404 no-request')
    })

    it('shows its tasks and the state that it decided last, until it goes on without this node', async () => {
      expect(await client().lines()).deep.equal({ lines: [] })
      expect(await refusal(client().lineState(LINE))).equal('404 no-line')
      node.lines = () => new Map([[LINE, tasks]])
      const source = open()
      expect(await refusal(client().lineState(LINE))).equal('404 undecided')
      source.decided({ height: 1, state: Uint8Array.of(7) })
      expect(await client().lineState(LINE)).deep.equal({ task: '1', height: 1, state: '0x07' })
      const standing = { member: 2, decided: 1, isOver: false }
      expect((await client().lines()).lines[0]?.tasks).deep.equal([
        { task: '1', predecessor: '0', members: [ALICE], ...standing },
        { task: '4', predecessor: '1', members: [OTHER], member: null, decided: 0, isOver: false },
      ])
      source.ended?.(1, Uint8Array.of(7))
      expect(await refusal(client().lineState(LINE))).equal('410 not-a-member')
      open({ taskId: 5n }).decided({ height: 1, state: Uint8Array.of(8) })
      node.lines = () => new Map([[LINE, [...tasks, { taskId: 5n, predecessor: 4n, members: [ALICE] }]]])
      expect(await client().lineState(LINE)).deep.equal({ task: '5', height: 1, state: '0x08' })
    })
  })

  describe('refuses', () => {
    for (const host of ['example.com', '127.0.0.1.example.com', '0.0.0.0', '[::1]'])
      it(`a page that calls this machine '${host}', on every route`, async () => {
        for (const { method, path } of ROUTE_LIST) {
          const answer = await ask(pathOf(path, PARAMS), { method, host, token: TOKEN })
          expect(answer, path).deep.equal({ status: 403, body: { error: 'host' } })
        }
      })

    it('whoever changes something without the token, or with another', async () => {
      open()
      for (const { method, path, needsToken } of ROUTE_LIST) {
        if (needsToken !== true) continue
        for (const token of [undefined, '', TOKEN.slice(1), 'b'.repeat(64)]) {
          const asking = token === undefined ? { method } : { method, token }
          const body = method === 'PUT' || method === 'POST' ? { body: '{"state":"0x01"}' } : {}
          const answer = await ask(pathOf(path, PARAMS), { ...asking, ...body })
          expect(answer, path).deep.equal({ status: 401, body: { error: 'token' } })
        }
      }
      expect(calls).deep.equal([])
    })

    it('GET alone goes without a token, but of what stores hold and who changes it', () => {
      for (const { method, path, needsToken } of ROUTE_LIST)
        expect(needsToken === true, path).equal(method !== 'GET' || /\/(stores|transactions)/.test(path))
    })

    for (const path of [
      '/',
      '/statusx',
      '/status/',
      '/status?x=1',
      '/../etc/passwd',
      '/%2e%2e/key',
      '//status',
    ])
      it(`path ${path}`, async () => expect(await ask(path)).deep.include({ status: 404 }))
    for (const id of ['', 'x', '-1', '0x1', '1e3', '9'.repeat(21)])
      it(`task '${id}'`, async () => expect(await ask(`/v1/tasks/${id}/state`)).deep.include({ status: 404 }))

    it('another method', async () => {
      for (const method of ['DELETE', 'OPTIONS'])
        expect(await ask('/status', { method }), method).deep.include({ status: 405 })
      for (const method of ['POST', 'PUT'])
        expect(await ask('/status', { method, body: 'x'.repeat(100_000) })).deep.include({ status: 405 })
    })

    it('a body that is no state, and one that is too long', async () => {
      open()
      const put = { method: 'PUT', token: TOKEN }
      for (const body of ['', '{', '[]', '{"state":7}', '{"state":"0xAB"}', '{"state":"0x01","x":1}'])
        expect(await ask('/v1/tasks/1/input', { ...put, body }), body).deep.include({ status: 400 })
      const body = JSON.stringify({ state: `0x${'00'.repeat(40_000)}` })
      expect(await ask('/v1/tasks/1/input', { ...put, body })).deep.include({ status: 400 })
    })

    it('heights that are no heights', async () => {
      open()
      for (const query of ['from=0', 'from=x', 'limit=0', 'limit=1001', 'from=65536', 'since=1'])
        expect(await ask(`/v1/tasks/1/heights?${query}`), query).deep.include({ status: 400 })
    })

    it('a task that it does not run, before anything is decided, and whose states come from elsewhere', async () => {
      expect(await refusal(client().state(5n))).equal('404 no-task')
      expect(await refusal(client().setInput(5n, '0x01'))).equal('404 no-task')
      expect(await refusal(client().events(5n).next())).equal('404 no-task')
      open()
      expect(await refusal(client().state(1n))).equal('404 undecided')
      const own = { observe: () => Promise.resolve(new Uint8Array()), decided: () => undefined }
      feed.follow({ reducers: [], open: () => own }).open(task({ taskId: 3n }))
      expect(await refusal(client().setInput(3n, '0x01'))).equal('409 not-fed')
    })

    it('an input that the reducer does not accept, that is too long, or that nobody can judge now', async () => {
      open()
      expect(await refusal(client().setInput(1n, '0x00'))).equal('422 input')
      expect(await refusal(client().setInput(1n, `0x${'01'.repeat(5)}`))).equal('422 input')
      expect(await refusal(client().setInput(1n, '0x09'))).equal('503 busy')
    })

    it('bytes that are no HTTP, and goes on', async () => {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.resume()
      socket.end('\x16\x03\x01 hello\r\n\r\n')
      await once(socket, 'close')
      expect((await ask('/healthz')).status).equal(200)
    })
  })

  it('a height waits for the first input; the last one stays', async () => {
    const source = open()
    const first = source.observe(1)
    await client().setInput(1n, '0x0102')
    expect([...(await first)]).deep.equal([1, 2])
    await client().setInput(1n, '0x03')
    expect([...(await source.observe(2)), ...(await source.observe(3))]).deep.equal([3, 3])
  })

  it('tells tasks, states and heights, those before a restart, too', async () => {
    const source = open({ decided: [{ height: 1, state: Uint8Array.of(1) }] })
    source.decided({ height: 2, state: Uint8Array.of(2) })
    expect(await client().state(1n)).deep.equal({ height: 2, state: '0x02' })
    expect(await client().heights(1n, 2)).deep.equal({ heights: [{ height: 2, state: '0x02' }] })
    expect((await client().heights(1n, 1, 1)).heights).deep.equal([{ height: 1, state: '0x01' }])
    const told = { task: '1', reducer: 'median@1', params: '0x07', member: 2, members: 4, heights: 9 }
    expect(await client().tasks()).deep.equal({ tasks: [{ ...told, decided: 2, takesInput: true }] })
  })

  it('past heights are read, not held; of tasks that are over the last 64 can be asked about, of others all', async () => {
    const reads: string[] = []
    const statesFrom: FedTask['statesFrom'] = (height, count) => {
      reads.push(`${height}+${count}`)
      return task().statesFrom(height, count)
    }
    const sources = Array.from({ length: 70 }, (_, id) => open({ taskId: BigInt(id), statesFrom }))
    for (let height = 1; height <= 100; height += 1)
      sources[69]!.decided({ height, state: Uint8Array.of(height) })
    expect(await client().state(69n)).deep.equal({ height: 100, state: '0x64' })
    expect(reads).deep.equal([])
    expect((await client().heights(69n, 40, 2)).heights.map(({ height }) => height)).deep.equal([40, 41])
    expect(reads.splice(0)).deep.equal(['40+2'])
    const seen: number[] = []
    for await (const { height } of client().events(69n)) if (seen.push(height) === 100) break
    expect(seen).deep.equal(Array.from({ length: 100 }, (_, i) => i + 1))
    expect(reads).deep.equal(['1+32', '33+32', '65+32', '97+4'])
    expect((await client().tasks()).tasks).length(70)
    for (const source of sources.slice(1)) source.over?.()
    const { tasks } = await client().tasks()
    expect(tasks.map(({ task: id }) => Number(id))).deep.equal([
      0,
      ...Array.from({ length: 64 }, (_, i) => 6 + i),
    ])
    expect(await refusal(client().state(5n))).equal('404 no-task')
  })

  it('a stream ends where its store can be read no more', async () => {
    const gone = (): never => {
      throw new Error('the store is closed')
    }
    let statesFrom: FedTask['statesFrom'] = task().statesFrom
    const source = open({ statesFrom: (height, count) => statesFrom(height, count) })
    for (let height = 1; height <= 40; height += 1) {
      if (height === 40) statesFrom = gone
      source.decided({ height, state: Uint8Array.of(height) })
    }
    const error = await client()
      .events(1n)
      .next()
      .catch((thrown: unknown) => thrown)
    expect(error).instanceOf(ApiError)
    statesFrom = (height, count) => (height > 1 ? gone() : task().statesFrom(height, count))
    const stream = client().events(1n)
    const seen: number[] = []
    for await (const { height } of stream) seen.push(height)
    expect(seen).deep.equal(Array.from({ length: 32 }, (_, i) => i + 1))
  })

  it('gives the bodies of a height that is decided, and of no other', async () => {
    const source = open({ decided: [{ height: 1, state: Uint8Array.of(1) }] })
    expect(await client().bodies(1n, 1)).deep.equal({ inputs: '0x01', state: '0x07' })
    expect(await refusal(client().bodies(1n, 2))).equal('404 undecided')
    source.decided({ height: 2, state: Uint8Array.of(2) })
    expect(await client().bodies(1n, 2)).deep.equal({ inputs: '0x02', state: '0x07' })
    expect(await refusal(client().bodies(1n, 0))).equal('400 query')
    expect(await refusal(client().bodies(5n, 1))).equal('404 no-task')
    open({ taskId: 6n, decided: [{ height: 1, state: Uint8Array.of(1) }], bodiesAt: () => null })
    expect(await refusal(client().bodies(6n, 1))).equal('404 undecided')
  })

  it('gives the bundle of a task that it runs, and of no other', async () => {
    open()
    expect(await refusal(client().bundle(1n))).equal('404 no-bundle')
    expect(await refusal(client().bundle(5n))).equal('404 no-task')
    open({ taskId: 6n, reducer: BUNDLE_ID })
    expect(await client().bundle(6n)).deep.equal({ bundle: '0x0102' })
  })

  it('a stream goes on after the last event that its reader has: no height twice, none left out', async () => {
    const source = open()
    const decide = (height: number): void => source.decided({ height, state: Uint8Array.of(height) })
    decide(1)
    decide(2)
    const seen: (number | undefined)[] = []
    const heightOf = ({ value }: IteratorResult<Decided, unknown>): number | undefined =>
      (value as Decided | undefined)?.height
    for await (const { height } of client().events(1n)) if (seen.push(height) === 2) break
    decide(3)
    const later = client().events(1n, seen.at(-1))
    seen.push(heightOf(await later.next()))
    const next = later.next()
    decide(4)
    seen.push(heightOf(await next))
    await later.return(undefined)
    expect(seen).deep.equal([1, 2, 3, 4])
    expect(
      (
        await fetch(`http://127.0.0.1:${server.port}/v1/tasks/1/events`, {
          headers: { 'last-event-id': 'x' },
        })
      ).status,
    ).equal(400)
  })

  it('orders reach the node', async () => {
    expect(await client().leave(3n)).deep.equal({ answer: 'left 3' })
    expect(await client().resume(1n)).deep.equal({ answer: 'resumed' })
    expect(await client().resume(2n)).deep.equal({ answer: 'not-frozen' })
    expect(await client().resume(3n)).deep.equal({ answer: 'not-a-member' })
    expect(await client().trust(1n)).deep.equal({ answer: 'trusted' })
    expect(await client().trust(2n)).deep.equal({ answer: 'not-a-member' })
    expect(await client().stop()).deep.equal({ pid: 7 })
    expect(calls).deep.equal(['stop'])
  })

  it('is ready, or not; answers 500 where the node fails, and goes on', async () => {
    expect(await ask('/readyz')).deep.equal({ status: 200, body: { ready: true } })
    node.health = () => ({ ready: false, tasks: [] })
    expect(await ask('/readyz')).deep.equal({ status: 503, body: { ready: false } })
    node.health = () => {
      throw new Error('the store is closed')
    }
    expect((await ask('/status')).status).equal(500)
    expect((await ask('/healthz')).status).equal(200)
  })

  it('no answer is a 421: fetch asks again by itself then, unasked', () => {
    const files = globSync('src/api/*.ts').filter((file) => /\b421\b/.test(readFileSync(file, 'utf8')))
    expect(files).deep.equal([])
  })

  it('the OpenAPI document describes every route, and no other; it is what is served', async () => {
    const document = openApiDocument('1.2.3')
    expect((await ask('/v1/openapi.json')).body).deep.equal(JSON.parse(JSON.stringify(document)))
    const paths = document['paths'] as Record<
      string,
      Record<string, { operationId: string; security?: unknown }>
    >
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId, security }]) =>
        [operationId, method.toUpperCase(), path, security !== undefined].join(' '),
      ),
    )
    const routes = (Object.entries(ROUTES) as [string, Route][]).map(([name, { method, path, needsToken }]) =>
      [name, method, path, needsToken === true].join(' '),
    )
    expect(described.sort()).deep.equal(routes.sort())
  })

  it('says whose the port is where it is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const handlers = nodeHandlers({
      ...{
        node,
        feed,
        commands,
        stores,
        locks,
        transactions: NO_TRANSACTIONS,
        bundleOf,
        version: '',
        pid: 1,
      },
      stop: () => undefined,
    })
    const error: unknown = await startApi(port, TOKEN, handlers).catch((thrown: unknown) => thrown)
    other.close()
    expect(error).instanceOf(RsdpError)
    expect(error).deep.include({ code: 'E_ADDR_IN_USE', exit: EXIT.busy })
  })

  it('closes at once, also with a stream open, and twice', async () => {
    open()
    const stream = client().events(1n)
    const waiting = stream.next().catch((error: unknown) => error)
    await ask('/healthz')
    await server.close()
    await server.close()
    await waiting
    expect(await ask('/healthz').catch((error: unknown) => error)).property('code', 'ECONNREFUSED')
  })
})
