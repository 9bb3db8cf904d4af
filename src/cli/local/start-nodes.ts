import { updateAddresses } from '../../adapters/evm/operator.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { NodeEvent } from './node-process.ts'
import { NodeProcess } from './node-process.ts'
import { peerIdOfKey } from './peer-id.ts'
import type { LocalNode } from './register-nodes.ts'
import { localPlace, nodeKey } from './register-nodes.ts'
import { waitFor } from './watch.ts'

export interface Surroundings {
  readonly rpcUrl: string
  readonly deploymentFile: string
  /** Faults switched on on purpose, by node. */
  readonly faults?: ReadonlyMap<number, string>
  readonly provider?: string | undefined
  /** Folder of an application that the nodes run, built. */
  readonly app?: string | undefined
  /** How the nodes talk; absent: libp2p. */
  readonly transport?: string | undefined
  /** Reducers whose states come over each node’s API. */
  readonly feed?: readonly string[] | undefined
  /** Further arguments of each node. */
  readonly also?: ((node: LocalNode) => readonly string[]) | undefined
  readonly signal: AbortSignal
  readonly onEvent: (node: string, event: NodeEvent) => void
}

export interface RunningNodes {
  /** Where they are now. */
  readonly nodes: readonly LocalNode[]
  readonly processes: readonly NodeProcess[]
}

/** Other ports that are tried, for all nodes together. */
const MOVES_MAX = 10
const STOP_GRACE_MS = 10_000
/** For starting, and as much again for each node: they share the machine. */
const READY_MS = { least: 120_000, each: 10_000 } as const

/**
 * Starts a process for each node and waits until all are ready. A node whose port another program has taken gets another
 * one, and says so on chain. On any error all of them are stopped.
 */
export async function startNodes(
  registered: readonly LocalNode[],
  surroundings: Surroundings,
): Promise<RunningNodes> {
  const { signal } = surroundings
  const ready = new Set<string>()
  const nodes = [...registered]
  const start = (node: LocalNode, i: number): NodeProcess =>
    startNode(node, i, surroundings, ({ event }) => {
      if (event === 'node.ready') ready.add(node.name)
    })
  const processes = nodes.map(start)
  let moves = 0
  const moveTaken = async (): Promise<void> => {
    for (;;) {
      const i = processes.findIndex(({ exitCode }) => exitCode === EXIT.busy)
      const node = nodes[i]
      if (node === undefined || moves === MOVES_MAX) return
      moves += 1
      nodes[i] = await moveNode(node)
      processes[i] = start(nodes[i], i)
    }
  }
  try {
    await waitFor(
      async () => {
        await moveTaken()
        return ready.size === nodes.length
      },
      {
        what: `all ${nodes.length} nodes ready`,
        timeoutMs: READY_MS.least + READY_MS.each * nodes.length,
        signal,
        nodes: processes,
      },
    )
    return { nodes, processes }
  } catch (error) {
    await stopNodes(processes)
    throw error
  }
}

/** Exit codes of the nodes, once all have ended. */
export function stopNodes(processes: readonly NodeProcess[]): Promise<number[]> {
  return Promise.all(processes.map((node) => node.stop(STOP_GRACE_MS)))
}

/** @param told of its events, too */
export function startNode(
  node: LocalNode,
  i: number,
  { rpcUrl, deploymentFile, faults, provider, app, feed, also, transport, onEvent }: Surroundings,
  told: (event: NodeEvent) => void = () => undefined,
): NodeProcess {
  const { name, dataDir, listen, hold } = node
  const fault = faults?.get(i)
  const args = ['--data-dir', dataDir, '--listen', listen, '--rpc-url', rpcUrl]
  args.push('--deployment', deploymentFile)
  if (fault !== undefined) args.push('--fault', fault)
  if (provider !== undefined) args.push('--provider', provider)
  if (app !== undefined) args.push('--app', app)
  if (feed !== undefined) args.push('--feed', ...feed)
  if (also !== undefined) args.push(...also(node))
  hold.release()
  return new NodeProcess({
    name,
    args,
    // it may hold a password
    ...(transport === undefined ? {} : { env: { RSDP_TRANSPORT: transport } }),
    onEvent: (event) => {
      onEvent(name, event)
      told(event)
    },
  })
}

/** Another port for a node, on this machine and on chain. */
async function moveNode(node: LocalNode): Promise<LocalNode> {
  const place = await localPlace()
  const peerId = peerIdOfKey(await nodeKey(node.dataDir))
  await updateAddresses(node.operator, node.key, [`${place.listen}/p2p/${peerId}`])
  return { ...node, ...place }
}
