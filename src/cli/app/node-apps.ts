import { SandboxRunner } from '../../adapters/worker/sandbox-runner.ts'
import type { Connection } from '../../adapters/evm/connection.ts'
import type { Bundles, KnownBundle } from '../../ports/bundles.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Digest } from '../../types/ids.ts'
import { isBundleId } from './bundle-name.ts'
import { findBundle, noBundle, openBundle } from './find-bundle.ts'
import type { Application } from '../../compose/create-node.ts'
import { readApp, readSource } from './folder.ts'

/** τ for bundles: a budget is spent within a second or two, so that only a broken machine takes longer. */
export const SANDBOX_TIMEOUT_MS = 20_000

/** The applications of one node, and the bundles that they are for. */
export interface NodeApps {
  readonly applications: readonly Application[]
  readonly bundles: Bundles & { readonly runner: SandboxRunner }
}

export interface NodeAppsInit {
  /** Folders of applications. */
  readonly apps: readonly string[]
  /** Ids of bundles that are run without an application: their states come over the API. */
  readonly fed: readonly Digest[]
  /** Folders of bundles. */
  readonly folders: readonly string[]
  /** URL below which bundles lie under their ids. */
  readonly mirror?: string
  readonly connection: Connection
  readonly policy: Policy
  readonly clock: Clock
}

/** Loads them all. @throws RsdpError E_APP, E_NO_BUNDLE, E_BUNDLE, E_BUNDLES_DIR, E_RPC_DOWN */
export async function loadNodeApps(init: NodeAppsInit): Promise<NodeApps> {
  const { apps, fed, connection, policy, clock } = init
  const sources: Application[] = []
  const folders = [...init.folders]
  for (const dir of apps) {
    const { id } = await readApp(dir)
    folders.push(`${dir}/build`)
    sources.push(await readSource(dir, id))
  }
  const reducers = [...new Set([...fed, ...sources.flatMap((source) => source.reducers)])]
  const known = new Map<Digest, KnownBundle>()
  const bundles: Uint8Array[] = []
  for (const id of reducers.filter(isBundleId)) {
    const found = await findBundle(id, folders, connection, init.mirror)
    if (found === null) throw noBundle(id)
    const { name, usesPrevious } = openBundle(found.bytes)
    const trusted = policy.sandboxed === 'any' ? [] : policy.sandboxed
    known.set(id, {
      id,
      bytes: found.bytes,
      name,
      usesPrevious,
      authors: found.authors.filter((author) => trusted.includes(author)),
    })
    bundles.push(found.bytes)
  }
  return {
    applications: sources,
    bundles: { known, runner: new SandboxRunner({ clock, timeoutMs: SANDBOX_TIMEOUT_MS, bundles }) },
  }
}
