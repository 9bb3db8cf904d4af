import { parseRpcUrls } from '../../adapters/evm/rpc-url.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import type { NodeRunOptions } from '../node-options.ts'
import type { Dashboard } from './open-dashboard.ts'

/** The page of one node that runs: what it says itself, beside what the chain says. */
export interface NodePage {
  readonly url: string
  readonly take: Dashboard['take']
  /** The node's key is known. */
  readonly show: (key: Address) => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * Serves the dashboard for a node; null without `--ui-port`.
 *
 * @throws RsdpError E_UI_RPC, E_ADDR_IN_USE
 */
export async function openNodePage({
  uiPort,
  uiRpcUrl,
  rpcUrl,
  deployment,
}: NodeRunOptions): Promise<NodePage | null> {
  if (uiPort === undefined) return null
  const shown = publicUrl(uiRpcUrl ?? rpcUrl)
  const { openDashboard } = await import('./open-dashboard.ts')
  const { url, take, show, close } = await openDashboard(uiPort)
  return {
    ...{ url, take, close },
    show: (key) => show({ rpcUrl: shown, deploymentFile: deployment, nodes: [{ name: NODE_NAME, key }] }),
  }
}

/** What the page calls the node that serves it. */
export const NODE_NAME = 'here'

/**
 * The first URL, if it keeps nothing secret: the page, and everybody on this machine who opens it, is told.
 *
 * @throws RsdpError E_UI_RPC
 */
function publicUrl(text: string): string {
  const [first] = parseRpcUrls(text)
  if (first !== undefined && first.authorization === null && first.target === `${first.shown}/`)
    return first.shown
  throw new RsdpError({
    code: 'E_UI_RPC',
    message:
      'the page asks an RPC endpoint itself, and this URL may have a secret in its path, query or password',
    hint: 'give --ui-rpc-url one that everybody on this machine may know, as http://host:port',
    exit: EXIT.precondition,
  })
}
