import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import type { Deployment } from '../../adapters/evm/deployment.ts'
import { followHistory } from '../../adapters/evm/followed-history.ts'
import { hashInWebAssembly } from '../../adapters/system/fast-keccak.ts'
import { METRICS_CONTENT_TYPE, MetricsRegistry } from '../../adapters/system/metrics-registry.ts'
import { parseWebhookUrl, postJson } from '../../adapters/system/webhook.ts'
import { startMetricsServer } from '../../api/metrics-server.ts'
import { nameOf } from '../../audit/follow.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { auditor } from '../follow/auditor.ts'
import { followTask } from '../follow/follow-task.ts'
import type { FollowEnd } from '../follow/follow-task.ts'
import { lineOf } from '../follow/messages.ts'
import { FOLLOW_METRICS } from '../follow/metrics.ts'
import { readTold, writeTold } from '../follow/state.ts'
import { stateDir } from '../journal.ts'
import type { AuditFollowOptions } from '../options.ts'
import { toJson } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { parseTaskId } from './task-list.ts'

/** Attempts to deliver one message to the webhook. */
const ATTEMPTS = 3

/**
 * Watches a task until it ends: a line per checkpoint, and an alarm per lie. Exit 6 at the first lie, which names the
 * field; 0 when the task has ended without one; 5 when time is over.
 */
export async function auditFollow(
  id: string,
  options: AuditFollowOptions,
  { output, json, signal }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const webhook = options.webhook === undefined ? null : parseWebhookUrl(options.webhook)
  await hashInWebAssembly()
  const deployment = await readDeployment(options.deployment)
  const history = followHistory(options.rpcUrl, deployment)
  const metrics = new MetricsRegistry(FOLLOW_METRICS)
  const server = await serveMetrics(options, metrics, output.say)
  const stateFile = stateFileOf(deployment, taskId)
  const before = readTold(stateFile)
  if (before.height > 0) output.say(`goes on after height ${before.height}`)
  const posted = new Set(before.alarms)

  const post = async (message: Readonly<Record<string, unknown>>): Promise<void> => {
    if (webhook === null) return
    const { chainId, deploymentId } = deployment
    const text = toJson({ schema: 1, ...message, task: id, chainId, deploymentId })
    let problem: string | null = null
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      problem = await postJson(webhook, text)
      if (problem === null) break
    }
    metrics.add('rsdp_audit_webhook_total', 1, { result: problem === null ? 'delivered' : 'failed' })
    if (problem !== null) output.say(`warning: the webhook did not take a message: ${problem}`)
  }
  const print = (event: Readonly<Record<string, unknown>>, text: string): boolean =>
    output.line(json ? toJson({ ...event, ts: new Date().toISOString() }) : text)

  try {
    const end = await followTask({
      ...{ history, taskId, signal, metrics, say: output.say },
      // a lie is told again, so that nobody has to look for what ended the watch before
      told: { ...before, alarms: [] },
      ...{ pollMs: options.pollMs, keepGoing: options.keepGoing },
      audit: auditor(options, output.say),
      nowMs: () => performance.now(),
      deadlineMs: performance.now() + (options.timeout ?? Infinity) * 1000,
      pause: (ms) => sleep(ms, undefined, { signal }).catch(() => undefined),
      tell: async (events, state) => {
        for (const event of events) print({ ...event, task: id }, lineOf(event))
        for (const event of events) {
          if (event.type !== 'alarm' || posted.has(nameOf(event))) continue
          posted.add(nameOf(event))
          await post({ ...event })
        }
        writeTold(stateFile, { ...state, alarms: [...posted] })
      },
    })
    const { reason, exit, text } = conclusion(id, end)
    print({ type: 'end', task: id, reason, verdict: end.report?.verdict ?? null }, text)
    if (reason !== 'stopped') await post({ type: 'end', reason, verdict: end.report?.verdict ?? null })
    return exit
  } finally {
    await server?.close()
    history.close()
  }
}

async function serveMetrics(
  { metricsPort }: AuditFollowOptions,
  registry: MetricsRegistry<typeof FOLLOW_METRICS>,
  say: (line: string) => void,
): Promise<{ close(): Promise<void> } | null> {
  if (metricsPort === undefined) return null
  const metrics = { text: () => registry.text(), contentType: METRICS_CONTENT_TYPE }
  const server = await startMetricsServer(metricsPort, '--metrics-port', metrics)
  say(`metrics http://127.0.0.1:${server.port}/metrics`)
  return server
}

/** Of one deployment and one task, whatever the endpoint: what was told is told. */
function stateFileOf({ deploymentId }: Deployment, taskId: bigint): string {
  return join(stateDir(), 'follow', `${deploymentId.slice(2, 18)}-${taskId}.json`)
}

function conclusion(
  id: string,
  { reason, report, lied }: FollowEnd,
): { readonly reason: string; readonly exit: ExitCode; readonly text: string } {
  if (reason === 'timeout') return { reason, exit: EXIT.timeout, text: `task ${id} had not ended in time` }
  if (reason === 'stopped')
    return { reason, exit: EXIT.ok, text: `stopped; the next watch of task ${id} goes on from here` }
  if (lied || report?.verdict === 'mismatch')
    return { reason: 'mismatch', exit: EXIT.mismatch, text: `✖ task ${id}: a lie was found` }
  const verdict = report?.verdict ?? 'pending'
  return { reason: verdict, exit: EXIT.ok, text: `task ${id} has ended: ${verdict}` }
}
