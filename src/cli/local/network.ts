import { randomBytes } from 'node:crypto'
import { openConnection } from '../../adapters/evm/connection.ts'
import type { Connection } from '../../adapters/evm/connection.ts'
import { writeDeployment } from '../../adapters/evm/deployment.ts'
import { Wallet } from '../../adapters/evm/wallet.ts'
import { deployContracts } from '../../adapters/hardhat/deploy.ts'
import { startDevChain } from '../../adapters/hardhat/dev-chain.ts'
import { toHex } from '../../codec/hex.ts'
import { invariant } from '../../types/errors.ts'
import type { NodeEvent } from './node-process.ts'
import { NodeProcess } from './node-process.ts'
import { registerNodes } from './register-nodes.ts'
import type { LocalNode } from './register-nodes.ts'
import { Watch, waitFor } from './watch.ts'

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
  /** URL of a provider that the nodes send the example's requests to. */
  readonly provider?: string
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
  /** Ends nodes, then the chain; exit codes of the nodes. May be called twice. */
  stop(): Promise<number[]>
}

const STOP_GRACE_MS = 10_000

export async function startLocalNetwork(init: LocalNetworkInit): Promise<LocalNetwork> {
  const { say } = init
  const started = performance.now()
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`
  const chain = await startDevChain({ port: init.port, blockMs: init.blockMs })
  let processes: NodeProcess[] = []
  const stop = async (): Promise<number[]> => {
    const codes = await Promise.all(processes.map((node) => node.stop(STOP_GRACE_MS)))
    await chain.close()
    return codes
  }
  try {
    say(`✔ chain ${String(chain.chainId)} on ${chain.rpcUrl} (${seconds()})`)
    const deployerKey = chain.accounts[0]?.privateKey
    invariant(deployerKey !== undefined, 'a local chain has test accounts')
    const nonce = toHex(randomBytes(32))
    const deployment = await deployContracts({ rpcUrl: chain.rpcUrl, deployerKey, nonce })
    await writeDeployment(init.deploymentFile, deployment)
    say(
      `✔ contracts deployed: NodeRegistry, TaskBoard, PhaseLog, Slasher, BundleStore and the test token (${seconds()})`,
    )
    const connection = await openConnection({ rpcUrl: chain.rpcUrl, deployment })
    const nodes = await registerNodes(connection, init.nodes, init.dataDir, init.names)
    say(`✔ ${String(nodes.length)} nodes registered and staked, each with its own key (${seconds()})`)
    const watch = new Watch()
    const { deploymentFile, faults, provider } = init
    processes = spawnNodes(
      nodes,
      { rpcUrl: chain.rpcUrl, deploymentFile, faults, provider },
      (node, event) => {
        watch.take(node, event)
        init.onEvent(node, event)
      },
    )
    await waitFor(() => watch.nodesThatSaid('node.ready') === nodes.length, {
      what: `all ${String(nodes.length)} nodes ready`,
      timeoutMs: 120_000,
      signal: init.signal,
      nodes: processes,
    })
    say(`✔ ${String(nodes.length)} processes run (${seconds()})`)
    const client = new Wallet(connection, deployerKey)
    return {
      rpcUrl: chain.rpcUrl,
      deploymentFile: init.deploymentFile,
      connection,
      client,
      nodes,
      processes,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

export interface Surroundings {
  readonly rpcUrl: string
  readonly deploymentFile: string
  /** Faults switched on on purpose, by node. */
  readonly faults?: ReadonlyMap<number, string>
  readonly provider?: string | undefined
}

/** Starts a process for each node. */
export function spawnNodes(
  nodes: readonly LocalNode[],
  { rpcUrl, deploymentFile, faults, provider }: Surroundings,
  onEvent: (node: string, event: NodeEvent) => void,
): NodeProcess[] {
  return nodes.map(({ name, dataDir, listen }, i) => {
    const fault = faults?.get(i)
    const args = ['--data-dir', dataDir, '--listen', listen, '--rpc-url', rpcUrl]
    args.push('--deployment', deploymentFile)
    if (fault !== undefined) args.push('--fault', fault)
    if (provider !== undefined) args.push('--provider', provider)
    return new NodeProcess({ name, args, onEvent: (event) => onEvent(name, event) })
  })
}
