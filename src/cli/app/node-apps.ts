import { existsSync } from 'node:fs'
import { SandboxRunner } from '../../adapters/worker/sandbox-runner.ts'
import type { Connection } from '../../adapters/evm/connection.ts'
import type { KnownBundle } from '../../ports/bundles.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Digest } from '../../types/ids.ts'
import { isBundleId } from './bundle-name.ts'
import { AppBundles, bundlesIn } from './app-bundles.ts'
import { findBundle, openBundle } from './find-bundle.ts'
import type { Application } from '../../compose/create-node.ts'
import { readApp, readSource } from './folder.ts'

/** τ for bundles: a budget is spent within a second or two, so that only a broken machine takes longer. */
export const SANDBOX_TIMEOUT_MS = 20_000

/** The applications of one node, and the bundles that they are for. */
export interface NodeApps {
  readonly applications: readonly Application[]
  readonly bundles: AppBundles
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
  /** Of the node: what members have given it lies there. */
  readonly dataDir: string
  readonly connection: Connection
  readonly policy: Policy
  readonly clock: Clock
  readonly logger: Logger
}

/** Loads them all. @throws RsdpError E_APP, E_BUNDLE, E_BUNDLES_DIR, E_RPC_DOWN */
export async function loadNodeApps(init: NodeAppsInit): Promise<NodeApps> {
  const { apps, fed, dataDir, connection, policy, clock, logger } = init
  const sources: Application[] = []
  const kept = bundlesIn(dataDir)
  const folders = [...init.folders, ...(existsSync(kept) ? [kept] : [])]
  for (const dir of apps) {
    const { id } = await readApp(dir)
    folders.push(`${dir}/build`)
    sources.push(await readSource(dir, id))
  }
  const reducers = [...new Set([...fed, ...sources.flatMap((source) => source.reducers)])]
  const known: KnownBundle[] = []
  const missing: Digest[] = []
  for (const id of reducers.filter(isBundleId)) {
    const found = await findBundle(id, folders, connection, init.mirror)
    if (found === null) {
      missing.push(id)
      continue
    }
    const { name, usesPrevious } = openBundle(found.bytes)
    const trusted = policy.sandboxed === 'any' ? [] : policy.sandboxed
    known.push({
      id,
      bytes: found.bytes,
      name,
      usesPrevious,
      authors: found.authors.filter((author) => trusted.includes(author)),
    })
  }
  const runner = new SandboxRunner({ clock, timeoutMs: SANDBOX_TIMEOUT_MS, bundles: known })
  return { applications: sources, bundles: new AppBundles({ dataDir, runner, known, missing, logger }) }
}
