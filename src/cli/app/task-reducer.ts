import type { BodySource } from '../../ports/body-source.ts'
import type { TaskHistory } from '../../ports/chain-history.ts'
import { findReducerByHash } from '../../reducers/catalog.ts'
import type { Bundle } from '../../sandbox/bundle.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { openDeployment } from '../local/wallets.ts'
import type { ReducerOptions } from '../options.ts'

/**
 * The reducer of a task if it is none of this package: found by its hash in the folders, on chain, at the mirror, then at
 * whoever keeps bodies of the task, and run in the sandbox. Null where nobody has its bytes: what needs it is then
 * unavailable. What the history says is only where to look; it is judged later.
 *
 * @throws RsdpError E_BUNDLE_REFUSED if those who were named have other bundles only
 */
export async function foreignReducer(
  history: TaskHistory,
  options: Pick<ReducerOptions, 'rpcUrl' | 'deployment' | 'bundles' | 'bundleMirror'>,
  sources: readonly BodySource[],
  say: (line: string) => void,
): Promise<Bundle | null> {
  const published = history.events.find((event) => event.name === 'TaskPublished')
  const hash = published?.args.params.reducer
  if (hash === undefined || findReducerByHash(hash) !== null) return null
  const { bundleFrom, findBundle, openBundle, refusedBundles } = await import('./find-bundle.ts')
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const found = await findBundle(hash, options.bundles ?? [], connection, options.bundleMirror)
    if (found !== null) return openBundle(found.bytes)
    const given = await bundleFrom(sources, history.taskId, hash, say)
    if (given !== null) return openBundle(given)
    const refused = await refusedBundles(hash, options.bundles ?? [])
    if (refused !== null) throw refused
    return null
  } finally {
    connection.close()
  }
}

/** A bundle said something about this machine: whatever else it said is worth nothing. */
export function unable(code: string): RsdpError {
  return new RsdpError({
    code: 'E_SANDBOX_HOST',
    message: `this machine gave out while it ran the task's reducer: ${code}`,
    hint: 'do it on a machine with more memory; this says nothing about the task',
    exit: EXIT.unreachable,
    details: { code },
  })
}
