import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nodeHandlers } from '../../../src/api/node-handlers.ts'
import { startApi } from '../../../src/api/server.ts'
import type { ApiServer } from '../../../src/api/server.ts'
import { TaskFeed } from '../../../src/api/task-feed.ts'
import { writeControl } from '../../../src/cli/control/file.ts'
import { storesOf } from '../../../src/cli/services/tx-words.ts'
import type { Transactions } from '../../../src/ports/transactions.ts'
import type { Address } from '../../../src/types/ids.ts'
import { lockAnswer } from '../../../src/types/lock-request.ts'
import type { LockAnswer, LockAsk } from '../../../src/types/lock-request.ts'
import { refusedAs } from '../../../src/types/store-request.ts'
import type { OpenTx, TxAnswer, TxAsk, TxName } from '../../../src/types/transaction.ts'
import { rsdpHere } from '../../helpers/cli.ts'
import { NO_COMMANDS, NO_LINES } from '../../helpers/no-commands.ts'

const TOKEN = 'a'.repeat(64)
const key: Address = `0x${'0f'.repeat(20)}`
const name: TxName = { coordinator: key, number: 17 }
const COMMIT = { code: 'decided', name, outcome: 'commit', cause: null, service: 0 } as const

/** A node that answers as it is told, one answer after the other, the last one for good. */
class Node {
  readonly asked: TxAsk[] = []
  readonly locked: LockAsk[] = []
  answers: TxAnswer[] = []
  locks: LockAnswer[] = []
  readonly open: OpenTx[] = []
  #server: ApiServer | null = null

