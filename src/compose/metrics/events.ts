import type { Metrics } from '../../ports/metrics.ts'
import type { NodeMetric } from './specs.ts'

type Facts = Readonly<Record<string, unknown>>

/** Tasks whose phase and seat are remembered; more than any node runs. */
const TASKS_MAX = 4_096

/** Counts what a node tells by its events. Their names are stable; facts that are not what they were count as `other`. */
export class EventCounter {
  readonly #metrics: Metrics<NodeMetric>
  readonly #nowMs: () => number
  /** Since when a task is in its phase. */
  readonly #since = new Map<string, number>()
  readonly #seats = new Map<string, unknown>()

  constructor(metrics: Metrics<NodeMetric>, nowMs: () => number) {
    this.#metrics = metrics
    this.#nowMs = nowMs
  }

  take(event: string, facts: Facts): void {
    const { metrics, task } = { metrics: this.#metrics, task: String(facts['task']) }
    switch (event) {
      case 'task.running':
        bounded(this.#seats).set(task, facts['member'])
        break
      case 'phase.enter':
        this.#phase(task, facts)
        break
      case 'height.decided':
        metrics.add('rsdp_heights_decided_total')
        break
      case 'validity.measured':
        for (const kind of ['transitional', 'operational'] as const) {
          const { magnitude } = (facts[kind] ?? {}) as { readonly magnitude?: unknown }
          if (typeof magnitude === 'number') metrics.set('rsdp_validity_ratio', magnitude, { kind })
        }
        break
      case 'task.over':
        metrics.add('rsdp_tasks_finished_total', 1, { status: String(facts['status']) })
        this.#since.delete(task)
        break
      case 'task.retired':
        this.#seats.delete(task)
        this.#since.delete(task)
        break
      case 'evidence.found':
        metrics.add('rsdp_evidence_found_total', 1, { kind: String(facts['kind']) })
        break
      case 'member.convicted': {
        const of = this.#seats.has(task) && this.#seats.get(task) === facts['member'] ? 'self' : 'others'
        metrics.add('rsdp_convictions_total', 1, { of, offence: String(facts['offence']) })
        break
      }
      case 'signing.unknown':
      case 'signing.elsewhere':
        metrics.add('rsdp_double_sign_refused_total')
        break
      case 'peer.unreachable':
        metrics.add('rsdp_peer_dial_failures_total')
        break
      default:
        this.#transaction(event)
    }
  }

  #phase(task: string, { transition, from }: Facts): void {
    const now = this.#nowMs()
    const since = this.#since.get(task)
    this.#metrics.add('rsdp_transitions_total', 1, { transition: String(transition) })
    if (since !== undefined)
      this.#metrics.observe('rsdp_phase_duration_seconds', (now - since) / 1000, { phase: String(from) })
    bounded(this.#since).set(task, now)
  }

  #transaction(event: string): void {
    const [, kind, result] = /^([a-z-]+)\.(mined|refused)$/.exec(event) ?? []
    // others are refused too, and send nothing
    if (kind === undefined || result === undefined || !['checkpoint', 'finalize', 'republish'].includes(kind))
      return
    this.#metrics.add('rsdp_anchor_transactions_total', 1, { kind, result })
  }
}

/** The oldest goes where there are too many. */
function bounded<K, V>(map: Map<K, V>): Map<K, V> {
  const [oldest] = map.keys()
  if (map.size >= TASKS_MAX && oldest !== undefined) map.delete(oldest)
  return map
}
