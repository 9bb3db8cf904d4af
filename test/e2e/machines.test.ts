import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { ApiError } from '../../src/api/call.ts'
import { RsdpClient } from '../../src/api/client.ts'
import { taskWork } from '../../src/cli/app/task-work.ts'
import type { LocalNode } from '../../src/cli/local/register-nodes.ts'
import { fromHex, toHex, utf8Hex } from '../../src/codec/hex.ts'
import { logCodec } from '../../src/reducers/command-log/log-state.ts'
import { makeFence } from '../../src/reducers/fence.ts'
import { decodeKvResult, encodeKvCommand, kvConfig } from '../../src/reducers/machines/kv-config.ts'
import { U16_MAX } from '../../src/services/fields.ts'
import { DEFAULT_POLICY } from '../../src/services/policy.ts'
import { services } from '../../src/services/services.ts'
import type { Agreed } from '../../src/services/services.ts'
import type { Hex } from '../../src/types/ids.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import { rsdpHere } from '../helpers/cli.ts'
import { eventually } from '../helpers/eventually.ts'
import { FaultyNetwork } from '../helpers/faulty-network.ts'
import { realHistory } from '../helpers/linearizability/real.ts'
import { machineBundle } from '../helpers/stock-bundles.ts'

const NODES = 4
/** Two a node. */
const CLIENTS = 8
/** Writes of each client; bob dies when a quarter of all is acknowledged, and is back when half of them is. */
const WRITES = 12
const PARAMS = '{"minHeightTicks":2,"sessionIdleMs":60000,"generation":0}'
const PATIENCE_MS = 120_000

const codec = logCodec(kvConfig.state)

