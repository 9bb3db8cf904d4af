import { join } from 'node:path'
import { onCron } from '../../adapters/cron/cron-schedule.ts'
import { readKeyFile } from '../../adapters/keys/key-file.ts'
import { createKeyring, recoverSigner } from '../../adapters/keys/keyring.ts'
import { Libp2pTransport } from '../../adapters/libp2p/transport.ts'
import { hashInWebAssembly } from '../../adapters/system/fast-keccak.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { openLogFile } from '../../adapters/system/log-file.ts'
import { createLogger } from '../../adapters/system/logger.ts'
import { WorkerReducerRunner } from '../../adapters/worker/worker-reducer-runner.ts'
import { fromHex } from '../../codec/hex.ts'
import { PrivateNode } from '../../node/private-node.ts'
import { listedWeights } from '../../protocol/paper/weights.ts'
import { rateLimit } from '../../reducers/rate-limit.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { PrivateCluster } from '../local/private-cluster.ts'
import { readPrivateCluster } from '../local/private-cluster.ts'
import { PrivateWorkload } from '../../demo/private-workload.ts'
import type { NodePrivateOptions } from '../node-options.ts'
import { lossyStdout } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

/** τ of the timed mutex around aggregation. */
const AGGREGATE_TIMEOUT_MS = 2_000
/** No chain says when the task ends, and nothing may be counted without end. */
const HEIGHTS_MAX = 2 ** 40

/** One member of a private cluster in the foreground, until SIGTERM or SIGINT. */
export async function nodePrivate(
  file: string,
  options: NodePrivateOptions,
  { signal }: CommandContext,
): Promise<ExitCode> {
  const { node, failure, schedule } = await makeNode(file, options)
  const interrupted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null)
    signal.addEventListener('abort', () => resolve(null))
  })
  const isCron = schedule !== 'slots' && schedule !== 'asynchronous'
  const stopCron = isCron ? onCron(schedule, () => node.resync()) : () => undefined
  try {
    await node.start()
    await Promise.race([failure, interrupted])
    return EXIT.ok
  } finally {
    stopCron()
    await node.stop()
  }
}

async function makeNode(
  file: string,
  { dataDir, listen }: NodePrivateOptions,
): Promise<{ node: PrivateNode; failure: Promise<never>; schedule: string }> {
  await hashInWebAssembly()
  const { settings, cluster, domain } = await readPrivateCluster(file)
  const log = openLogFile(join(dataDir, 'node.log'))
  const print = lossyStdout()
  const logger = createLogger({
    write: (line) => {
      log.write(line)
      print(line)
    },
  })
  const path = join(dataDir, 'key')
  const privateKey = await readKeyFile({ path, passwordFile: null, isLocalChain: true })
  const keyring = createKeyring(privateKey)
  const self = cluster.members.findIndex(({ key }) => key === keyring.address)
  if (self < 0) throw notAMember(file, keyring.address)
  const failure = Promise.withResolvers<never>()
  const runner = new WorkerReducerRunner({ clock: systemClock, timeoutMs: AGGREGATE_TIMEOUT_MS })
  await runner.start()
  const { schedule, tickMs, reducer } = settings
  const node = new PrivateNode({
    cluster,
    self,
    domain,
    tickMs,
    reducer,
    peers: settings.members.filter(({ key }) => key !== keyring.address),
    params: {
      ...settings,
      heights: HEIGHTS_MAX,
      epochHeights: 64,
      confirmTicks: settings.shareTicks,
      helloTicks: settings.debateTicks,
    },
    profile: {
      kind: 'paper',
      selection: settings.selection,
      isState: (bytes) => rateLimit.state.decode(bytes) !== null,
      weightOf: listedWeights(settings.members.map(({ weight }) => BigInt(weight))),
    },
    schedule: schedule === 'slots' || schedule === 'asynchronous' ? schedule : 'external',
    keyring,
    recover: recoverSigner,
    transport: new Libp2pTransport({ privateKey, listen, clock: systemClock, logger }),
    runner,
    source: workload(settings, self),
    clock: systemClock,
    logger,
    onFatal: (error) => failure.reject(error),
  })
  return { node, failure: failure.promise, schedule }
}

function workload(
  { reducer, reducerParams, members }: PrivateCluster['settings'],
  self: number,
): PrivateWorkload {
  const params = reducer === rateLimit.id ? rateLimit.params.decode(fromHex(reducerParams)) : null
  if (params !== null) return new PrivateWorkload(self, members.length, params.demandMax)
  throw new RsdpError({
    code: 'E_MEMBERS',
    message: `this node has no state for the reducer ${reducer} with params ${reducerParams}`,
    hint: `the membership file must name ${rateLimit.id} and its params`,
    exit: EXIT.precondition,
  })
}

function notAMember(file: string, key: string): RsdpError {
  return new RsdpError({
    code: 'E_MEMBERS',
    message: `the signing key ${key} is not in ${file}`,
    hint: 'give every member the same membership file, and each its own data directory',
    exit: EXIT.precondition,
    details: { key },
  })
}
