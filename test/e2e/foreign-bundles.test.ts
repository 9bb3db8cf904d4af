import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { buildBundle } from '../../src/adapters/esbuild/build-bundle.ts'
import { claim } from '../../src/adapters/evm/operator.ts'
import { claimsOpenAt, stakeAccount, tokenBalance } from '../../src/adapters/evm/reads.ts'
import { RsdpClient } from '../../src/api/client.ts'
import type { LocalNode } from '../../src/cli/local/register-nodes.ts'
import { fromHex, toHex } from '../../src/codec/hex.ts'
import { median } from '../../src/reducers/median.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { rsdpHere } from '../helpers/cli.ts'
import { FaultyNetwork } from '../helpers/faulty-network.ts'
import spinning from '../helpers/spinning-reducer.ts'
import { openBundle, stockBundle } from '../helpers/stock-bundles.ts'

const NODES = 4
const PATIENCE_MS = 120_000
/** More loops than the fuel of a call lasts. */
const TOO_MANY = 2n ** 32n
/** The least that the contract takes for four members. */
const STALL_BLOCKS = 64

type Four = readonly [LocalNode, LocalNode, LocalNode, LocalNode]

interface Audited {
  readonly verdict?: string
  readonly findings?: readonly unknown[]
  readonly counts?: { readonly aggregatesRecomputed: number; readonly convictions: number }
}

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

/** The state of a task at a node; null while there is none. */
async function stateAt(node: LocalNode, task: bigint): Promise<{ height: number; state: Hex } | null> {
  const decided = await clientOf(node)
    .state(task)
    .catch(() => null)
  return decided === null ? null : { height: decided.height, state: decided.state as Hex }
}

const heightAt = async (node: LocalNode, task: bigint): Promise<number> =>
  (await stateAt(node, task))?.height ?? 0

