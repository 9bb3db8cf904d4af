import { randomBytes } from 'node:crypto'
import { openConnection } from '../../adapters/evm/open-connection.ts'
import type { Connection } from '../../adapters/evm/connection.ts'
import type { Deployment } from '../../adapters/evm/deployment.ts'
import { writeDeployment } from '../../adapters/evm/deployment.ts'
import { Wallet } from '../../adapters/evm/wallet.ts'
import { deployContracts } from '../../adapters/hardhat/deploy.ts'
import { deployTwins } from '../../adapters/hardhat/deploy-twins.ts'
import { startDevChain } from '../../adapters/hardhat/dev-chain.ts'
import { toHex } from '../../codec/hex.ts'
import { invariant } from '../../types/errors.ts'
import { machineWarning } from './machine.ts'
import type { NodeEvent } from './node-process.ts'
import type { NodeProcess } from './node-process.ts'
import { registerNodes } from './register-nodes.ts'
import type { LocalNode } from './register-nodes.ts'
import type { Surroundings } from './start-nodes.ts'
import { startNode, startNodes, stopNodes } from './start-nodes.ts'

export interface LocalNetworkInit {
  readonly nodes: number
  /** Port of the chain; 0 picks a free one. */
  readonly port: number
  readonly blockMs: number
  readonly dataDir: string
  readonly deploymentFile: string
  /** Names by order of start; default: alice, bob, … */
  readonly names?: readonly string[]
  /** Faults switched on on purpose, by node. */
  readonly faults: ReadonlyMap<number, string>
  /** URL of a provider that the nodes send the demo's requests to. */
  readonly provider?: string
  /** Folder of an application that the nodes run, built. */
  readonly app?: string
  /** How the nodes talk; absent: libp2p. */
  readonly transport?: string
  readonly feed?: readonly string[]
  /** Further arguments of each node; all are registered by then. */
  readonly also?: (node: LocalNode, nodes: readonly LocalNode[]) => readonly string[]
  /** Deploy the twins of the stock reducers, too. */
  readonly withTwins?: boolean
  /** Hashes of the dashboard's page, pinned in the deployment file. */
  readonly page?: NonNullable<Deployment['page']>
  readonly say: (line: string) => void
  readonly signal: AbortSignal
  readonly onEvent: (node: string, event: NodeEvent) => void
}

/** Chain, contracts and staked nodes on this machine; each node a process of its own. */
export interface LocalNetwork {
  readonly rpcUrl: string
  readonly deploymentFile: string
  readonly connection: Connection
  readonly client: Wallet
  readonly nodes: readonly LocalNode[]
  readonly processes: readonly NodeProcess[]
  /** Starts another process for a node whose own has ended, with a misbehaviour or without. */
  readonly start: (index: number, fault: string | null) => NodeProcess
  /** Ends nodes, then the chain; exit codes of the nodes. May be called twice. */
  stop(): Promise<number[]>
}

export async function startLocalNetwork(init: LocalNetworkInit): Promise<LocalNetwork> {
  const { say } = init
  const warning = machineWarning(init.nodes)
  if (warning !== null) say(`▲ ${warning}`)
  const started = performance.now()
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`
  const chain = await startDevChain({ port: init.port, blockMs: init.blockMs })
  let processes: readonly NodeProcess[] = []
  const stop = async (): Promise<number[]> => {
    const codes = await stopNodes(processes)
    await chain.close()
    return codes
  }
  try {
    say(`✔ chain ${String(chain.chainId)} on ${chain.rpcUrl} (${seconds()})`)
    const deployerKey = chain.accounts[0]?.privateKey
    invariant(deployerKey !== undefined, 'a local chain has test accounts')
    const nonce = toHex(randomBytes(32))
    const place = { rpcUrl: chain.rpcUrl, deployerKey }
    const contracts = await deployContracts({ ...place, nonce })
    const { page } = init
    const deployment: Deployment = {
      ...contracts,
      ...(page === undefined ? {} : { page: { sha256: page.sha256, keccak256: page.keccak256 } }),
      ...(init.withTwins === true ? { twins: await deployTwins(place) } : {}),
    }
    await writeDeployment(init.deploymentFile, deployment)
    say(
      `✔ contracts deployed: NodeRegistry, TaskBoard, PhaseLog, Slasher, BundleStore, TaskLines and the test token (${seconds()})`,
    )
    const connection = await openConnection({ rpcUrl: chain.rpcUrl, deployment })
    const nodes = await registerNodes(connection, init.nodes, init.dataDir, init.names)
    say(`✔ ${String(nodes.length)} nodes registered and staked, each with its own key (${seconds()})`)
    const { deploymentFile, faults, provider, app, feed, also, transport, signal, onEvent } = init
    const surroundings: Surroundings = {
      ...{ rpcUrl: chain.rpcUrl, deploymentFile, faults, provider, app, feed, transport, signal, onEvent },
      ...(also === undefined ? {} : { also: (node) => also(node, nodes) }),
    }
    const running = await startNodes(nodes, surroundings)
    processes = running.processes
    say(`✔ ${String(nodes.length)} processes run (${seconds()})`)
    const client = new Wallet(connection, deployerKey)
    return {
      rpcUrl: chain.rpcUrl,
      deploymentFile: init.deploymentFile,
      connection,
      client,
      ...running,
      start: (index, fault) => {
        const { [index]: node } = running.nodes
        invariant(node !== undefined, 'a node of this network')
        return startNode(node, index, {
          ...surroundings,
          faults: new Map(fault === null ? [] : [[index, fault]]),
        })
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
