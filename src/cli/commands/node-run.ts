import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { brokerOf } from '../../adapters/amqp/broker-url.ts'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import { SqliteCommandJournal } from '../../adapters/sqlite/command-journal.ts'
import { Agreements } from '../../agreement/agreements.ts'
import { TaskFeed } from '../../api/task-feed.ts'
import { readKeyFile } from '../../adapters/keys/key-file.ts'
import { addressOf } from '../../adapters/keys/keyring.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { openLogFile } from '../../adapters/system/log-file.ts'
import { createLogger } from '../../adapters/system/logger.ts'
import { createNode, refuseFaults } from '../../compose/create-node.ts'
import type { Application, CreateNodeInit, StakedNode } from '../../compose/create-node.ts'
import { NodeMetrics } from '../../compose/metrics/node-metrics.ts'
import { tee } from '../../compose/tee.ts'
import { parseFaults } from '../../faults/parse.ts'
import type { SourceRequest } from '../../node/node-init.ts'
import type { Logger } from '../../ports/logger.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address, Digest } from '../../types/ids.ts'
import type { Observed } from '../control/metrics.ts'
import { metricsText, observe } from '../control/metrics.ts'
import type { ControlledNode } from '../control/serve.ts'
import { serveControl } from '../control/serve.ts'
import { diskFault } from '../disk-fault.ts'
import { linksIn } from '../link-file.ts'
import { isLocalChain } from '../local/chains.ts'
import { refuseTestKey } from '../local/test-keys.ts'
import { feeCap } from '../local/wallets.ts'
import type { NodeRunOptions } from '../node-options.ts'
import { lossyStdout } from '../output.ts'
import { passwordPrompt } from '../password.ts'
import { loadPolicy } from '../policy-file.ts'
import { judgeInput } from '../app/judge-input.ts'
import { isBundleId } from '../app/bundle-name.ts'
import type { NodeApps } from '../app/node-apps.ts'
import { openDeployment } from '../local/wallets.ts'
import type { Policy } from '../../policy/policy.ts'
import type { CommandContext } from '../run-command.ts'
import type { NodePage } from '../ui/node-page.ts'
import { NODE_NAME, openNodePage } from '../ui/node-page.ts'
import { hostServices } from '../services/hosting.ts'
import { VERSION } from '../version.ts'

/** What a node brings to tasks of this deployment without being told to; null: nothing. */
export type BuiltIn = (place: {
  readonly deploymentId: Digest
  readonly isLocal: boolean
}) => Application | null

/** One staked node in the foreground, until SIGTERM or SIGINT; stopping flushes and unlocks, and leaves no task. */
export async function nodeRun(
  options: NodeRunOptions,
  { signal }: CommandContext,
  builtIn: BuiltIn,
): Promise<ExitCode> {
  const file = openLogFile(join(options.dataDir, 'node.log'))
  const print = lossyStdout()
  const metrics = new NodeMetrics(VERSION, () => performance.now())
  const page = await openNodePage(options)
  const counted = metrics.tee(
    createLogger({
      write: (line) => {
        file.write(line)
        print(line)
      },
    }),
  )
  const logger = tee(counted, (event, facts) => page?.take(NODE_NAME, { event, facts }))
  try {
    return await runNode(options, builtIn, { logger, metrics, page, signal })
  } catch (error) {
    // stderr may lead nowhere
    logger.error('node.failed', { pid: process.pid, error: diskFault(error) ?? error })
    throw error
  } finally {
    await page?.close()
  }
}

interface Surroundings {
  readonly logger: Logger
  readonly metrics: NodeMetrics
  readonly page: NodePage | null
  readonly signal: AbortSignal
}