/** Waits until something holds that has to be asked for. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await condition())) {
    expect(performance.now()).lessThan(deadline)
    await sleep(100)
  }
}

function clientOf({ dataDir }: LocalNode): RsdpClient {
  const text = readFileSync(join(dataDir, 'control.json'), 'utf8')
  return new RsdpClient(JSON.parse(text) as { port: number; token: string }, 15_000)
}

interface Audited {
  readonly verdict: string
  readonly findings: readonly unknown[]
  readonly counts: { readonly aggregatesRecomputed: number }
}

describe('machines on four processes, one of them killed under load', function () {
  this.timeout(600_000)
  let network: FaultyNetwork
  let nodes: readonly [LocalNode, LocalNode, LocalNode, LocalNode]
  const tasks = new Map<string, bigint>()

  const MACHINES: Readonly<Record<string, string>> = {
    kv: 'kv-config@1',
    lock: 'lock@1',
    leader: 'leader-election@1',
  }
  const taskOf = (command: string): string[] => ['--task', String(tasks.get(MACHINES[command] ?? ''))]

  const rsdp = async (at: LocalNode, ...args: readonly string[]) => {
    const run = await rsdpHere(...args, ...taskOf(args[0] ?? ''), '--data-dir', at.dataDir, '--json')
    const { data, error } = JSON.parse(run.stdout) as {
      readonly data?: Readonly<Record<string, unknown>>
      readonly error?: { readonly code: string }
    }
    return { code: run.code, data: data ?? {}, error: error?.code }
  }
  /** Heights of a machine open on demand; left alone, each half a second. */
  const pace = { slotTicks: 10, debateTicks: 10, shareTicks: 10, confirmTicks: 30, helloTicks: 10 }

  before(async () => {
    network = await FaultyNetwork.create(NODES)
    nodes = network.nodes as typeof nodes
    for (const node of nodes) network.start(node)
    for (const reducer of ['kv-config@1', 'lock@1', 'leader-election@1']) {
      const work = await taskWork({ reducer, params: PARAMS })
      tasks.set(reducer, await network.runTask(1_200, { ...work, ...pace, epochHeights: 20 }))
    }
  })
  after(() => network.close())

  it('a task of a machine is published by name, and the board takes it', async () => {
    const place = ['--rpc-url', network.rpcUrl, '--deployment', network.deploymentFile, '--json', '--yes']
    const size = ['--nodes', `${NODES}`, '--heights', '8', '--factor', '20', '--join-blocks', '20']
    const run = await rsdpHere(
      'task',
      'publish',
      '--reducer',
      'lock@1',
      '--params',
      PARAMS,
      ...size,
      ...place,
    )
    expect(run.code, run.stdout + run.stderr).equal(EXIT.ok)
    const { data } = JSON.parse(run.stdout) as { data: { params: { calldataInputs: boolean } } }
    expect(data.params.calldataInputs).equal(false)
  })

  it('kv: reads see writes at every node; conditions hold; what is refused is told', async () => {
    const [alice, bob, carol] = nodes
    const written = await rsdp(alice, 'kv', 'put', 'limits', '100')
    expect(written).deep.include({ code: EXIT.ok, error: undefined })
    expect((await rsdp(carol, 'kv', 'get', 'limits')).data).deep.include({
      ...{ key: 'limits', value: '100', version: written.data['version'] },
    })
    const stale = await rsdp(bob, 'kv', 'put', 'limits', '200', '--if-version', '0')
    expect(stale).deep.include({ code: EXIT.precondition, error: 'E_KV_VERSION' })
    const version = String(written.data['version'])
    expect((await rsdp(bob, 'kv', 'put', 'limits', '200', '--if-version', version)).code).equal(EXIT.ok)
    expect((await rsdp(alice, 'kv', 'get', 'limits')).data['value']).equal('200')
    expect((await rsdp(alice, 'kv', 'delete', 'limits')).code).equal(EXIT.ok)
    expect(await rsdp(carol, 'kv', 'get', 'limits')).deep.include({ error: 'E_KV_MISSING' })
    expect(await rsdp(carol, 'kv', 'get', '')).deep.include({ code: EXIT.usage, error: 'E_COMMAND' })
  })

  describe('kv under load, and bob is killed', () => {
    /** Per client the versions that were acknowledged, one for each write. */
    const acknowledged: bigint[][] = Array.from({ length: CLIENTS }, () => [])
    const count = (): number => acknowledged.reduce((sum, versions) => sum + versions.length, 0)
    const keyOf = (client: number): Hex => utf8Hex(`client-${client}`)
    const valueOf = (client: number, write: number): Uint8Array => fromHex(utf8Hex(`${client}/${write}`))
    const seen: { height: number; state: Uint8Array }[] = []
    let asked = 0

    /** Writes that depend on each other; one that got no answer is asked again, by its name, at the same node. */
    async function load(client: number): Promise<void> {
      const node = nodes[client % NODES]!
      const versions = acknowledged[client]!
      while (versions.length < WRITES) {
        const value = valueOf(client, versions.length)
        const put = { kind: 'put', key: keyOf(client), version: versions.at(-1) ?? 0n, value } as const
        try {
          asked += 1
          const { result } = await clientOf(node).command(
            tasks.get('kv-config@1')!,
            toHex(encodeKvCommand(put)),
            `${client}-${versions.length}`,
          )
          const answer = decodeKvResult(fromHex(result as Hex))
          // applied twice, or never, and it would be a conflict
          expect(answer?.outcome).equal('done')
          versions.push(answer!.version)
        } catch (error) {
          const isUndecided = error instanceof ApiError && [404, 504].includes(error.status)
          if (!isUndecided && error instanceof ApiError) throw error
          if (error instanceof Error && error.name === 'AssertionError') throw error
          await sleep(50)
        }
      }
    }

    /** A watch at a node that dies: it goes on after the last height that it has seen. */
    async function watch(node: LocalNode, signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        try {
          const after = seen.at(-1)?.height ?? 0
          for await (const { height, state } of clientOf(node).events(
            tasks.get('kv-config@1')!,
            after,
            signal,
          ))
            seen.push({ height, state: fromHex(state as Hex) })
        } catch {
          await sleep(50)
        }
      }
    }

    before(async () => {
      const [, bob] = nodes
      const stop = new AbortController()
      const watching = watch(bob, stop.signal)
      const loads = Promise.all(acknowledged.map((_, client) => load(client)))
      const dying = (async () => {
        await eventually(() => count() >= (CLIENTS * WRITES) / 4, PATIENCE_MS)
        await network.kill(bob)
        const before = count()
        await eventually(() => count() >= before + CLIENTS, PATIENCE_MS)
        network.start(bob)
      })()
      await Promise.all([loads, dying])
      const last = (): bigint =>
        seen
          .map(({ state }) => codec.decode(state))
          .reduce(
            (most, content) => (content?.kind === 'state' && content.count > most ? content.count : most),
            0n,
          )
      const most = acknowledged.flat().reduce((a, b) => (a > b ? a : b))
      await eventually(() => last() >= most, PATIENCE_MS)
      stop.abort()
      await watching
    })

    it('nothing that was acknowledged is lost, and nothing is applied twice', async () => {
      expect(acknowledged.map(({ length }) => length)).deep.equal(Array(CLIENTS).fill(WRITES))
      expect(asked, 'some were asked for more than once').greaterThan(CLIENTS * WRITES)
      for (const [client, versions] of acknowledged.entries()) {
        const { data } = await rsdp(nodes[(client + 1) % NODES]!, 'kv', 'get', `client-${client}`)
        expect(data).deep.include({ value: `${client}/${WRITES - 1}`, version: Number(versions.at(-1)) })
      }
    })

    it('a watch over the death of its node has every height once, and every key’s values in order', () => {
      expect(seen.map(({ height }) => height)).deep.equal(seen.map((_, i) => i + 1))
      for (const [client, versions] of acknowledged.entries()) {
        const shown = new Set(
          seen.flatMap(({ state }) => {
            const content = codec.decode(state)
            const entries = content?.kind === 'state' ? content.machine : []
            return entries.flatMap(({ key, version }) => (key === keyOf(client) ? [version] : []))
          }),
        )
        // each write waits for the one before, so that no height holds two of them
        expect([...shown], `client ${client}`).deep.equal(versions)
      }
    })
  })

  describe('histories', () => {
    for (const [number, machine, reducer, fault] of [
      [1, 'kv', 'kv-config@1', 'kill'],
      [2, 'lock', 'lock@1', 'pause'],
    ] as const)
      it(`${machine}: linearizable, with a process under ${fault === 'kill' ? 'kill -9' : 'SIGSTOP'}`, async () => {
        const task = tasks.get(reducer)!
        const run = await realHistory({ network, task, machine, number, fault })
        expect(run.verdict, run.lines.join('\n')).deep.equal({ kind: 'linearizable' })
        expect(run.isEffective).equal(true)
        expect(run.operations).greaterThan(40)
      })
  })

  describe('failover', () => {
    it('lock and leader: bob dies, the next ones have greater tokens, and the fence refuses bob', async () => {
      const [alice, bob, carol] = nodes
      await network.until('bob is back', () =>
        ['lock@1', 'leader-election@1'].every((reducer) =>
          network.hasSaid(bob, 'task.running', tasks.get(reducer)),
        ),
      )
      const held = await rsdp(bob, 'lock', 'acquire', 'jobs', '--as', 'worker', '--ttl', '3')
      expect(held.data['outcome']).equal('done')
      expect((await rsdp(bob, 'leader', 'campaign', 'jobs', '--as', 'bob', '--ttl', '3')).data).deep.include({
        ...{ outcome: 'leader', term: 1 },
      })
      const second = await rsdp(carol, 'leader', 'campaign', 'jobs', '--as', 'carol', '--ttl', '600')
      expect(second).deep.include({ code: EXIT.busy })
      const busy = await rsdp(carol, 'lock', 'acquire', 'jobs', '--as', 'worker', '--ttl', '60')
      expect(busy).deep.include({ code: EXIT.busy })
      expect(busy.data['outcome']).equal('held')
      await network.kill(bob)

      let next: Awaited<ReturnType<typeof rsdp>> = busy
      await until(async () => {
        next = await rsdp(carol, 'lock', 'acquire', 'jobs', '--as', 'worker', '--ttl', '60')
        return next.data['outcome'] === 'done'
      })
      let leader: Awaited<ReturnType<typeof rsdp>> = second
      await until(async () => {
        leader = await rsdp(alice, 'leader', 'read', 'jobs')
        return leader.data['term'] === 2
      })
      expect(leader.data['owner']).equal('carol')
      const tokenOf = ({ data }: typeof next): bigint => BigInt(String(data['token']))
      expect(tokenOf(leader) > tokenOf(second)).equal(true)

      let kept = 0n
      const fence = makeFence(
        () => kept,
        (token) => (kept = token),
      )
      expect([held, next, held].map((grant) => fence(tokenOf(grant)))).deep.equal([true, true, false])

      network.start(bob)
      await network.until('bob runs', () => network.hasSaid(bob, 'task.running', tasks.get('lock@1')))
      const late = await rsdp(bob, 'lock', 'release', 'jobs', '--as', 'worker')
      expect(late.data['outcome']).equal('held')
      expect((await rsdp(carol, 'lock', 'read', 'jobs')).data['token']).equal(next.data['token'])
    })
  })

  describe('services', () => {
    const agreed = async (at: LocalNode, task: bigint): Promise<Agreed | null> => {
      const state = await clientOf(at)
        .state(task)
        .catch(() => null)
      const decoded = state === null ? null : services.state.decode(fromHex(state.state as Hex))
      return decoded?.kind === 'agreed' ? decoded : null
    }

    it('services@1: nodes sample and watch by themselves; bob dies by kill -9, and the rest agree that he has crashed', async () => {
      const [alice, bob, carol] = nodes
      const work = await taskWork({ reducer: 'services@1', params: JSON.stringify(DEFAULT_POLICY) })
      const task = await network.runTask(600, { ...work, ...pace, slotTicks: 20, epochHeights: 20 })
      const seat = network.seatsOf(task).get(bob.name)!
      const of = async (at: LocalNode) => {
        const state = await agreed(at, task)
        return {
          verdicts: state?.health.rows.map(({ verdict }) => verdict) ?? [],
          row: state?.metrics.rows.find(({ member }) => member === seat),
          life: state?.health.rows[seat],
        }
      }
      await until(async () => {
        const { verdicts, row } = await of(carol)
        const isMeasured = row !== undefined && row.latency < U16_MAX && row.capacity.memory > 0
        return isMeasured && verdicts.every((verdict) => verdict === 'up')
      })
      await network.kill(bob)
      for (const at of [alice, carol])
        await until(async () => {
          const { verdicts } = await of(at)
          return verdicts.every((verdict, member) => (verdict === 'crash') === (member === seat))
        })
      const last = (await of(carol)).life!
      network.start(bob)
      await until(async () => {
        const { life } = await of(carol)
        return life?.verdict === 'up' && life.incarnation === last.incarnation + 1
      })
      expect(last.failures).at.least(1)
    })
  })

  describe('in the end', () => {
    it('audit and replay have the inputs from members, and from a folder when they are gone', async () => {
      const [alice, bob] = nodes
      const task = tasks.get('kv-config@1')!
      await network.until('a checkpoint', () => network.said('checkpoint.mined', task).length > 0)
      const place = ['--rpc-url', network.rpcUrl, '--deployment', network.deploymentFile, '--json']
      const audit = async (...bodies: readonly string[]) => {
        const run = await rsdpHere('audit', String(task), ...bodies, ...place)
        const { data } = JSON.parse(run.stdout) as { data: Audited }
        return { code: run.code, ...data }
      }
      const right = { code: EXIT.ok, verdict: 'verified', findings: [] }
      const folder = network.file('bodies')
      let asked = await audit('--bodies', bob.dataDir, alice.dataDir, '--keep-bodies', folder)
      // members that answer too late are left out: a busy machine asks again
      await until(async () => {
        if (asked.verdict !== 'unavailable') return true
        asked = await audit('--bodies', folder, bob.dataDir, alice.dataDir, '--keep-bodies', folder)
        return false
      })
      expect(asked).deep.include(right)
      const { aggregatesRecomputed: came } = asked.counts
      expect(came).greaterThan(0)
      const without = await audit()
      expect(without).deep.include({ verdict: 'unavailable', findings: [] })
      expect(without.counts.aggregatesRecomputed).equal(0)
      await network.stop(...nodes)
      // the chain may have got further heights meanwhile, whose bodies nobody has kept
      const offline = await audit('--bodies', folder)
      expect(offline.findings).deep.equal([])
      expect(offline.counts.aggregatesRecomputed).equal(came)
      const bundle = network.file('kv-config.js')
      writeFileSync(bundle, await machineBundle('kv'))
      const replayed = await rsdpHere(
        ...['app', 'replay', String(task), '--bundle', bundle, '--bodies', folder],
        ...place,
      )
      const { heights } = (
        JSON.parse(replayed.stdout) as { data: { heights: { before: Hex; after: Hex }[] } }
      ).data
      expect(heights.length).equal(came)
      expect(heights.filter(({ before, after }) => before !== after)).deep.equal([])
      expect(replayed.code).equal(EXIT.ok)
    })
  })
})
