import { MetricsRegistry } from '../../adapters/system/metrics-registry.ts'
import { PROCESS_METRICS, collectProcess } from '../../adapters/system/process-metrics.ts'
import type { EndpointStatus } from '../../adapters/evm/endpoints/pool.ts'
import type { NodeHealth } from '../../node/node-health.ts'
import type { Logger } from '../../ports/logger.ts'
import { tee } from '../tee.ts'
import { EventCounter } from './events.ts'
import { NODE_METRICS } from './specs.ts'

const ETHER = 1e18

/** What a scrape asks of a node. */
export interface WatchedNode {
  /** Blocks that a re-org may replace: younger ones are not read on purpose. */
  readonly reorgDepth: number
  health(): NodeHealth & { readonly endpoints?: readonly EndpointStatus[] }
}

/** The metrics of one node: what its events count, and what its health says at each scrape. */
export class NodeMetrics {
  readonly #registry: MetricsRegistry<typeof NODE_METRICS & typeof PROCESS_METRICS>
  readonly #events: EventCounter

  /** @param version of this package. @param nowMs monotonic */
  constructor(version: string, nowMs: () => number) {
    const { rsdp_build_info: info, ...others } = NODE_METRICS
    const labels = { version: [version], node: [process.version] }
    this.#registry = new MetricsRegistry({
      ...{ rsdp_build_info: { ...info, labels } },
      ...others,
      ...PROCESS_METRICS,
    } as unknown as typeof NODE_METRICS & typeof PROCESS_METRICS)
    this.#events = new EventCounter(this.#registry, nowMs)
    this.#registry.set('rsdp_build_info', 1, { version, node: process.version })
    // not known yet: an alert on a number below a limit must not fire on that
    this.#registry.set('rsdp_wallet_balance_eth', Number.NaN)
    for (const kind of ['transitional', 'operational'])
      this.#registry.set('rsdp_validity_ratio', Number.NaN, { kind })
    collectProcess(this.#registry)
  }

  /** A logger whose events are counted. */
  tee(logger: Logger): Logger {
    return tee(logger, (event, facts) => this.#events.take(event, facts))
  }

  /** From now on a scrape shows the health of this node. */
  watch(node: WatchedNode): void {
    this.#registry.collect(() => this.#collect(node.health(), node.reorgDepth))
  }

  /** What the signing key has for gas, wei. */
  balance(wei: bigint): void {
    this.#registry.set('rsdp_wallet_balance_eth', Number(wei) / ETHER)
  }

  text(): string {
    return this.#registry.text()
  }

  #collect(health: ReturnType<WatchedNode['health']>, reorgDepth: number): void {
    const { ready, peers, chain, outbox, tasks, transport, endpoints = [] } = health
    const registry = this.#registry
    const is = (condition: boolean): number => (condition ? 1 : 0)
    registry.set('rsdp_node_ready', is(ready))
    registry.set('rsdp_peers', peers.known, { state: 'known' })
    registry.set('rsdp_peers', peers.connected, { state: 'connected' })
    registry.set('rsdp_chain_reachable', is(chain.reachable))
    registry.set('rsdp_chain_head_block', chain.head)
    registry.set('rsdp_chain_cursor_lag_blocks', Math.max(0, chain.head - reorgDepth - chain.cursor))
    registry.set('rsdp_anchor_outbox_length', outbox)
    registry.set('rsdp_tasks_frozen', tasks.filter(({ frozen }) => frozen !== null).length)
    for (const phase of NODE_METRICS.rsdp_tasks.labels.phase)
      registry.set('rsdp_tasks', tasks.filter(({ status }) => status === phase).length, { phase })
    const behind = tasks.map(({ decidedHeight, anchoredHeight }) => decidedHeight - anchoredHeight)
    registry.set('rsdp_heights_unanchored', Math.max(0, ...behind))
    registry.count('rsdp_messages_total', transport.framesSent, { direction: 'out', result: 'ok' })
    registry.count('rsdp_messages_total', transport.framesDropped, { direction: 'out', result: 'dropped' })
    registry.count('rsdp_messages_total', transport.framesReceived, { direction: 'in', result: 'ok' })
    registry.count('rsdp_message_bytes_total', transport.bytesSent, { direction: 'out' })
    registry.count('rsdp_message_bytes_total', transport.bytesReceived, { direction: 'in' })
    for (const [reason, count] of Object.entries(transport.refused))
      registry.count('rsdp_peers_refused_total', count, { reason })
    registry.count(
      'rsdp_rpc_errors_total',
      endpoints.reduce((sum, { troubles }) => sum + troubles, 0),
    )
    const troubled = endpoints.filter(({ trouble }) => trouble !== null).length
    registry.set('rsdp_rpc_endpoints', troubled, { state: 'troubled' })
    registry.set('rsdp_rpc_endpoints', endpoints.length - troubled, { state: 'well' })
  }
}
