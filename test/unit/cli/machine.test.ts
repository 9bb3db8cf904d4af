import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { writeControl } from '../../../src/cli/control/file.ts'
import { openMachine, tell } from '../../../src/cli/machine.ts'
import { fromHex, utf8Hex } from '../../../src/codec/hex.ts'
import { encodeKvCommand, kvConfig } from '../../../src/reducers/machines/kv-config.ts'
import type { RsdpError } from '../../../src/types/errors.ts'

const LINE = `0x${'1e'.repeat(20)}`
const PUT = encodeKvCommand({ kind: 'put', key: utf8Hex('k'), version: null, value: fromHex('0x01') })
const TASK = { reducer: kvConfig.id, params: '0x', member: 0, members: 4, heights: 10, takesInput: false }

/** A node's API, as far as commands need it: answers of each task in turn. */
class Node {
  readonly dir = mkdtempSync(join(tmpdir(), 'rsdp-machine-'))
  readonly asked: string[] = []
  decided: Record<string, number> = {}
  answers: Record<string, readonly [status: number, body: object]> = {}
  #server: Server | null = null

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const [status, body] = this.#answer(request.url ?? '')
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
    this.#server = server
    const { port } = server.address() as AddressInfo
    writeControl(this.dir, { schema: 2, pid: process.pid, key: 'a key', port, token: 'ab'.repeat(32) })
  }

  /** Tasks of its one line. */
  inLine: readonly string[] = []

  #answer(url: string): readonly [number, object] {
    if (url === '/v1/lines') {
      const tasks = this.inLine.map((task) => ({ task }))
      return [200, { lines: tasks.length === 0 ? [] : [{ line: LINE, tasks }] }]
    }
    if (url === '/v1/tasks')
      return [
        200,
        { tasks: Object.entries(this.decided).map(([task, decided]) => ({ ...TASK, task, decided })) },
      ]
    const [, task = ''] = /^\/v1\/(?:tasks|lines)\/(\w+)\/commands/.exec(url) ?? []
    this.asked.push(task)
    return this.answers[task] ?? [404, { error: 'no-machine', message: '' }]
  }

  close(): void {
    this.#server?.close()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

describe('a command to a machine whose tasks are a line', () => {
  let node: Node
  const done = [200, { height: 3, result: '0x0a' }] as const
  const over = [409, { error: 'over', message: 'its last height is decided' }] as const

  beforeEach(async () => {
    node = new Node()
    await node.start()
  })
  afterEach(() => node.close())

  const open = (task?: string) =>
    openMachine(kvConfig.id, { dataDir: node.dir, ...(task === undefined ? {} : { task }) })

  it('goes to the task that decides: not to the one that is over, nor to the one that waits for it', async () => {
    node.decided = { 1: 10, 2: 4, 3: 0 }
    expect((await open()).task).equal(2n)
    node.decided = { 1: 10, 2: 10, 3: 0 }
    expect((await open()).task).equal(3n)
    node.decided = { 1: 10 }
    expect((await open()).task).equal(1n)
  })

  it('goes to the line where no task was named, and to the task where one was', async () => {
    node.decided = { 1: 10, 2: 1 }
    node.inLine = ['1', '2']
    node.answers = { [LINE]: done, 1: over }
    expect((await tell(await open(), kvConfig.id, PUT)).height).equal(3)
    const refusal = await tell(await open('1'), kvConfig.id, PUT).catch((error: unknown) => error)
    expect((refusal as RsdpError).details).deep.equal({ reason: 'over' })
    expect(node.asked).deep.equal([LINE, '1'])
  })

  it('goes to the task where that is none of a line', async () => {
    node.decided = { 1: 10, 2: 1 }
    node.answers = { 2: done }
    expect((await tell(await open(), kvConfig.id, PUT)).height).equal(3)
    expect(node.asked).deep.equal(['2'])
  })

  for (const [status, error] of [
    [410, 'not-a-member'],
    [409, 'superseded'],
    [404, 'no-line'],
  ] as const)
    it(`says why it is refused: ${error}`, async () => {
      node.decided = { 1: 10 }
      node.inLine = ['1']
      node.answers = { [LINE]: [status, { error, message: '' }] }
      const refusal = await tell(await open(), kvConfig.id, PUT).catch((thrown: unknown) => thrown)
      expect((refusal as RsdpError).details).deep.equal({ reason: error })
    })
})
