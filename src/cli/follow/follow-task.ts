import type { FollowedHistory } from '../../adapters/evm/followed-history.ts'
import type { FollowEvent, Told } from '../../audit/follow.ts'
import { isOver, newsIn, NOTHING_TOLD } from '../../audit/follow.ts'
import type { AuditReport } from '../../audit/report.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { TaskHistory } from '../../ports/chain-history.ts'
import { RsdpError } from '../../types/errors.ts'
import type { Digest } from '../../types/ids.ts'
import type { FollowMetric } from './metrics.ts'

export interface FollowInit {
  readonly history: FollowedHistory
  readonly taskId: bigint
  readonly audit: (history: TaskHistory) => Promise<AuditReport>
  /** What was told before. */
  readonly told: Told
  readonly pollMs: number
  /** Monotonic time at which to give up; Infinity: never. */
  readonly deadlineMs: number
  readonly nowMs: () => number
  /** Resolves after so long, or at once when the signal is aborted. */
  readonly pause: (ms: number) => Promise<void>
  readonly signal: AbortSignal
  readonly keepGoing: boolean
  readonly metrics: Metrics<FollowMetric>
  /** Told in order; `told` is what has been told with it. */
  readonly tell: (events: readonly FollowEvent[], told: Told) => Promise<void>
  /** For people: the endpoint fails, or works again. */
  readonly say: (line: string) => void
}

/** How a watch ended. `report` is the last audit, null if there was none. */
export interface FollowEnd {
  readonly reason: 'over' | 'lie' | 'timeout' | 'stopped'
  readonly report: AuditReport | null
  /** Whether any lie was found, now or before. */
  readonly lied: boolean
}

const REASONS: Readonly<Record<string, string>> = {
  E_RPC_DOWN: 'down',
  E_RPC_LIMIT: 'limit',
  E_RPC_LOGS: 'logs',
  E_RPC_FORK: 'fork',
  E_RPC_STATE: 'state',
}

/**
 * Audits a task again and again, up to blocks that no re-org reaches, until it ends, a lie is found, or time is over. The
 * whole audit runs whenever anything of the task has changed, so its verdicts are those of `rsdp audit`. An endpoint that
 * fails after the first audit is asked again.
 *
 * @throws RsdpError of the first audit, E_NO_TASK among them
 */
export async function followTask(init: FollowInit): Promise<FollowEnd> {
  const watch = new Watch(init)
  while (!init.signal.aborted) {
    if (init.nowMs() >= init.deadlineMs) return watch.end('timeout')
    const isDone = await watch.look()
    if (isDone) return watch.end(watch.isLie ? 'lie' : 'over')
    await init.pause(init.pollMs)
  }
  return watch.end('stopped')
}

class Watch {
  readonly #init: FollowInit
  #told: Told
  #pulse: string | null = null
  #report: AuditReport | null = null
  #anchor: { readonly block: bigint; readonly hash: Digest } | null = null
  #failing = false
  isLie = false

  constructor(init: FollowInit) {
    this.#init = init
    this.#told = init.told
  }

  end(reason: FollowEnd['reason']): FollowEnd {
    return { reason, report: this.#report, lied: this.#told.alarms.length > 0 }
  }

  /** @returns whether there is nothing more to do */
  async look(): Promise<boolean> {
    const { metrics, say } = this.#init
    try {
      const isDone = await this.#round()
      metrics.set('rsdp_audit_up', 1)
      if (this.#failing) say('the endpoint works again')
      this.#failing = false
      return isDone
    } catch (error) {
      if (!(error instanceof RsdpError) || !error.code.startsWith('E_RPC_') || this.#report === null)
        throw error
      metrics.set('rsdp_audit_up', 0)
      metrics.add('rsdp_audit_failures_total', 1, { reason: REASONS[error.code] ?? 'other' })
      if (!this.#failing) say(`${error.message}; asking again`)
      this.#failing = true
      return false
    }
  }

  async #round(): Promise<boolean> {
    const { history, taskId, metrics, keepGoing, audit, nowMs } = this.#init
    const { head, safe } = await history.heads()
    await this.#checkAnchor(safe)
    const pulse = await history.pulse(taskId, safe)
    // published a moment ago: it comes when it is deep enough
    const isYoung = pulse === null && (await history.pulse(taskId, head)) !== null
    if (!isYoung && (pulse === null || pulse !== this.#pulse)) {
      const began = nowMs()
      const report = await audit(await history.read(taskId, safe))
      metrics.observe('rsdp_audit_duration_seconds', (nowMs() - began) / 1000)
      await this.#tell(report)
      this.#pulse = pulse
    }
    metrics.set('rsdp_audit_lag_blocks', Number(head - safe))
    if (this.#report === null) return false
    return isOver(this.#report) || (this.isLie && !keepGoing)
  }

  async #tell(report: AuditReport): Promise<void> {
    const { metrics, tell } = this.#init
    const { events, told } = newsIn(report, this.#told)
    for (const event of events) {
      if (event.type === 'checkpoint')
        metrics.add('rsdp_audit_checkpoints_total', 1, { verdict: event.verdict })
      if (event.type === 'alarm') metrics.add('rsdp_audit_alarms_total', 1, { kind: event.kind })
    }
    metrics.set('rsdp_audit_heights', told.height)
    this.isLie ||= told.alarms.length > 0
    this.#told = told
    this.#report = report
    await tell(events, told)
  }

  /** The block that was safe must be what it was; else what was read is of a chain that is gone. */
  async #checkAnchor(safe: bigint): Promise<void> {
    const { history, metrics, say } = this.#init
    const anchor = this.#anchor
    if (anchor !== null && (safe < anchor.block || (await history.hashOf(anchor.block)) !== anchor.hash)) {
      say(
        `block ${anchor.block} is another now: a re-org deeper than the deployment counts with; auditing from the start`,
      )
      metrics.add('rsdp_audit_reorgs_total')
      history.forget()
      this.#pulse = null
      this.#told = { ...NOTHING_TOLD, alarms: this.#told.alarms }
    }
    if (anchor === null || safe !== anchor.block)
      this.#anchor = { block: safe, hash: await history.hashOf(safe) }
  }
}
