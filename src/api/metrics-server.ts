import { createServer } from 'node:http'
import { closeAll, isLocalHost, limitRequests, listen } from './loopback.ts'

/** Metrics as a scraper takes them. */
export interface MetricsText {
  readonly text: () => string
  readonly contentType: string
}

/** Serves metrics for a scraper on this machine. */
export interface MetricsServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * `GET /metrics` on the loopback interface, and nothing else. Answers 403 to a foreign `Host`, 404 and 405 to other questions.
 *
 * @throws RsdpError E_ADDR_IN_USE
 */
export async function startMetricsServer(
  port: number,
  flag: string,
  metrics: MetricsText,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    const status = !isLocalHost(headers.host) ? 403 : url !== '/metrics' ? 404 : method === 'GET' ? 200 : 405
    response.writeHead(status, { 'content-type': metrics.contentType, 'cache-control': 'no-store' })
    response.end(status === 200 ? metrics.text() : '')
  })
  limitRequests(server)
  const taken = await listen(server, port, flag)
  return {
    port: taken,
    close: () => closeAll(server),
  }
}
