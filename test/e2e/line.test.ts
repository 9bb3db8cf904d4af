import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { readLine } from '../../src/adapters/evm/task-line.ts'
import type { LineTask } from '../../src/adapters/evm/task-line.ts'
import { ApiError } from '../../src/api/call.ts'
import { RsdpClient } from '../../src/api/client.ts'
import { fund } from '../../src/adapters/evm/operator.ts'
import type { LocalNode } from '../../src/cli/local/register-nodes.ts'
import { MAIN_FILE } from '../../src/cli/local/main-file.ts'
import { fromHex, toHex, utf8Hex } from '../../src/codec/hex.ts'
import { textOf } from '../../src/cli/machine.ts'
import { logCodec } from '../../src/reducers/command-log/log-state.ts'
import { decodeKvResult, encodeKvCommand, kvConfig } from '../../src/reducers/machines/kv-config.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Address, Hex } from '../../src/types/ids.ts'
import { rsdpHere } from '../helpers/cli.ts'
import { eventually } from '../helpers/eventually.ts'
import { FaultyNetwork } from '../helpers/faulty-network.ts'

const SEATS = 4
const CLIENTS = 3
const PARAMS = '{"minHeightTicks":2,"sessionIdleMs":60000,"generation":0}'
/** A task of so many heights is used up within seconds of load; sign-up and drawing take about as long. */
const SIZE = ['--nodes', `${SEATS}`, '--heights', '50', '--epoch', '10', '--factor', '20']
const TIMES = ['--join-blocks', '20', '--before-heights', '45', '--pace-blocks', '10']
const CODEC = logCodec(kvConfig.state)
const VALUE = 'written'
const PATIENCE_MS = 120_000
const REQUEST_MS = 4_000

interface Seam {
  readonly predecessor: string
  readonly height: number
  readonly stateHash: string
  readonly gapBlocks: number
  readonly gapSeconds: number
}

function clientOf({ dataDir }: LocalNode): RsdpClient {
  const text = readFileSync(join(dataDir, 'control.json'), 'utf8')
  return new RsdpClient(JSON.parse(text) as { port: number; token: string }, REQUEST_MS)
}

/** A keeper: a process of its own, with a key of its own. */
class Keeper {
  readonly lines: Record<string, unknown>[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN_FILE, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    this.#child.stdout?.on('data', (data: Buffer) => {
      text += data.toString()
      const whole = text.split('\n')
      text = whole.pop() ?? ''
      for (const line of whole) this.lines.push(JSON.parse(line) as Record<string, unknown>)
    })
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve))
  }

  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.#ended
  }
}

