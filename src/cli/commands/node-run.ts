import { join } from 'node:path'
import { loadTrace } from '../../../examples/rate-limit/trace.ts'
import { ProviderClient } from '../../../examples/rate-limit/provider-client.ts'
import { ProviderSource, sessionName } from '../../../examples/rate-limit/provider-source.ts'
import { requestsOfMember } from '../../../examples/rate-limit/traffic.ts'
import { RateLimitSource } from '../../../examples/rate-limit/workload.ts'
import { connect } from '../../adapters/evm/connect.ts'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import type { Deployment } from '../../adapters/evm/deployment.ts'
import { stockTwins } from '../../adapters/evm/stock-twins.ts'
import { startHealthServer } from '../../adapters/http/health-server.ts'
import { addressOf, createKeyring, recoverSigner } from '../../adapters/keys/keyring.ts'
import { readKeyFile } from '../../adapters/keys/key-file.ts'
import { Libp2pTransport } from '../../adapters/libp2p/transport.ts'
import { isDamage, markDamaged, openOrBegin } from '../../adapters/sqlite/set-aside.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { createLogger, openLogFile } from '../../adapters/system/logger.ts'
import { WorkerReducerRunner } from '../../adapters/worker/worker-reducer-runner.ts'
import { fromHex, toHex } from '../../codec/hex.ts'
import { parseFaults } from '../../faults/parse.ts'
import { FaultyTransport } from '../../node/faults.ts'
import type { SourceRequest } from '../../node/node.ts'
import { RsdpNode } from '../../node/node.ts'
import type { Logger } from '../../ports/logger.ts'
import type { StateSource } from '../../ports/state-source.ts'
import type { Transport } from '../../ports/transport.ts'
import { rateLimit } from '../../reducers/rate-limit.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Digest } from '../../types/ids.ts'
import { serveControl } from '../control/serve.ts'
import { diskFault } from '../disk-fault.ts'
import { journalIn } from '../journal.ts'
import { isLocalChain } from '../local/chains.ts'
import { refuseTestKey } from '../local/test-keys.ts'
import { feeCap } from '../local/wallets.ts'
import type { NodeRunOptions } from '../options.ts'
import { lossyStdout } from '../output.ts'
import { passwordPrompt } from '../password.ts'
import { loadPolicy } from '../policy-file.ts'
import type { NodeApps } from '../app/node-apps.ts'
import { openDeployment } from '../local/wallets.ts'
import type { Policy } from '../../policy/policy.ts'
import type { CommandContext } from '../run-command.ts'

/** τ of the timed mutex around aggregation. */
const AGGREGATE_TIMEOUT_MS = 2_000

/** One staked node in the foreground, until SIGTERM or SIGINT; stopping flushes and unlocks, and leaves no task. */
export async function nodeRun(options: NodeRunOptions, { signal }: CommandContext): Promise<ExitCode> {
  const file = openLogFile(join(options.dataDir, 'node.log'))
  const print = lossyStdout()
  const logger = createLogger({
    write: (line) => {
      file.write(line)
      print(line)
    },
  })
  try {
    return await runNode(options, logger, signal)
  } catch (error) {
    // stderr may lead nowhere
    logger.error('node.failed', { pid: process.pid, error: diskFault(error) ?? error })
    throw error
  }
}

async function runNode(options: NodeRunOptions, logger: Logger, signal: AbortSignal): Promise<ExitCode> {
  const { dataDir } = options
  const strategies = options.fault === undefined ? [] : parseFaults(options.fault)
  const provider = options.provider === undefined ? null : new ProviderClient(options.provider)
  const deployment = await readDeployment(options.deployment)
  const local = isLocalChain(deployment.chainId)
  if (strategies.length > 0 && !local) throw faultOnRealChain(deployment.chainId)
  const { policy, source } = loadPolicy(options, local)
  const privateKey = await signingKey(options, local)
  const keyring = createKeyring(privateKey)
  const chain = await openChain(options, deployment, privateKey, logger)
  await requireRegistered(chain, keyring.address)
  const { deploymentId } = deployment
  const store = openOrBegin({ dataDir, key: keyring.address, deploymentId }, (folder, why) =>
    logger.error('store.set-aside', { folder, why }),
  )
  const link: Transport = new Libp2pTransport({
    privateKey,
    listen: options.listen,
    clock: systemClock,
    logger,
  })
  const liarInit = { strategies, link, keyring, domain: chain.domain, store, clock: systemClock, logger }
  const liar = strategies.length === 0 ? null : new FaultyTransport(liarInit)
  const runner = new WorkerReducerRunner({ clock: systemClock, timeoutMs: AGGREGATE_TIMEOUT_MS })
  const apps = await nodeApps(options, policy)
  const failure = Promise.withResolvers<never>()
  const node = new RsdpNode({
    keyring,
    recover: recoverSigner,
    store,
    chain,
    transport: liar ?? link,
    runner,
    clock: systemClock,
    logger,
    sourceFor: (request) => apps?.open(request) ?? stateSource(request, provider, deploymentId),
    reducers: [rateLimit.id, ...(apps?.reducers ?? [])],
    ...(apps === null ? {} : { bundles: apps.bundles }),
    autoJoin: options.join,
    policy,
    stockTwins: stockTwins(),
    pollMs: options.pollMs,
    isFaulty: liar !== null,
    onFatal: (error) => failure.reject(error),
    onSeated: (seat) => liar?.seated(seat),
  })
  const health = await startHealthServer(options.healthPort, () => node.health())
  logger.info('health.listening', { port: health.port })
  logger.info('policy.in-force', { source, policy })
  const ended = Promise.withResolvers<null>()
  const stop = (): void => ended.resolve(null)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const control = await serveControl({ dataDir, key: keyring.address, healthPort: health.port, node, stop })
  try {
    await Promise.all([runner.start(), apps?.bundles.runner.start()])
    await node.start()
    await Promise.race([failure.promise, ended.promise])
    return EXIT.ok
  } catch (error) {
    if (isDamage(error)) markDamaged(dataDir)
    throw error
  } finally {
    await control.close()
    await health.close()
    await node.stop()
  }
}

