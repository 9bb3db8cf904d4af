import { join } from 'node:path'
import { loadEngine } from '../../adapters/sandbox/load-engine.ts'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import type { SandboxRunner } from '../../adapters/worker/sandbox-runner.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Added, Bundles, KnownBundle } from '../../ports/bundles.ts'
import { bundleId } from '../../sandbox/sandbox.ts'
import type { Digest } from '../../types/ids.ts'

/** Where a node keeps bundles that members have given it, below its data directory. */
export const bundlesIn = (dataDir: string): string => join(dataDir, 'bundles')

export interface AppBundlesInit {
  /** Of the node. */
  readonly dataDir: string
  readonly runner: SandboxRunner
  readonly known: readonly KnownBundle[]
  readonly missing: readonly Digest[]
  readonly logger: Logger
}

/** The bundles of a node, and those that it still looks for. */
export class AppBundles implements Bundles {
  readonly runner: SandboxRunner
  readonly #dataDir: string
  readonly #logger: Logger
  readonly #known: Map<Digest, KnownBundle>
  readonly #missing: Set<Digest>

  constructor({ dataDir, runner, known, missing, logger }: AppBundlesInit) {
    this.#dataDir = dataDir
    this.#logger = logger
    this.runner = runner
    this.#known = new Map(known.map((bundle) => [bundle.id, bundle]))
    this.#missing = new Set(missing)
  }

  get known(): ReadonlyMap<Digest, KnownBundle> {
    return this.#known
  }

  get missing(): ReadonlySet<Digest> {
    return this.#missing
  }

  /** Kept in the data directory, so that the next start has them. */
  async add(id: Digest, bytes: Uint8Array): Promise<Added> {
    if (bundleId(loadEngine().hash, bytes) !== id) return 'other'
    const opened = await this.runner.add(id, bytes)
    // who named it has signed up for what its hash says: a reducer that is none is nobody's lie
    if (opened === null || 'broken' in opened) return 'unable'
    this.#keep(id, bytes)
    this.#known.set(id, { id, bytes, ...opened, authors: [] })
    this.#missing.delete(id)
    return 'added'
  }

  /** The next start has it then; one that cannot be kept runs all the same. */
  #keep(id: Digest, bytes: Uint8Array): void {
    try {
      writeWholeFile(join(bundlesIn(this.#dataDir), `${id}.js`), bytes, { mode: 0o600, replace: true })
    } catch (error) {
      this.#logger.warn('bundle.not-kept', { bundle: id, error: String(error) })
    }
  }
}
