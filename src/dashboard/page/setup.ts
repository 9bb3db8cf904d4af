/** What the page is about. A page server says it at `setup.json`; without one the reader types it. */
export interface Setup {
  readonly rpcUrl: string
  /** Text of the deployment file. */
  readonly deployment: string
  /** Nodes whose reports the server passes on, with their signing keys. */
  readonly nodes: readonly { readonly name: string; readonly key: string }[]
  /** The server has a feed of a running network. */
  readonly hasFeed: boolean
}

/** Between two questions to a server whose network is still starting. */
const RETRY_MS = 500

/**
 * Null: nobody serves one, as for a page that is opened from a disk. A server whose network is still starting is asked again;
 * the page is loaded again then, because its policy names the endpoint.
 *
 * @param starting called while there is no network yet
 */
export async function servedSetup(starting: () => void): Promise<Setup | null> {
  if (!location.protocol.startsWith('http')) return null
  let isLate = false
  while (true) {
    const response = await fetch('setup.json', { cache: 'no-store' }).catch(() => null)
    if (response?.ok === true && isLate) location.reload()
    if (response?.ok === true) return read(await response.json())
    if (response?.status !== 503 && !isLate) return null
    isLate = true
    starting()
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

function read(served: unknown): Setup {
  const { rpcUrl, deployment, nodes } = served as {
    readonly rpcUrl: string
    readonly deployment: unknown
    readonly nodes: Setup['nodes']
  }
  return { rpcUrl, deployment: JSON.stringify(deployment), nodes, hasFeed: true }
}
