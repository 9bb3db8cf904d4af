import { BundleExchange } from '../agents/bundle-exchange.ts'
import { Channel } from '../agents/channel.ts'
import { PeerWatch } from '../agents/peer-watch.ts'
import type { Links } from '../agents/services-agents.ts'
import { connect } from '../adapters/evm/connect.ts'
import type { EndpointStatus, OnEndpoint } from '../adapters/evm/endpoints/pool.ts'
import type { Deployment } from '../adapters/evm/deployment.ts'
import type { EvmChain } from '../adapters/evm/evm-chain.ts'
import { stockTwins } from '../adapters/evm/stock-twins.ts'
import { addressOf, createKeyring, recoverSigner } from '../adapters/keys/keyring.ts'
import { Libp2pTransport } from '../adapters/libp2p/transport.ts'
import type { BrokerUrl } from '../adapters/amqp/broker-url.ts'
import { isDamage, markDamaged, openOrBegin } from '../adapters/sqlite/set-aside.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { freezesIn } from '../adapters/system/freezes-file.ts'
import { hashInWebAssembly } from '../adapters/system/fast-keccak.ts'
import type { SandboxRunner } from '../adapters/worker/sandbox-runner.ts'
import { WorkerReducerRunner } from '../adapters/worker/worker-reducer-runner.ts'
import { toHex } from '../codec/hex.ts'
import type { Strategy } from '../faults/mouth.ts'
import { FaultyTransport } from '../node/faults.ts'
import type { SourceRequest } from '../node/node-init.ts'
import type { NodeHealth } from '../node/node-health.ts'
import { RsdpNode } from '../node/node.ts'
import { ShapedTransport } from '../node/shaped-transport.ts'
import type { LinkShape } from '../node/shaped-transport.ts'
import { defaultPolicy } from '../policy/policy.ts'
import type { Policy } from '../policy/policy.ts'
import type { Bundles } from '../ports/bundles.ts'
import type { Keyring } from '../ports/keyring.ts'
import type { Logger } from '../ports/logger.ts'
import type { StateSource } from '../ports/state-source.ts'
import { chanceOf } from '../types/chance.ts'
import type { Store } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Address } from '../types/ids.ts'
import { journalIn } from './journal.ts'
import { requireRegistered } from './registered.ts'

/** τ of the timed mutex around aggregation. */
const AGGREGATE_TIMEOUT_MS = 2_000
const POLL_MS = 500
const SILENT: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** What this node brings to the tasks of some reducers. */
export interface Application {
  /** `name@version` of stock reducers, or ids of bundles. */
  readonly reducers: readonly string[]
  /** The state of this node in a task, height by height; null if it has none for these params. May do I/O. */
  readonly open: (request: SourceRequest) => StateSource | null
  /** A task of a line was drawn without this node, which was a member of one before. */
  readonly drawnElsewhere?: (line: Address, taskId: bigint, predecessor: bigint) => void
}

export interface CreateNodeInit {
  /** Folder of the store and of the journal of transactions; one process at a time. */
  readonly dataDir: string
  /** The signing key, 32 bytes. */
  readonly privateKey: Uint8Array
  readonly rpcUrl: string
  readonly deployment: Deployment
  /** Multiaddrs to listen on: `/ip4/0.0.0.0/tcp/4001`. */
  readonly listen: readonly string[]
  /** Talk over this broker instead. */
  readonly broker?: BrokerUrl
  readonly applications: readonly Application[]
  /** Bundles that the applications are for, and the thread that runs them. */
  readonly bundles?: Bundles & { readonly runner: SandboxRunner }
  /** Sign up for published tasks; default: yes. */
  readonly autoJoin?: boolean
  /** For which; default: that of such a chain. */
  readonly policy?: Policy
  /** Events of the node, by name; default: none. */
  readonly logger?: Logger
  /** Pause between two looks at the chain; default: 500 ms. */
  readonly pollMs?: number
  /** Most that a unit of gas may cost, wei. */
  readonly feeCapWei?: bigint
  /** Names the code that runs reducers here: a task that other code has frozen starts again; default: that of Node. */
  readonly code?: string
  /** Ways to lie, on a local chain only. */
  readonly strategies?: readonly Strategy[]
  /** Slow and cut links to peers, for trials on a local chain. */
  readonly shapeOf?: (peer: Address) => LinkShape
}

/** One staked node, made of the adapters of this machine: a chain over RPC, libp2p, SQLite, worker threads. */
export interface StakedNode {
  readonly node: RsdpNode
  /** What it has towards other members, for what runs beside the protocol. */
  readonly links: Links
  health: () => NodeHealth & { readonly endpoints: readonly EndpointStatus[] }
  /** What the signing key has for gas, wei. @throws RsdpError E_RPC_DOWN */
  gasBalance(): Promise<bigint>
  /** Listens, reads the chain, and runs what it was drawn for. Rejects if it cannot start. */
  start(): Promise<void>
  /** Rejects when the node has failed for good; stop it then. */
  readonly failed: Promise<never>
  /** Flushes and unlocks; leaves no task. May be called twice. */
  stop(): Promise<void>
}

/**
 * The one place where a staked node is put together. Its store is locked from here until `stop`.
 *
 * @throws RsdpError E_FAULT_CHAIN, E_KEY_UNREGISTERED, E_NOT_STAKED, E_FUNDS_GAS, E_RPC_DOWN, E_STORE_LOCKED
 */
