import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import { DEFAULT_POLICY } from '../../services/policy.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { TaskParams } from '../../types/task.ts'
import { taskWork } from '../app/task-work.ts'
import { auditWithBodies } from '../local/audit-process.ts'
import { publishTask } from '../local/client.ts'
import type { LocalNetwork } from '../local/network.ts'
import { startLocalNetwork } from '../local/network.ts'
import type { LocalNode } from '../local/register-nodes.ts'
import { mineTo } from '../local/settle.ts'
import { startNode, stopNodes } from '../local/start-nodes.ts'
import { Watch, waitFor } from '../local/watch.ts'
import type { DemoOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { taskOf } from '../task-params.ts'
import { CORES, TELECOM_NODES } from '../telecom/document.ts'
import { shapeLinks } from '../telecom/links.ts'
import { Load } from '../telecom/load.ts'
import { seconds, TelecomStage } from '../telecom/stage.ts'
import { CORE, crash, cut, lie, LIE, place } from '../telecom/stages.ts'
import { BLOCK_MS, missing } from './demo-stage.ts'

/** More than the demo comes to: a height a second, and five at most where they open on demand. */
const HEIGHTS = 1_000
const EPOCH = 20
/** For all of it, on two idle cores. */
const AIM_MS = 90_000
const JOIN_BLOCKS = 60
/** A cut must not end the tasks: a chain counts blocks. */
const STALL_BLOCKS = 1_500
/** For how long the liar lies: it has to come back first. */
const LIE_HEIGHTS = 60
/** Clients: at nodes of each layer that stay. */
const CLIENTS = ['Edge1', 'Core2', 'Cloud1']
const PACE = { debateTicks: 10, shareTicks: 10, confirmTicks: 30, helloTicks: 10 }

/**
 * The document's network: five operators, five processes, its links as delays; services placed, a core killed, a core that
 * lies, a cut; clients write and read throughout. Stages end by events, and what does not happen ends it with an error.
 */
export async function demoTelecom(
  options: DemoOptions,
  { output, signal }: CommandContext,
): Promise<ExitCode> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'rsdp-telecom-')))
  const startedMs = performance.now()
  const watch = new Watch()
  const stages: Record<string, unknown> = {}
  let network: LocalNetwork | null = null
  let stage: TelecomStage | null = null
  const loads: Load[] = []
  const timed = async (name: string, work: () => Promise<Record<string, unknown>>): Promise<void> => {
    const fromMs = performance.now()
    const facts = await work()
    const ms = performance.now() - fromMs
    stages[name] = { ms, ...facts }
    output.say(`✔ ${name} (${seconds(ms)})\n`)
  }
  try {
    network = await startLocalNetwork({
      nodes: TELECOM_NODES.length,
      port: 0,
      blockMs: BLOCK_MS,
      dataDir,
      deploymentFile: join(dataDir, 'deployment.json'),
      names: TELECOM_NODES.map(({ name }) => name),
      faults: new Map(),
      also: argumentsOf,
      say: output.say,
      signal,
      onEvent: (node, event) => watch.take(node, event),
    })
    const running = network
    stages['start'] = { ms: performance.now() - startedMs }
    let tasks = { services: 0n, kv: 0n }
    await timed('two clusters drawn', async () => {
      tasks = await drawTasks(running, watch, signal)
      return { services: String(tasks.services), kv: String(tasks.kv) }
    })
    const acts = (stage = new TelecomStage({ network, watch, tasks, signal, say: output.say }))
    await timed('placement', () => place(acts))
    for (const name of CLIENTS) loads.push(new Load(name.toLowerCase(), acts.node(name).dataDir, tasks.kv))
    await timed('clients', async () => {
      await acts.wait('every client writes', () => loads.every((load) => load.count().acknowledged >= 4))
      output.say(`${loads.length} clients write and read through kv-config@1, at ${CLIENTS.join(', ')}`)
      return {}
    })
    await timed('crash', () => crash(acts, loads))
    await timed('lie', () => lie(acts, (from) => startLiar(running, from, watch, signal)))
    await timed('cut', () => cut(acts, loads))
    await timed('writes', () => settle(acts, loads))
    await timed('audit', () => audit(acts))
    const ms = performance.now() - startedMs
    const late = ms > AIM_MS ? [`missed: it aims at ${seconds(AIM_MS)} on two idle cores`] : []
    output.result({ seconds: ms / 1000, stages }, `✔ all of it happened, in ${seconds(ms)}`, late)
    return EXIT.ok
  } finally {
    for (const load of loads) void load.stop()
    await stopNodes(stage?.later ?? [])
    await network?.stop()
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
}

/** What each node is told of itself and of its links. */
function argumentsOf(node: LocalNode, nodes: readonly LocalNode[]): readonly string[] {
  const facts = TELECOM_NODES.find(({ name }) => name === node.name)
  if (facts === undefined) throw new Error(`the document has no ${node.name}`)
  const { tier, memoryGb, throughputMbits, transactionsPerSecond } = facts
  const capacity = { cores: CORES, memoryGb, throughputMbits, transactionsPerSecond }
  const host = join(node.dataDir, 'host.yaml')
  writeWholeFile(host, stringify({ tier, capacity, measure: 'process' }), { replace: true })
  return ['--host', host, '--links', shapeLinks(nodes)(node)]
}