  async start(dir: string): Promise<void> {
    const next = <T>(list: T[]): T => {
      const [first] = list.length > 1 ? list.splice(0, 1) : list
      if (first === undefined) throw new Error('nothing is expected')
      return first
    }
    const transactions: Transactions = {
      begin: (task, ask) => {
        this.asked.push(ask)
        return Promise.resolve(task === 7n ? next(this.answers) : { ...NO_STORE })
      },
      outcome: (_, one) =>
        Promise.resolve(one.number === 17 ? next(this.answers) : { code: 'unknown', name: one }),
      open: () => this.open,
    }
    const none = refusedAs('no-store', '')
    this.#server = await startApi(
      0,
      TOKEN,
      nodeHandlers({
        node: {
          health: () => ({ ready: true, tasks: [] }),
          leave: () => '',
          trust: () => true,
          resume: () => true,
          ...NO_LINES,
        },
        feed: new TaskFeed(() => Promise.resolve(true)),
        commands: NO_COMMANDS,
        stores: {
          ask: () => Promise.resolve(none),
          watch: () => none,
          kept: () => [],
          purge: () => 'nothing',
        },
        locks: {
          ask: (_, __, ask) => {
            this.locked.push(ask)
            return Promise.resolve(next(this.locks))
          },
        },
        transactions,
        ...{ bundleOf: () => null, version: '', pid: 1, stop: () => undefined },
      }),
    )
    writeControl(dir, { schema: 2, pid: process.pid, key: 'a key', port: this.#server.port, token: TOKEN })
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }
}

const NO_STORE = { code: 'refused', refusal: 'no-store', why: 'nothing of the kind' } as const

describe('rsdp tx', function () {
  this.timeout(60_000)
  const dir = mkdtempSync(join(tmpdir(), 'rsdp-tx-'))
  let node: Node
  beforeEach(async () => {
    node = new Node()
    await node.start(dir)
  })
  afterEach(() => node.close())
  after(() => rmSync(dir, { recursive: true, force: true }))

  const rsdp = async (...words: readonly string[]): Promise<readonly [code: unknown, out: string]> => {
    const task = words[1] === 'list' ? [] : ['--task', '7']
    const { code, stdout, stderr } = await rsdpHere(...words, '--data-dir', dir, ...task)
    const [, error = ''] = /\b(E_[A-Z_]+)/.exec(stderr) ?? []
    return [code, `${stdout.trim()}${error}`]
  }

  it('refuses words that do not say what to do, before the node is asked', async () => {
    for (const words of [
      [],
      ['--put', '1/a'],
      ['--put', 'a=1'],
      ['--put', '0/a=1'],
      ['--put', '70000/a=1'],
      ['--put', '1/=1'],
      ['--if', '1/a'],
      ['--if', '1/a@x'],
      ['--put', '1/a=1', '1/a=2'],
      ['--put', '1/a=1', '--delete', '1/a'],
      ['--if', '1/a@1', '1/a@2'],
    ])
      expect(await rsdp('tx', 'run', ...words), words.join(' ')).deep.equal([2, 'E_TX_WORDS'])
    expect((await rsdp('tx', 'run', '--put', '1/a=1', '--protocol', '4pc'))[0]).equal(2)
    expect(node.asked).deep.equal([])
  })

  it('says what each store has to do: values with any signs, conditions with what they belong to', () => {
    const words = { put: ['2/a=x=y/z', '1/b@c='], delete: ['2/d'], if: ['2/a@7', '1/e@0'] }
    expect(storesOf(words)).deep.equal([
      {
        service: 1,
        writes: [
          { kind: 'put', key: 'b@c', value: '0x' },
          { kind: 'check', key: 'e', version: 0 },
        ],
      },
      {
        service: 2,
        writes: [
          { kind: 'put', key: 'a', value: '0x783d792f7a', version: 7 },
          { kind: 'delete', key: 'd' },
        ],
      },
    ])
  })

  it('commits once, asks again under the same name while it is undecided, and begins anew while keys are held', async () => {
    const held = { code: 'decided', name, outcome: 'abort', cause: 'locked', service: 1 } as const
    node.answers = [{ code: 'pending', name }, held, COMMIT]
    expect(await rsdp('tx', 'run', '--put', '1/a=1', '--protocol', '2pc', '--timeout', '3')).deep.equal([
      0,
      `committed  ${key}/17`,
    ])
    const [first, second, third] = node.asked
    expect(first).deep.include({ protocol: '2pc', ttlMs: 3_000 })
    expect(first?.request).equal(second?.request)
    expect(third?.request).not.equal(second?.request)
    expect(first?.parts).deep.equal([
      { service: 1, writes: [{ kind: 'put', key: 'a', version: null, value: Uint8Array.of(0x31) }] },
    ])
  })

  it('says why nothing was written, or nothing begun', async () => {
    const abort = { code: 'decided', name, outcome: 'abort', cause: 'conflict', service: 2 } as const
    node.answers = [abort]
    expect(await rsdp('tx', 'run', '--put', '1/a=1')).deep.equal([3, 'E_TX_ABORTED'])
    const { stdout } = await rsdpHere(
      'tx',
      'run',
      '--put',
      '1/a=1',
      '--data-dir',
      dir,
      '--task',
      '7',
      '--json',
    )
    const { error } = JSON.parse(stdout) as { error: { code: string; details: object } }
    expect(error.details).deep.equal({ transaction: `${key}/17`, cause: 'conflict', service: 2 })
    for (const [refusal, code] of [
      ['no-store', 3],
      ['no-log', 7],
      ['bad-request', 3],
    ] as const) {
      node.answers = [{ code: 'refused', refusal, why: '' }]
      expect(await rsdp('tx', 'run', '--put', '1/a=1'), refusal).deep.equal([code, 'E_TX'])
    }
  })

  it('shows what became of one, and which are open', async () => {
    expect(await rsdp('tx', 'show', 'a name')).deep.equal([3, 'E_TX'])
    expect(await rsdp('tx', 'show', `${key}/18`)).deep.equal([3, 'E_TX'])
    node.answers = [{ code: 'decided', name, outcome: 'abort', cause: 'silent', service: 3 }]
    expect(await rsdp('tx', 'show', `${key}/17`)).deep.equal([0, 'abort  silent (store 3)'])
    node.answers = [{ code: 'pending', name }]
    expect(await rsdp('tx', 'show', `${key}/17`)).deep.equal([0, 'pending'])
    expect(await rsdp('tx', 'list')).deep.equal([0, 'no open transactions'])
    node.open.push({ name, protocol: '3pc', service: 2, services: [1, 2], phase: 'prepared' })
    node.open.push({ name, protocol: 'agreed', service: 0, services: [1], phase: 'preparing' })
    expect((await rsdp('tx', 'list'))[1].split('\n')).deep.equal([
      `${key}/17  3pc  store 2  prepared  stores 1, 2`,
      `${key}/17  agreed  coordinates  preparing  stores 1`,
    ])
  })
})

describe('rsdp services lock', function () {
  this.timeout(60_000)
  const dir = mkdtempSync(join(tmpdir(), 'rsdp-locks-'))
  let node: Node
  beforeEach(async () => {
    node = new Node()
    await node.start(dir)
  })
  afterEach(() => node.close())
  after(() => rmSync(dir, { recursive: true, force: true }))

  const rsdp = async (...words: readonly string[]): Promise<readonly [code: unknown, out: string]> => {
    const { code, stdout, stderr } = await rsdpHere('services', ...words, '--data-dir', dir, '--task', '7')
    const [, error = ''] = /\b(E_[A-Z_]+)/.exec(stderr) ?? []
    return [code, `${stdout.trim()}${error}`]
  }

  it('waits for the lock and prints its token; releases', async () => {
    node.locks = [lockAnswer('waiting'), { code: 'granted', token: 2n ** 64n + 5n }]
    const words = ['--tx', '12', '--read', '--work', '3', '--priority', '4']
    expect(await rsdp('lock', '5', 'account', ...words)).deep.equal([0, 'token 18446744073709551621'])
    const acquire = { kind: 'acquire', tx: 12, key: 'account', mode: 'read', work: 3, priority: 4 } as const
    expect(node.locked).deep.equal([acquire, acquire])
    node.locks = [lockAnswer('released')]
    expect(await rsdp('unlock', '5', '--tx', '12')).deep.equal([0, 'released all of transaction 12'])
    expect(node.locked.at(-1)).deep.equal({ kind: 'release', tx: 12 })
  })

  it('says why there is none', async () => {
    expect((await rsdp('lock', '5', 'a'))[0]).equal(2)
    expect((await rsdp('lock', '5', 'a', '--tx', '0'))[0]).equal(2)
    for (const [code, exit, error] of [
      ['waiting', 7, 'E_LOCK'],
      ['victim', 3, 'E_LOCK_VICTIM'],
      ['over', 3, 'E_LOCK'],
      ['full', 7, 'E_LOCK'],
      ['no-service', 3, 'E_LOCK'],
      ['no-host', 7, 'E_LOCK'],
    ] as const) {
      node.locks = [lockAnswer(code)]
      expect(await rsdp('lock', '5', 'a', '--tx', '1', '--wait', '0'), code).deep.equal([exit, error])
    }
  })
})
