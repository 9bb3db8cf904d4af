/**
 * What registered strangers cost a node. Seven nodes run a task on a local chain on which 10, 100, 500 keys are registered:
 * their own, and others without stake whose address takes TCP connections and says nothing.
 *
 *   node scripts/strangers.ts [registered …]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection } from '../src/adapters/evm/connection.ts'
import { openConnection } from '../src/adapters/evm/open-connection.ts'
import { writeDeployment } from '../src/adapters/evm/deployment.ts'
import { register } from '../src/adapters/evm/operator.ts'
import { Wallet } from '../src/adapters/evm/wallet.ts'
import { deployContracts } from '../src/adapters/hardhat/deploy.ts'
import { startDevChain } from '../src/adapters/hardhat/dev-chain.ts'
import { createKeyring, newPrivateKey } from '../src/adapters/keys/keyring.ts'
import { peerIdFromPublicKey, privateKeyFromBytes } from '../src/adapters/libp2p/identity.ts'
import { toHex } from '../src/codec/hex.ts'
import { askHealth } from '../src/cli/control/client.ts'
import { publishTask } from '../src/cli/local/client.ts'
import type { NodeEvent, NodeProcess } from '../src/cli/local/node-process.ts'
import { registerNodes } from '../src/cli/local/register-nodes.ts'
import { startNodes } from '../src/cli/local/start-nodes.ts'
import type { LocalNode } from '../src/cli/local/register-nodes.ts'
import { Watch, waitFor } from '../src/cli/local/watch.ts'
import { table } from '../src/cli/output.ts'
import { integerArgument, runScript } from '../src/cli/run-script.ts'
import { rateLimitTask } from '../src/cli/demo/rate-limit-task.ts'

const NODES = 7
const HEIGHTS = 6
const BLOCK_MS = 250
/** Sign-ups are a block each, and are read some blocks later. */
const JOIN_BLOCKS = 80
const WAIT_MS = 180_000
const HEADER = [
  'registered',
  'ready',
  'peers',
  'connected',
  'dials to strangers',
  'resident',
  'height 1',
  'rounds',
]

interface Silent {
  readonly address: string
  /** Connections taken so far. */
  readonly taken: () => number
  readonly close: () => void
}

/** A TCP port that takes every connection and never says a word. */
async function listenSilently(): Promise<Silent> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    sockets.push(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`,
    taken: () => sockets.length,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Keys of one operator without stake, all reachable where nobody answers. */
async function registerStrangers(operator: Wallet, count: number, address: string): Promise<void> {
  const nothing = { perTaskWei: 0n, totalWei: 0n }
  for (let i = 0; i < count; i += 1) {
    const privateKey = newPrivateKey()
    const id = peerIdFromPublicKey(privateKeyFromBytes(privateKey).publicKey.raw).toString()
    await register(operator, createKeyring(privateKey), 0n, nothing, [`${address}/p2p/${id}`])
  }
}

async function publish(connection: Connection, client: Wallet): Promise<number> {
  const head = await connection.provider.getBlockNumber()
  const { taskBlocksMax } = connection.deployment.windows
  const size = { nodes: NODES, heights: HEIGHTS, epoch: HEIGHTS, factor: 10, joinBlocks: JOIN_BLOCKS }
  await publishTask(client, rateLimitTask({ ...size, head, taskBlocksMax }))
  return head + JOIN_BLOCKS
}

/** Middle of what the nodes' processes hold in memory, MB. */
function residentMb(processes: readonly NodeProcess[]): number {
  const pids = processes.map(({ pid }) => String(pid)).join(',')
  const kb = execFileSync('ps', ['-o', 'rss=', '-p', pids], { encoding: 'utf8' })
    .trim()
    .split(/\s+/)
    .map(Number)
  return Math.round((kb.toSorted((a, b) => a - b)[Math.floor(kb.length / 2)] ?? 0) / 1_024)
}

async function peersOf({ dataDir }: LocalNode): Promise<{ connected: number; known: number }> {
  const answer = await askHealth(dataDir)
  return answer?.health['peers'] as { connected: number; known: number }
}

/** Seven nodes among so many registered keys, from their start to the last height. One line of the table. */
async function measure(registered: number, signal: AbortSignal): Promise<string[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'rsdp-strangers-'))
  const silent = await listenSilently()
  const chain = await startDevChain({ port: 0, blockMs: BLOCK_MS })
  let processes: readonly NodeProcess[] = []
  try {
    const [client, , , , , , , , stranger] = chain.accounts.map(({ privateKey }) => privateKey)
    if (client === undefined || stranger === undefined) throw new Error('a local chain has test accounts')
    const nonce = toHex(newPrivateKey())
    const deployment = await deployContracts({ rpcUrl: chain.rpcUrl, deployerKey: client, nonce })
    const deploymentFile = join(dataDir, 'deployment.json')
    await writeDeployment(deploymentFile, deployment)
    const connection = await openConnection({ rpcUrl: chain.rpcUrl, deployment })
    await registerStrangers(new Wallet(connection, stranger), registered - NODES, silent.address)
    const nodes = await registerNodes(connection, NODES, dataDir)

    const watch = new Watch()
    const wait = (what: string, condition: () => boolean): Promise<void> =>
      waitFor(condition, { what, timeoutMs: WAIT_MS, signal, nodes: processes })
    const startedMs = performance.now()
    const onEvent = (node: string, event: NodeEvent): void => watch.take(node, event)
    processes = (await startNodes(nodes, { rpcUrl: chain.rpcUrl, deploymentFile, signal, onEvent })).processes
    const readyMs = performance.now() - startedMs

    const joinDeadline = await publish(connection, new Wallet(connection, client))
    await wait('all signed up', () => watch.nodesThatSaid('task.joined') === NODES)
    const missing = joinDeadline - (await connection.provider.getBlockNumber())
    if (missing > 0) await connection.provider.send('hardhat_mine', [`0x${missing.toString(16)}`])
    await wait('all drawn', () => watch.nodesThatSaid('task.running') === NODES)
    const drawnMs = performance.now()
    await wait('height 1', () => watch.decided.get(1)?.size === NODES)
    const firstMs = performance.now() - drawnMs
    await wait('the last height', () => watch.decided.get(HEIGHTS)?.size === NODES)
    const peers = await Promise.all(nodes.map(peersOf))
    const rounds = [...watch.decided.values()].map((by) =>
      Math.max(...[...by.values()].map(({ round }) => round)),
    )
    return [
      String(registered),
      `${(readyMs / 1_000).toFixed(1)} s`,
      String(Math.max(...peers.map(({ known }) => known))),
      String(Math.max(...peers.map(({ connected }) => connected))),
      String(silent.taken()),
      `${residentMb(processes)} MB`,
      `${(firstMs / 1_000).toFixed(1)} s`,
      rounds.join(' '),
    ]
  } finally {
    await Promise.all(processes.map((node) => node.stop(10_000)))
    await chain.close()
    silent.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

await runScript(async (args, signal) => {
  const sizes = args.length === 0 ? ['10', '100', '500'] : args
  const rows: string[][] = []
  for (const size of sizes)
    rows.push(await measure(integerArgument('registered', size, NODES, 10_000), signal))
  console.log(table(HEADER, rows))
})