function startLiar(
  network: LocalNetwork,
  from: number,
  watch: Watch,
  signal: AbortSignal,
): ReturnType<typeof startNode> {
  const i = network.nodes.findIndex(({ name }) => name === CORE)
  const node = network.nodes[i]
  if (node === undefined) throw new Error(`no node ${CORE}`)
  const { rpcUrl, deploymentFile, nodes } = network
  return startNode(node, i, {
    ...{ rpcUrl, deploymentFile, signal },
    faults: new Map([[i, `${LIE}:${from}-${from + LIE_HEIGHTS}`]]),
    also: (one) => argumentsOf(one, nodes),
    onEvent: (name, event) => watch.take(name, event),
  })
}

/** One task for the services, with a height a second, and one for strong writes, whose heights open on demand. */
async function drawTasks(
  network: LocalNetwork,
  watch: Watch,
  signal: AbortSignal,
): Promise<{ services: bigint; kv: bigint }> {
  const { client, connection, processes } = network
  const nodes = TELECOM_NODES.length
  const wait = (what: string, condition: () => boolean): Promise<void> =>
    waitFor(condition, { what, timeoutMs: 120_000, signal, nodes: processes })
  const publish = async (
    reducer: string,
    params: string,
    pace: Partial<TaskParams>,
  ): Promise<[bigint, number]> => {
    const work = await taskWork({ reducer, params })
    if (work === null) throw missing(`a reducer ${reducer}`)
    const head = await connection.provider.getBlockNumber()
    const { taskBlocksMax } = connection.deployment.windows
    const size = {
      nodes,
      heights: HEIGHTS,
      epoch: EPOCH,
      factor: 10,
      joinBlocks: JOIN_BLOCKS,
      head,
      taskBlocksMax,
    }
    const task = { ...taskOf(size, work), ...PACE, ...pace, minNodes: nodes, stallBlocks: STALL_BLOCKS }
    return [await publishTask(client, task), task.joinDeadline]
  }
  const [services] = await publish('services@1', JSON.stringify(DEFAULT_POLICY), {
    slotTicks: 20,
  })
  const kvParams = '{"minHeightTicks":4,"sessionIdleMs":60000,"generation":0}'
  const [kv, deadline] = await publish('kv-config@1', kvParams, { slotTicks: 20 })
  const said = (event: string): number =>
    watch.of(event).filter(({ facts }) => [String(services), String(kv)].includes(String(facts['task'])))
      .length
  await wait('all nodes signed up for both', () => said('task.joined') === 2 * nodes)
  await mineTo(network, deadline)
  await wait('all nodes drawn for both', () => said('task.running') === 2 * nodes)
  await wait('all members connected', () => watch.isMesh(nodes))
  return { services, kv }
}

/** Every acknowledged write is there, once, and no read was older. */
async function settle(stage: TelecomStage, loads: readonly Load[]): Promise<Record<string, unknown>> {
  await Promise.all(loads.map((load) => load.stop()))
  const kept = await Promise.all(loads.map((load) => load.isKept()))
  const counts = loads.map((load) => load.count())
  const sum = (name: keyof (typeof counts)[number]): number => counts.reduce((all, one) => all + one[name], 0)
  const lost = kept.filter((isKept) => !isKept).length
  stage.say(
    `acknowledged strong writes: ${sum('acknowledged')}, lost: ${lost}; reads: ${sum('reads')}, stale or doubled: ${sum('wrong')}`,
  )
  if (lost + sum('wrong') > 0) throw missing('every acknowledged write, and no stale read')
  return { acknowledged: sum('acknowledged'), lost, reads: sum('reads'), wrong: sum('wrong') }
}

/** A separate process judges both tasks from the chain, with bodies from a member. */
async function audit(stage: TelecomStage): Promise<Record<string, unknown>> {
  const { network, tasks, watch, say } = stage
  const results: Record<string, unknown> = {}
  for (const [name, task] of Object.entries(tasks)) {
    await stage.wait(`a checkpoint of ${name}`, () =>
      watch.of('checkpoint.mined').some(({ facts }) => facts['task'] === String(task)),
    )
    const bodies = ['Edge1', 'Cloud1'].map((member) => stage.node(member).dataDir)
    const { exitCode, data } = await auditWithBodies(network, task, bodies)
    const report = data as {
      verdict: string
      counts: { aggregatesRecomputed: number }
      convictions: unknown[]
    }
    if (exitCode !== 0) throw missing(`an audit of ${name} without findings (exit code ${exitCode})`)
    const { verdict, counts, convictions } = report
    say(
      `audit    ${name}: ${verdict}; ${counts.aggregatesRecomputed} heights recomputed, ${convictions.length} convictions`,
    )
    results[name] = { verdict, recomputed: counts.aggregatesRecomputed, convictions: convictions.length }
  }
  return results
}
