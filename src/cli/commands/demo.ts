import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WINDOW_SECONDS } from '../../demo/trace.ts'
import { TwoProviders } from '../demo/two-providers.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { auditProcess } from '../local/audit-process.ts'
import { LiarWatch } from '../local/liar-watch.ts'
import type { LocalNetwork } from '../local/network.ts'
import { startLocalNetwork } from '../local/network.ts'
import { NODE_NAMES } from '../local/register-nodes.ts'
import { settleTask } from '../local/settle.ts'
import { untilStopped } from '../local/until-stopped.ts'
import { Watch, waitFor } from '../local/watch.ts'
import type { DemoOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import type { Dashboard } from '../ui/open-dashboard.ts'
import { openDashboard } from '../ui/open-dashboard.ts'
import { anchorHistory, decideHeights, formCluster, lowestMagnitude, roundsOf } from './demo-heights.ts'
import type { AuditedConvictions } from './demo-liar.ts'
import { checkConvictions, convict, explainLast, LIAR, LIES } from './demo-liar.ts'
import { countTokens } from './demo-provider.ts'
import { sharesTable } from './demo-report.ts'
import type { Stage } from './demo-stage.ts'
import { BLOCK_MS, BUDGET, missing, SLOW } from './demo-stage.ts'

/**
 * The whole story once: chain, contracts, staked nodes as processes, a task over real requests, checkpoints, result,
 * payout and audit. Everything it prints was computed by the nodes, the chain or the auditor; whatever it promises and
 * does not happen ends it with an error.
 */
export async function demo(options: DemoOptions, { output, signal }: CommandContext): Promise<ExitCode> {
  const started = performance.now()
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'rsdp-demo-')))
  const watch = new Watch()
  const lies = LIES.filter(({ to }) => to <= options.heights)
  const liar = options.liar ? new LiarWatch(LIAR.name, lies) : null
  const windowMs = Math.round((WINDOW_SECONDS * 1000) / options.factor)
  const slowMs = SLOW.windows * windowMs
  const faults = new Map([[SLOW.node, `delay-status:${String(SLOW.height)}:${String(slowMs)}`]])
  if (liar !== null) faults.set(LIAR.node, liar.fault)
  let providers: TwoProviders | null = null
  let network: LocalNetwork | null = null
  let dashboard: Dashboard | null = null
  try {
    if (options.ui) dashboard = await openDashboard(options.uiPort)
    const shown = dashboard
    if (shown !== null) output.say(`✔ dashboard at ${shown.url}`)
    providers = await TwoProviders.start(BUDGET, windowMs, dataDir)
    output.say(`✔ two providers, ${String(BUDGET)} tokens per ${String(windowMs)} ms each (HTTP)`)
    network = await startLocalNetwork({
      nodes: options.nodes,
      port: 0,
      blockMs: BLOCK_MS,
      dataDir,
      deploymentFile: join(dataDir, 'deployment.json'),
      names: liar === null ? NODE_NAMES : NODE_NAMES.with(LIAR.node, LIAR.name),
      faults,
      ...(shown === null ? {} : { page: shown.page }),
      provider: providers.url,
      say: output.say,
      signal,
      onEvent: (node, event) => {
        shown?.take(node, event)
        watch.take(node, event)
        liar?.take(node, event)
      },
    })
    await shown?.show(network)
    const { processes } = network
    const summary = await story({
      options,
      network,
      providers,
      windowMs,
      watch,
      liar,
      say: output.say,
      wait: (what, timeoutMs, condition) => waitFor(condition, { what, timeoutMs, signal, nodes: processes }),
    })
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    if (shown !== null && !signal.aborted) {
      output.say(`\n✔ all of it happened; the network stays up for ${shown.url} until Ctrl-C`)
      await untilStopped(processes, signal)
    }
    const stopped = await network.stop()
    if (stopped.some((code) => code !== 0 && code !== 143)) {
      throw missing(`clean shutdown of every node (exit codes ${stopped.join(', ')})`)
    }
    output.result({ ...summary, seconds: Number(seconds) }, `\n✔ all of it happened, in ${seconds} s`)
    return EXIT.ok
  } finally {
    await network?.stop()
    await dashboard?.close()
    await providers?.stop()
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
}

async function story(stage: Stage): Promise<Record<string, unknown>> {
  const { options, network, watch, liar, say } = stage
  const { taskId, params } = await formCluster(stage)
  stage.providers.startEvenSplit(options.nodes, options.heights, BUDGET)
  await decideHeights(stage, taskId)
  await convict(stage)
  const provider = await countTokens(stage, taskId)
  await anchorHistory(stage, params)
  say(sharesTable(options.heights, watch))
  const paid = await settleTask(network, taskId)
  say(paid.text)
  say('\n$ rsdp audit: a separate process that knows only the RPC URL and the deployment file')
  const audit = await auditProcess(network, taskId)
  process.stderr.write(audit.text)
  if (audit.exitCode !== 0) throw missing(`an audit without findings (exit code ${String(audit.exitCode)})`)
  const convictions = (audit.data as AuditedConvictions).convictions
  checkConvictions(stage, convictions)
  await explainLast(stage, convictions)
  return {
    task: String(taskId),
    nodes: options.nodes,
    heights: options.heights,
    rounds: roundsOf(watch),
    lowestMagnitude: lowestMagnitude(watch),
    provider,
    checkpoints: watch.of('checkpoint.mined').length,
    paid: paid.data,
    audit: audit.data,
    liar:
      liar === null
        ? null
        : {
            seat: liar.seat,
            lies: liar.told.map(({ fault, height }) => ({ fault, height })),
            convictions,
          },
  }
}
