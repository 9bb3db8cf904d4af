import { randomBytes } from 'node:crypto'
import { brokerOf } from '../../adapters/amqp/broker-url.ts'
import { onCron } from '../../adapters/cron/cron-schedule.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { parseFaults } from '../../faults/parse.ts'
import { startLocalNetwork } from '../local/network.ts'
import type { LocalNetwork } from '../local/network.ts'
import { runPrivateNetwork } from '../local/private-network.ts'
import type { DevOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { Drills } from '../local/drills.ts'
import { untilStopped } from '../local/until-stopped.ts'
import type { Dashboard } from '../ui/open-dashboard.ts'

/** A local network that stays up until Ctrl-C. The chain lives in memory and is gone then; node data stays on disk. */
export async function dev(options: DevOptions, context: CommandContext): Promise<ExitCode> {
  const { output, signal } = context
  // a wrong URL is told now, not by every node
  brokerOf(options.transport)
  if (options.chain !== (options.profile === 'bft')) throw wrongProfile(options)
  const dataDir = `${options.dataDir}/${new Date().toISOString().replace(/[:.]/g, '-')}`
  if (!options.chain) {
    const { schedule } = options
    // a wrong expression is told now, not by every node
    if (schedule !== 'slots' && schedule !== 'asynchronous') onCron(schedule, () => undefined)()
    await runPrivateNetwork({ ...options, dataDir }, context)
    return EXIT.ok
  }
  if (options.app !== undefined) {
    const { buildApp } = await import('../app/folder.ts')
    const { name, id } = await buildApp(options.app)
    output.say(`✔ ${name} built: ${id}`)
  }
  // so is a misbehaviour that does not exist
  if (options.fault !== undefined) parseFaults(options.fault)
  const { openDashboard } = await import('../ui/open-dashboard.ts')
  const dashboard = options.ui ? await openDashboard(options.uiPort) : null
  let network: LocalNetwork | null = null
  let drills: Drills | null = null
  try {
    network = await start(options, dataDir, context, dashboard)
    await dashboard?.show(network)
    const made = new Drills(network, () => dashboard?.decided() ?? 0)
    drills = made
    const token = randomBytes(32).toString('hex')
    dashboard?.allow({ token, answer: () => made.answer(), do: (ask) => made.do(ask) })
    report(options, network, dashboard === null ? null : { url: dashboard.url, token }, context)
    await untilStopped(drills.running, signal)
  } finally {
    if (network !== null) await drills?.stop(network)
    await network?.stop()
    await dashboard?.close()
  }
  return EXIT.ok
}

function start(
  options: DevOptions,
  dataDir: string,
  { output, signal }: CommandContext,
  dashboard: Dashboard | null,
): Promise<LocalNetwork> {
  const { fault, nodes } = options
  return startLocalNetwork({
    nodes,
    port: options.port,
    blockMs: options.blockMs,
    dataDir,
    deploymentFile: options.deployment,
    ...(dashboard === null ? {} : { page: dashboard.page }),
    faults: new Map(fault === undefined ? [] : [[nodes - 1, fault]]),
    transport: options.transport,
    withTwins: true,
    ...(options.app === undefined ? {} : { app: options.app }),
    ...(options.feed === undefined ? {} : { feed: options.feed }),
    say: output.say,
    signal,
    onEvent: (node, line) => {
      dashboard?.take(node, line)
      const { event, facts } = line
      if (event === 'height.decided' || event.endsWith('.mined') || event === 'task.running') {
        output.say(
          `${node.padEnd(6)} ${event} ${JSON.stringify({ ...facts, time: undefined, level: undefined, state: undefined })}`,
        )
      }
    },
  })
}

function report(
  { deployment, app }: DevOptions,
  { rpcUrl, nodes }: LocalNetwork,
  dashboard: { readonly url: string; readonly token: string } | null,
  { output }: CommandContext,
): void {
  const rows = nodes.map(({ name, key, dataDir, listen }) => [name, key, listen, dataDir])
  const url = dashboard?.url ?? null
  const drills = dashboard === null ? null : `${dashboard.url}/#drills=${dashboard.token}`
  output.result(
    { rpcUrl, deployment, nodes: rows, ...(url === null ? {} : { dashboard: url, drills }) },
    `\n${table(['node', 'signing key', 'listens on', 'data'], rows)}\n\n` +
      (url === null ? '' : `dashboard   ${url}\ndrills      ${drills}   kill, pause, lie: for you alone\n`) +
      `chain       ${rpcUrl}   public test accounts: never fund them\n` +
      `deployment  ${deployment}\n` +
      `next        rsdp task publish --rpc-url ${rpcUrl} --deployment ${deployment}${app === undefined ? '' : ` --app ${app}`}\n` +
      'Ctrl-C stops the nodes, then the chain',
  )
}

function wrongProfile({ profile, chain }: DevOptions): RsdpError {
  return new RsdpError({
    code: 'E_PROFILE',
    message: `profile ${profile} ${chain ? 'with' : 'without'} a chain`,
    hint: 'the contracts take what profile bft certifies; give --profile paper and --no-chain together',
    exit: EXIT.usage,
  })
}
