import { readFile } from 'node:fs/promises'
import { pageFile } from '../../adapters/esbuild/page-file.ts'
import type { PageFile } from '../../adapters/esbuild/page-file.ts'
import type { LocalNetwork } from '../local/network.ts'
import type { NodeEvent } from '../local/node-process.ts'
import type { DrillRoute } from './drill-route.ts'
import { Feed } from './feed.ts'
import type { PageSetup } from './page-server.ts'
import { startPageServer } from './page-server.ts'

/** The dashboard of a network on this machine. It is there before the network is. */
export interface Dashboard {
  readonly url: string
  readonly page: PageFile
  /** Takes a line of a node's log. */
  readonly take: (node: string, event: NodeEvent) => void
  /** From now on the page is about this network. */
  readonly show: (
    network: Pick<LocalNetwork, 'rpcUrl' | 'deploymentFile'> & Pick<PageSetup, 'nodes'>,
  ) => Promise<void>
  /** Highest height that was decided in the newest task, as nodes report; 0 before the first. */
  readonly decided: () => number
  /** From now on whoever knows the token may do this to the nodes. */
  readonly allow: (drills: DrillRoute) => void
  readonly close: () => Promise<void>
}

/** @throws RsdpError E_ADDR_IN_USE */
export async function openDashboard(port: number): Promise<Dashboard> {
  const page = await pageFile()
  const feed = new Feed()
  let setup: PageSetup | null = null
  let drills: DrillRoute | undefined
  const server = await startPageServer({
    ...{ port, html: page.html, setup: () => setup, feed },
    drills: () => drills,
  })
  return {
    url: server.url,
    page,
    take: (node, event) => feed.take(node, event),
    show: async ({ rpcUrl, deploymentFile, nodes }) => {
      const deployment = JSON.parse(await readFile(deploymentFile, 'utf8')) as unknown
      setup = { rpcUrl, deployment, nodes: nodes.map(({ name, key }) => ({ name, key })) }
    },
    decided: () => feed.board.task(feed.board.tasks().at(-1) ?? '')?.decided ?? 0,
    allow: (route) => (drills = route),
    close: () => server.close(),
  }
}