export async function createNode(init: CreateNodeInit): Promise<StakedNode> {
  const { dataDir, privateKey, deployment, strategies = [], logger = SILENT } = init
  const isLocal = chanceOf(deployment.chainId) === 'local'
  refuseFaults(strategies, deployment)
  await hashInWebAssembly()
  const keyring = createKeyring(privateKey)
  const clock = systemClock
  const { chain, store } = await openPlace(init, keyring.address, logger)
  const bare = await createTransport(init, keyring, logger)
  const link = new Channel(init.shapeOf === undefined ? bare : new ShapedTransport(bare, clock, init.shapeOf))
  const watch = new PeerWatch(clock, link)
  const { domain } = chain
  const liar =
    strategies.length === 0
      ? null
      : new FaultyTransport({ strategies, link, keyring, domain, store, clock, logger })
  const runner = new WorkerReducerRunner({ clock, timeoutMs: AGGREGATE_TIMEOUT_MS })
  const failure = Promise.withResolvers<never>()
  const failed = mindingDamage(dataDir, () => failure.promise)
  // whoever does not listen must not die of it
  failed.catch(() => undefined)
  const { applications, bundles } = init
  const node = new RsdpNode({
    ...{ keyring, recover: recoverSigner, store, chain, runner, clock, logger },
    transport: liar ?? link,
    sourceFor: (request) => firstSource(applications, request),
    reducers: [...new Set(applications.flatMap(({ reducers }) => reducers))],
    ...(bundles === undefined ? {} : { bundles }),
    freezes: freezesIn(dataDir, init.code ?? `node ${process.version} ${process.arch}`),
    autoJoin: init.autoJoin ?? true,
    policy: init.policy ?? defaultPolicy(isLocal),
    stockTwins: stockTwins(),
    pollMs: init.pollMs ?? POLL_MS,
    isFaulty: liar !== null,
    onFatal: (error) => failure.reject(error),
    onSeated: (seat) => liar?.seated(seat),
    onDrawnElsewhere: (line, taskId, predecessor) => {
      for (const { drawnElsewhere } of applications) drawnElsewhere?.(line, taskId, predecessor)
    },
  })
  const exchange =
    bundles === undefined
      ? null
      : new BundleExchange({
          ...{ channel: link, clock, logger, bundles },
          membersWith: (id) => node.peers(id),
          found: (id) => node.bundleFound(id),
        })
  return {
    node,
    links: { channel: link, watch },
    health: () => ({ ...node.health(), endpoints: chain.endpoints() }),
    gasBalance: () => chain.gasBalance(),
    start: () =>
      mindingDamage(dataDir, async () => {
        await Promise.all([runner.start(), bundles?.runner.start()])
        await node.start()
        exchange?.start()
      }),
    failed,
    stop: () => {
      exchange?.stop()
      return node.stop()
    },
  }
}

/** Libp2p, or a broker, whose package is loaded only then. */
async function createTransport(
  { privateKey, listen, broker, deployment }: CreateNodeInit,
  keyring: Keyring,
  logger: Logger,
): Promise<Transport> {
  const clock = systemClock
  if (broker === undefined) return new Libp2pTransport({ privateKey, listen, clock, logger })
  const { AmqpTransport } = await import('../adapters/amqp/transport.ts')
  const namespace = `rsdp.${deployment.deploymentId.slice(2, 18)}`
  return new AmqpTransport({ broker, namespace, keyring, recover: recoverSigner, clock, logger })
}

/** Of the first application that has one. */
function firstSource(applications: readonly Application[], request: SourceRequest): StateSource | null {
  for (const { reducers, open } of applications) {
    const source = reducers.includes(request.reducer) ? open(request) : null
    if (source !== null) return source
  }
  return null
}

/** The next start sets a damaged store aside. */
async function mindingDamage<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isDamage(error)) markDamaged(dataDir)
    throw error
  }
}

/** Chain and store, both or neither. */
async function openPlace(
  init: CreateNodeInit,
  key: Address,
  logger: Logger,
): Promise<{ readonly chain: EvmChain; readonly store: Store }> {
  const { dataDir, deployment } = init
  const chain = await openChain(init, logger)
  try {
    await requireRegistered(chain, key)
    const store = openOrBegin({ dataDir, key, deploymentId: deployment.deploymentId }, (folder, why) =>
      logger.error('store.set-aside', { folder, why }),
    )
    return { chain, store }
  } catch (error) {
    chain.close()
    throw error
  }
}

/** The chain, with the journal of what this node sends in its data directory. */
function openChain(
  { dataDir, rpcUrl, deployment, privateKey, feeCapWei }: CreateNodeInit,
  logger: Logger,
): Promise<EvmChain> {
  const journal = journalIn(dataDir, deployment, addressOf(privateKey))
  const note = (remark: string): void => logger.warn('transaction.earlier', { remark })
  const wallet = { journal, note, ...(feeCapWei === undefined ? {} : { feeCapWei }) }
  const onEndpoint: OnEndpoint = (endpoint, trouble) => {
    if (trouble === null) logger.info('endpoint.well', { endpoint })
    else logger.warn('endpoint.trouble', { endpoint, ...trouble })
  }
  return connect({ rpcUrl, deployment, privateKey: toHex(privateKey), wallet, onEndpoint })
}

/** @throws RsdpError E_FAULT_CHAIN for ways to lie on a chain that is no local one */
export function refuseFaults(strategies: readonly Strategy[], { chainId }: Deployment): void {
  if (strategies.length === 0 || chanceOf(chainId) === 'local') return
  throw new RsdpError({
    code: 'E_FAULT_CHAIN',
    message: `--fault makes a node misbehave on purpose, and chain ${String(chainId)} is not a local one`,
    hint: 'leave --fault out, or use a local chain: 31337 or 1337',
    exit: EXIT.precondition,
    details: { chainId },
  })
}