describe('a line of tasks on real processes', function () {
  this.timeout(600_000)
  let network: FaultyNetwork
  let keeper: Keeper | null = null
  let line: Address
  let place: string[]
  let tasks: readonly LineTask[] = []
  /** Keys of acknowledged writes, with the task that has decided them. */
  const acknowledged = new Map<string, bigint>()
  /** What nodes have said instead of an answer. */
  const refusals = new Set<string>()
  const cli = async (...args: readonly string[]) => {
    const run = await rsdpHere(...args, ...place)
    expect(run.code, run.stdout + run.stderr).equal(EXIT.ok)
    return (JSON.parse(run.stdout) as { data: Record<string, unknown> }).data
  }

  /** Tasks of the line that a node runs, or has run, by the order of the line. */
  const look = async (): Promise<void> => {
    tasks = (await readLine(network.connection, line)).tasks
  }
  /** Those of them that have run: on a slow machine too few may sign up for one in time, and the line goes on without it. */
  const ran = (): readonly LineTask[] =>
    tasks.filter(({ taskId }) => network.said('task.running', taskId).length >= SEATS - 1)
  const seatedIn = (taskId: bigint): LocalNode[] => {
    const seats = network.seatsOf(taskId)
    return network.nodes.filter(({ name }) => seats.has(name))
  }

  /** Writes one key after the other to the line, at any node that is, or was, a member; who is not says so. */
  async function load(client: number, signal: AbortSignal): Promise<void> {
    let failures = 0
    for (let write = 0; !signal.aborted;) {
      const nodes = [...new Set(tasks.flatMap(({ taskId }) => seatedIn(taskId)))]
      const node = nodes[(client + write + failures) % Math.max(nodes.length, 1)]
      if (node === undefined) {
        await sleep(100)
        continue
      }
      const key = `${client}-${write}`
      const put = { kind: 'put', key: utf8Hex(key), version: null, value: fromHex(utf8Hex(VALUE)) } as const
      try {
        const told = await clientOf(node).lineCommand(line, toHex(encodeKvCommand(put)), key)
        expect(decodeKvResult(fromHex(told.result as Hex))?.outcome).equal('done')
        acknowledged.set(key, BigInt(told.task))
        write += 1
        await sleep(150)
      } catch (error) {
        if (error instanceof Error && error.name === 'AssertionError') throw error
        // what has no answer is written again, elsewhere: it is the same write
        failures += 1
        if (error instanceof ApiError) refusals.add(error.error)
        await sleep(100)
      }
    }
  }

  before(async () => {
    network = await FaultyNetwork.create(SEATS + 1)
    const { rpcUrl, deploymentFile, nodes } = network
    place = ['--rpc-url', rpcUrl, '--deployment', deploymentFile, '--json']
    for (const node of nodes.slice(0, SEATS)) network.start(node)
    const password = network.file('keeper.pw')
    writeFileSync(password, 'a keeper holds nothing\n', { mode: 0o600 })
    const made = await rsdpHere(
      ...['keys', 'new', 'keeper', '--keys-dir', network.file('keys'), '--password-file', password, '--json'],
    )
    const { data } = JSON.parse(made.stdout) as { data: { address: Address; path?: string } }
    await fund(network.client, data.address, 10n ** 18n)
    const reducer = ['--reducer', 'kv-config@1', '--params', PARAMS]
    await network.until('all are ready', () =>
      nodes.slice(0, SEATS).every((node) => network.hasSaid(node, 'node.ready')),
    )
    const opened = await cli('line', 'open', ...reducer, ...SIZE, ...TIMES, '--budget', '10000', '--yes')
    line = opened['line'] as Address
    keeper = new Keeper([
      ...['line', 'keep', line, '--every', '1', '--yes', ...place],
      ...['--key-file', join(network.file('keys'), 'keeper.json'), '--password-file', password],
    ])
  })
  after(async () => {
    await keeper?.stop()
    await network.close()
  })

  it('goes on over three tasks under load, while members come and go', async () => {
    const [alice, , , , erin] = network.nodes
    const stop = new AbortController()
    const looking = (async () => {
      while (!stop.signal.aborted) {
        await look()
        await sleep(250)
      }
    })()
    const loads = Array.from({ length: CLIENTS }, (_, client) => load(client, stop.signal))
    const runs = async (at: number): Promise<bigint> => {
      await eventually(() => ran().length > at, PATIENCE_MS)
      return ran()[at]!.taskId
    }
    try {
      await runs(0)
      network.start(erin!)
      const second = await runs(1)
      await eventually(() => network.said('task.handed-over', second).length > 0, PATIENCE_MS)
      await network.stop(alice!)
      const third = await runs(2)
      // on a slow machine a task may end before anybody has written to it; the line goes on
      const isWritten = (): boolean => new Set(acknowledged.values()).size >= 3
      await eventually(() => isWritten() && [...acknowledged.values()].includes(third), PATIENCE_MS)
    } finally {
      stop.abort()
    }
    await Promise.all([...loads, looking])
    await look()
    const seats = ran()
      .slice(0, 3)
      .map(({ taskId }) => [...network.seatsOf(taskId).keys()].sort().join(' '))
    expect(new Set(seats).size).greaterThan(1)
    expect(seats[0]).include(alice!.name)
    expect(seats[2]).include(erin!.name).and.not.include(alice!.name)
    for (const { keeper: who } of tasks) expect(who).not.equal(network.client.address)
    console.log(`      members: ${seats.join(' | ')}`)
  })

  it('no client was sent on by the end of a task', () => {
    // a node that is a member of the next task takes a command there itself; one that is not says so
    const allowed = ['undecided', 'not-a-member', 'no-line', 'busy']
    expect([...refusals].filter((refusal) => !allowed.includes(refusal))).deep.equal([])
  })

  it('no acknowledged command is lost', async () => {
    const written = tasks.filter(({ taskId }) => [...acknowledged.values()].includes(taskId))
    expect(written.length, 'tasks written to').greaterThanOrEqual(3)
    const last = written.at(-1)!.taskId
    const at = seatedIn(last).at(-1)!
    const held = new Map<string, string>()
    // what another node has acknowledged comes here, too
    const isHere = async (): Promise<boolean> => {
      const decided = await clientOf(at)
        .state(last)
        .catch(() => null)
      const content = decided === null ? null : CODEC.decode(fromHex(decided.state as Hex))
      const entries = content?.kind === 'state' ? content.machine : []
      for (const { key, value } of entries) held.set(textOf(fromHex(key)), textOf(value))
      return [...acknowledged.keys()].every((key) => held.has(key))
    }
    const deadline = performance.now() + PATIENCE_MS
    while (!(await isHere()) && performance.now() < deadline) await sleep(100)
    for (const key of acknowledged.keys()) expect(held.get(key), key).equal(VALUE)
    console.log(`      ${acknowledged.size} acknowledged writes over ${written.length} tasks`)
  })

  it('a reader at one node is told every height over the seams, once, or that it is not there', async () => {
    const third = ran()[2]!.taskId
    const told = new Map<string, number[]>()
    const skipped = new Set<string>()
    let last = 0n
    for await (const event of clientOf(seatedIn(third)[0]!).lineEvents(line)) {
      const task = BigInt(event.task)
      expect(task >= last, 'in order').equal(true)
      last = task
      const heights = told.get(event.task) ?? []
      told.set(event.task, heights)
      if (event.kind === 'decided') heights.push(event.height)
      else if (event.kind === 'skipped') skipped.add(event.task)
      else heights.length = event.above
      if (task === third && event.kind === 'decided') break
    }
    for (const { taskId } of ran().slice(0, 2)) {
      const heights = told.get(String(taskId))
      if (heights === undefined || skipped.has(String(taskId))) continue
      expect(heights).deep.equal(heights.map((_, i) => i + 1))
      expect(heights.length).greaterThan(0)
    }
    expect(told.get(String(third))).deep.equal([1])
    expect(told.size, 'at least the seam before it').greaterThanOrEqual(2)
  })

  it('every task is verified over its seam, with the inputs that members keep', async () => {
    const bodies = network.nodes.slice(1).flatMap(({ dataDir }) => dataDir)
    const third = ran()[2]!.taskId
    await network.until('a checkpoint of the third', () => network.said('checkpoint.mined', third).length > 0)
    for (const [i, { taskId, predecessor }] of ran().slice(0, 3).entries()) {
      const audited = await rsdpHere('audit', `${taskId}`, '--bodies', ...bodies, ...place)
      const { data } = JSON.parse(audited.stdout) as {
        data: {
          verdict: string
          findings: unknown[]
          counts: { aggregatesRecomputed: number }
          seam: Seam | null
        }
      }
      expect(data.findings, `task ${taskId}`).deep.equal([])
      expect(data.verdict, `task ${taskId}`).equal('verified')
      expect(data.counts.aggregatesRecomputed).greaterThan(0)
      if (i === 0) expect(data.seam).equal(null)
      else {
        expect(data.seam?.predecessor).equal(`${predecessor}`)
        expect(data.seam?.stateHash).equal(
          (await network.connection.contracts.board.task(predecessor)).resultHash,
        )
        const { gapBlocks, gapSeconds } = data.seam!
        console.log(`      seam ${predecessor} → ${taskId}: ${gapBlocks} blocks, ${gapSeconds} s`)
      }
    }
  })

  it('show tells where it stands; the keeper ends cleanly', async () => {
    const shown = await cli('line', 'show', line)
    expect(shown['tasks']).length.greaterThanOrEqual(3)
    expect(await keeper?.stop(), 'SIGTERM').equal(143)
    expect(keeper?.lines.filter(({ type }) => type === 'renewed')).length.greaterThanOrEqual(3)
    expect(keeper?.lines.at(-1)).deep.include({ type: 'stopped', line })
  })
})