describe('bundles of strangers on four processes', function () {
  this.timeout(600_000)
  let network: FaultyNetwork
  let nodes: Four
  let medianId: Digest
  let spinId: Digest
  let medianTask: bigint
  /** A task of which no list has a state. */
  let hopeless: bigint
  /** Of all operators, before any task. */
  let stakes: readonly bigint[]
  const bundlesOf = ({ name }: LocalNode): string => network.file(`bundles-of-${name}`)

  const rsdp = async (...args: readonly string[]) => {
    const place = ['--rpc-url', network.rpcUrl, '--deployment', network.deploymentFile, '--json']
    const run = await rsdpHere(...args, ...place)
    const { data, error } = JSON.parse(run.stdout) as { data?: Audited; error?: { code: string } }
    return { code: run.code, error: error?.code, ...data }
  }
  const audit = (task: bigint, ...args: readonly string[]) => rsdp('audit', String(task), ...args)
  const stakesNow = (): Promise<bigint[]> =>
    Promise.all(
      nodes.map(async ({ operator }) => {
        const { freeWei, lockedWei } = await stakeAccount(network.connection, operator.address)
        return freeWei + lockedWei
      }),
    )
  const balance = (): Promise<bigint> => tokenBalance(network.connection, network.client.address)

  /** A task of a bundle that loops as often as the inputs say; each node brings its own. */
  async function spin(loops: readonly bigint[], changes: Partial<TaskParams>): Promise<bigint> {
    const reducerParams = toHex(spinning.params.encode({ max: 2n ** 40n }))
    const work = { reducer: spinId, reducerParams, stateCap: 8, inputCap: 8 }
    // a call may take seconds until its fuel is used up
    const pace = { slotTicks: 10, debateTicks: 60, shareTicks: 400, confirmTicks: 800, helloTicks: 60 }
    const task = await network.runTask(2, { ...work, ...pace, epochHeights: 2, ...changes })
    for (const [i, node] of nodes.entries())
      await clientOf(node).setInput(task, toHex(spinning.state.encode({ loops: loops[i]! })))
    return task
  }

  before(async () => {
    network = await FaultyNetwork.create(NODES)
    nodes = network.nodes as unknown as Four
    stakes = await stakesNow()
    expect(Math.min(...stakes.map(Number))).greaterThan(0)
    const scripts = {
      median: await stockBundle(median.id),
      spin: await buildBundle(fileURLToPath(new URL('../helpers/spinning-reducer.ts', import.meta.url))),
    }
    medianId = openBundle(scripts.median).id
    spinId = openBundle(scripts.spin).id
    for (const node of nodes) {
      mkdirSync(bundlesOf(node))
      for (const [name, bytes] of Object.entries(scripts))
        writeFileSync(join(bundlesOf(node), `${name}.js`), bytes)
    }
    network.also = (node) => ['--feed', medianId, spinId, '--bundles', bundlesOf(node)]
    for (const node of nodes) network.start(node)
  })
  after(() => network.close())

  it('one that bob has lost comes from another member of his cluster; bob decides on, and keeps it', async () => {
    const [alice, bob] = nodes
    const state = (value: bigint): Hex =>
      toHex(median.state.encode({ median: 0n, rows: [{ member: 0, value }] }))
    const reducerParams = toHex(median.params.encode({ min: 0n, max: 100n }))
    const work = { reducer: medianId, reducerParams, stateCap: 256, inputCap: 64, calldataInputs: false }
    const pace = { slotTicks: 20, debateTicks: 10, shareTicks: 10, confirmTicks: 30, helloTicks: 10 }
    medianTask = await network.runTask(600, { ...work, ...pace, epochHeights: 4 })
    for (const node of nodes) await clientOf(node).setInput(medianTask, state(7n))
    await until(async () => (await heightAt(bob, medianTask)) > 0)
    await network.stop(bob)
    rmSync(join(bundlesOf(bob), 'median.js'))
    const before = await heightAt(alice, medianTask)
    network.start(bob)
    await network.until('bob has the bundle again', () => network.hasSaid(bob, 'bundle.found'))
    await network.until('bob runs it', () => network.hasSaid(bob, 'task.running', medianTask))
    await clientOf(bob).setInput(medianTask, state(9n))
    await until(async () => (await heightAt(bob, medianTask)) > before)
    expect(existsSync(join(bob.dataDir, 'bundles', `${medianId}.js`))).equal(true)
    const { bundle: served } = await clientOf(bob).bundle(medianTask)
    expect(served).equal(toHex(await stockBundle(median.id)))
  })

  it('a member whose valid input uses up the fuel is out of the lists, and loses nothing else', async () => {
    const [alice, , , dave] = nodes
    const task = await spin([1n, 2n, 4n, TOO_MANY], {})
    await network.until('the result', () => network.said('finalize.mined', task).length > 0)
    const decided = spinning.state.encode({ loops: 7n })
    for (const node of [alice, dave])
      expect(await stateAt(node, task)).deep.equal({ height: 2, state: toHex(decided) })
    const failed = network.said('reducer.failed', task)
    expect(new Set(failed.map(({ facts }) => facts['code']))).deep.equal(new Set(['overBudget']))
    const report = await audit(task, '--bundles', bundlesOf(alice))
    expect(report).deep.include({ code: EXIT.ok, verdict: 'verified', findings: [] })
    expect(report.counts).include({ aggregatesRecomputed: 2, convictions: 0 })
  })

  it('one that has a state for no list ends within the stall time of its task', async () => {
    hopeless = await spin([TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY], { stallBlocks: STALL_BLOCKS })
    await network.until('all see it fail', () => {
      const failed = network.said('reducer.failed', hopeless)
      return new Set(failed.map(({ node }) => node)).size === NODES
    })
    await network.mineTo((await network.head()) + STALL_BLOCKS + 1)
    await network.until('all see its end', () => network.said('task.over', hopeless).length === NODES)
    for (const { facts } of network.said('task.over', hopeless))
      expect(facts).include({ status: 'NoQuorum', decided: 0 })
  })

  it('its task is verified from what an audit kept, after the member that gave it is deleted', async () => {
    const [, bob] = nodes
    await network.until('a checkpoint', () => network.said('checkpoint.mined', medianTask).length > 0)
    const folder = network.file('kept')
    let asked = await audit(medianTask, '--bodies', bob.dataDir, '--keep-bodies', folder)
    // a busy member answers too late: it is asked again
    await until(async () => {
      if (asked.verdict === 'verified') return true
      asked = await audit(medianTask, '--bodies', folder, bob.dataDir, '--keep-bodies', folder)
      return false
    })
    const came = asked.counts?.aggregatesRecomputed ?? 0
    expect(came).greaterThan(0)
    await network.kill(bob)
    rmSync(bob.dataDir, { recursive: true })
    const gone = await audit(medianTask, '--bodies', bob.dataDir)
    expect(gone).include({ code: EXIT.precondition, error: 'E_BODIES' })
    // the others go on, and nobody keeps what they decide
    const again = () => audit(medianTask, '--bodies', folder, '--heights', `1..${came}`)
    const verified = { code: EXIT.ok, verdict: 'verified', findings: [] }
    expect(await again()).deep.include(verified)

    /** What the audit says of other bytes in a kept file, or without it; then the file is as it was. */
    const changed = async (name: string, change: (bytes: Buffer) => Uint8Array | null) => {
      const file = join(folder, name)
      const bytes = readFileSync(file)
      const others = change(bytes)
      if (others === null) rmSync(file)
      else writeFileSync(file, others)
      const said = await again()
      writeFileSync(file, bytes)
      return said
    }
    const unavailable = { code: EXIT.ok, verdict: 'unavailable', findings: [] }
    const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte))
    const flipInputs = (bytes: Buffer): Uint8Array => {
      const { inputs, state } = JSON.parse(bytes.toString()) as { inputs: Hex; state: Hex }
      return Buffer.from(JSON.stringify({ inputs: toHex(flip(fromHex(inputs))), state }))
    }
    const script = `${medianId}.js`
    const list = readdirSync(folder).find((name) => name.endsWith('.json'))!
    expect(await changed(script, flip)).include({ code: EXIT.mismatch, error: 'E_BUNDLE_REFUSED' })
    expect(await changed(script, () => null)).deep.include(unavailable)
    expect(await changed(list, flipInputs)).deep.include(unavailable)
    expect(await changed(list, () => null)).deep.include(unavailable)
    expect(await again()).deep.include(verified)
  })

  it('the client of the task without a state has its escrow back, and all stake is where it was', async () => {
    const { board } = network.connection.contracts
    const { escrow, formFee } = await board.task(hopeless)
    expect(escrow).greaterThan(formFee)
    const opens = await claimsOpenAt(network.connection, hopeless)
    await network.mineTo(Number(opens!.number))
    const before = await balance()
    await claim(network.client, hopeless)
    // whoever drew the cluster is paid for that, and nobody for anything else
    expect((await balance()) - before).equal(escrow - formFee)
    expect(await stakesNow()).deep.equal(stakes)
  })
})