async function runNode(
  options: NodeRunOptions,
  builtIn: BuiltIn,
  { logger, metrics, page, signal }: Surroundings,
): Promise<ExitCode> {
  const { dataDir, rpcUrl, listen, join: autoJoin, pollMs } = options
  const broker = brokerOf(options.transport)
  const strategies = options.fault === undefined ? [] : parseFaults(options.fault)
  const deployment = await readDeployment(options.deployment)
  const local = isLocalChain(deployment.chainId)
  // before the key is read
  refuseFaults(strategies, deployment)
  const shaped = shapedBy(options.links, local)
  const { policy, source } = loadPolicy(options, local)
  const privateKey = await signingKey(options, local)
  const apps = await nodeApps(options, policy, logger)
  const feed = new TaskFeed(judgeInput(apps?.bundles ?? null))
  const own = builtIn({ deploymentId: deployment.deploymentId, isLocal: local })
  const { agreements, machines } = machinesIn(dataDir)
  const place = { key: addressOf(privateKey), deploymentId: deployment.deploymentId }
  const hosting = await hostServices(options, agreements, logger, place)
  const staked = await createNode({
    ...{ dataDir, privateKey, rpcUrl, deployment, listen, autoJoin, policy, logger, pollMs, strategies },
    applications: [
      feed.inputs(options.feed ?? []),
      ...[...(apps?.applications ?? []), ...(own === null ? [] : [own]), machines, hosting.application].map(
        (application) => feed.follow(application),
      ),
    ],
    ...(apps === null ? {} : { bundles: apps.bundles }),
    code: await codeName(apps !== null),
    ...(broker === null ? {} : { broker }),
    ...shaped,
    ...feeCap(options),
  })
  hosting.connect(staked.links)
  const { node } = staked
  const { key } = node.health()
  logger.info('policy.in-force', { source, policy })
  const ended = Promise.withResolvers<null>()
  const stop = (): void => ended.resolve(null)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const control = await serveControl({
    ...{ dataDir, key, feed, stop, port: options.apiPort },
    node: servedBy(staked),
    commands: agreements,
    bundleOf: (reducer) => apps?.bundles.known.get(reducer as Digest)?.bytes ?? null,
    ...hosting.asked(),
    metrics: metricsText(metrics),
  })
  logger.info('api.listening', { port: control.port })
  await page?.show(key)
  if (page !== null) logger.info('ui.listening', { url: page.url })
  let observed: Observed | null = null
  try {
    await hosting.serve()
    observed = await observe({ port: options.metricsPort, metrics, staked, deployment, logger })
    await staked.start()
    await requireBundles(apps, node)
    await Promise.race([staked.failed, ended.promise])
    return EXIT.ok
  } finally {
    await observed?.close()
    await control.close()
    await hosting.stop()
    await staked.stop()
    agreements.close()
  }
}

/** What runs reducers in this process: package, runtime, and the engine of the sandbox if there is one. */
async function codeName(hasSandbox: boolean): Promise<string> {
  const native = `rsdp ${VERSION}, node ${process.version} ${process.arch}`
  if (!hasSandbox) return native
  const { loadEngine } = await import('../../adapters/sandbox/load-engine.ts')
  return `${native}, engine ${loadEngine().hash}`
}

/** Tasks whose states are commands that come over the API. */
function machinesIn(dataDir: string): { readonly agreements: Agreements; readonly machines: Application } {
  const agreements = new Agreements({
    journal: (cluster) => new SqliteCommandJournal(dataDir, cluster),
    clockMs: () => Date.now(),
    chance: () => randomInt(2 ** 20),
  })
  const machines = {
    reducers: agreements.reducers,
    open: (request: SourceRequest) => agreements.open(request),
    drawnElsewhere: (line: Address, taskId: bigint, predecessor: bigint) =>
      agreements.drawnElsewhere(line, taskId, predecessor),
  }
  return { agreements, machines }
}

/** @throws RsdpError E_LINKS: on a local chain only */
function shapedBy(path: string | undefined, isLocal: boolean): Partial<Pick<CreateNodeInit, 'shapeOf'>> {
  if (path === undefined) return {}
  if (isLocal) return { shapeOf: linksIn(path, () => performance.now()) }
  throw new RsdpError({
    code: 'E_LINKS',
    message: '--links makes links worse on purpose, and this chain is not a local one',
    hint: 'leave --links out',
    exit: EXIT.precondition,
  })
}

/**
 * Members of the own clusters are the last to be asked for a bundle: one that no task of this node waits for is nowhere.
 *
 * @throws RsdpError E_NO_BUNDLE
 */
async function requireBundles(apps: NodeApps | null, node: StakedNode['node']): Promise<void> {
  if (apps === null || !node.health().chain.reachable) return
  const nowhere = [...apps.bundles.missing].find((id) => !node.awaits(id))
  if (nowhere === undefined) return
  const { noBundle } = await import('../app/find-bundle.ts')
  throw noBundle(nowhere)
}

/** What the API does to a node. */
function servedBy({ node, health }: StakedNode): ControlledNode['node'] {
  return {
    health,
    leave: (taskId) => node.leave(taskId),
    trust: (taskId) => node.trust(taskId),
    resume: (taskId) => node.resume(taskId),
    lines: () => node.lines(),
    whereabouts: (keys) => node.whereabouts(keys),
  }
}

/** The operator's own applications; null if there are none. */
async function nodeApps(options: NodeRunOptions, policy: Policy, logger: Logger): Promise<NodeApps | null> {
  const { app: apps = [], bundles: folders = [], feed = [], dataDir } = options
  const fed = feed.filter(isBundleId)
  if (apps.length + fed.length === 0) return null
  const { loadNodeApps } = await import('../app/node-apps.ts')
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    return await loadNodeApps({
      ...{ apps, fed, folders, dataDir, connection, policy, clock: systemClock, logger },
      ...(options.bundleMirror === undefined ? {} : { mirror: options.bundleMirror }),
    })
  } finally {
    connection.close()
  }
}

async function signingKey(options: NodeRunOptions, isLocalChain: boolean): Promise<Uint8Array> {
  const privateKey = await readKeyFile({
    path: options.keyFile ?? join(options.dataDir, 'key'),
    passwordFile: options.passwordFile ?? null,
    isLocalChain,
    askPassword: passwordPrompt(),
  })
  refuseTestKey(privateKey, isLocalChain)
  return privateKey
}