/** The chain, with the journal of what this node sends in its data directory. */
function openChain(
  options: NodeRunOptions,
  deployment: Deployment,
  privateKey: Uint8Array,
  logger: Logger,
): ReturnType<typeof connect> {
  const journal = journalIn(options.dataDir, deployment, addressOf(privateKey))
  const note = (remark: string): void => logger.warn('transaction.earlier', { remark })
  return connect({
    rpcUrl: options.rpcUrl,
    deployment,
    privateKey: toHex(privateKey),
    wallet: { journal, note, ...feeCap(options) },
  })
}

/** The operator's own applications; null if there are none. */
async function nodeApps(options: NodeRunOptions, policy: Policy): Promise<NodeApps | null> {
  const { app: apps = [], bundles: folders = [] } = options
  if (apps.length === 0) return null
  const { loadNodeApps } = await import('../app/node-apps.ts')
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    return await loadNodeApps({ apps, folders, connection, policy, clock: systemClock })
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

/** The application of this node: a queue of LLM requests, in front of a provider that is replayed or real. */
function stateSource(
  request: SourceRequest,
  provider: ProviderClient | null,
  deploymentId: Digest,
): StateSource | null {
  const { taskId, reducer, params, self: member, members, decided } = request
  const decoded = reducer === rateLimit.id ? rateLimit.params.decode(fromHex(params.reducerParams)) : null
  if (decoded === null) return null
  const { demandMax } = decoded
  const rows = loadTrace()
  if (provider === null) return new RateLimitSource({ rows, member, members, demandMax, decided })
  const requests = requestsOfMember(rows, params.heights, member, members)
  const session = sessionName(deploymentId, taskId)
  const source = new ProviderSource({
    provider,
    clock: systemClock,
    session,
    requests,
    heights: params.heights,
    member,
    demandMax,
    decided,
  })
  source.start()
  return source
}

async function requireRegistered(
  chain: Awaited<ReturnType<typeof connect>>,
  key: `0x${string}`,
): Promise<void> {
  const registration = await chain.registration(key)
  if (registration === null) {
    throw new RsdpError({
      code: 'E_KEY_UNREGISTERED',
      message: `the signing key ${key} is not registered on this deployment`,
      hint: 'register it with its operator’s wallet: rsdp node register',
      exit: EXIT.precondition,
      details: { key },
    })
  }
  if (registration.freeStakeWei + registration.lockedStakeWei === 0n) {
    throw new RsdpError({
      code: 'E_NOT_STAKED',
      message: `the operator ${registration.operator} of signing key ${key} has no stake`,
      hint: 'add stake with the operator’s wallet: rsdp stake deposit',
      exit: EXIT.precondition,
      details: { key, operator: registration.operator },
    })
  }
  if ((await chain.gasBalance()) === 0n) {
    throw new RsdpError({
      code: 'E_FUNDS_GAS',
      message: `the signing key ${key} has nothing to pay gas with`,
      hint: `send it some with the operator’s wallet: rsdp fund ${key} 0.1`,
      exit: EXIT.precondition,
      details: { key },
    })
  }
}

function faultOnRealChain(chainId: number): RsdpError {
  return new RsdpError({
    code: 'E_FAULT_CHAIN',
    message: `--fault makes a node misbehave on purpose, and chain ${String(chainId)} is not a local one`,
    hint: 'leave --fault out, or use a local chain: 31337 or 1337',
    exit: EXIT.precondition,
    details: { chainId },
  })
}
