import type { Deployment } from '../../adapters/evm/deployment.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { METRICS_CONTENT_TYPE } from '../../adapters/system/metrics-registry.ts'
import type { MetricsText } from '../../api/metrics-server.ts'
import { startMetricsServer } from '../../api/metrics-server.ts'
import type { StakedNode } from '../../compose/create-node.ts'
import type { NodeMetrics } from '../../compose/metrics/node-metrics.ts'
import type { Logger } from '../../ports/logger.ts'

/** Pause between two looks at what the signing key has for gas. */
const BALANCE_MS = 60_000

export interface ObservedNode {
  /** Of metrics alone; absent: the API serves them. */
  readonly port: number | undefined
  readonly metrics: NodeMetrics
  readonly staked: StakedNode
  readonly deployment: Deployment
  readonly logger: Logger
}

export interface Observed {
  close(): Promise<void>
}

export const metricsText = (metrics: NodeMetrics): MetricsText => ({
  text: () => metrics.text(),
  contentType: METRICS_CONTENT_TYPE,
})

/** Metrics of a node from now on, at a port of their own if one is wanted. @throws RsdpError E_ADDR_IN_USE */
export async function observe({
  port,
  metrics,
  staked,
  deployment,
  logger,
}: ObservedNode): Promise<Observed> {
  const server =
    port === undefined ? null : await startMetricsServer(port, '--metrics-port', metricsText(metrics))
  if (server !== null) logger.info('metrics.listening', { port: server.port })
  metrics.watch({ health: () => staked.health(), reorgDepth: deployment.windows.reorgDepth })
  // an endpoint that is down says nothing about what the key has
  const look = (): void =>
    void staked.gasBalance().then(
      (wei) => metrics.balance(wei),
      () => undefined,
    )
  look()
  const stop = systemClock.every(BALANCE_MS, look)
  return {
    close: async () => {
      stop()
      await server?.close()
    },
  }
}
