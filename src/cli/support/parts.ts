import { readdirSync, statfsSync, statSync } from 'node:fs'
import { arch, cpus, freemem, platform, release, totalmem, uptime } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import { examine } from '../commands/doctor.ts'
import { askHealth } from '../control/client.ts'
import { readControl } from '../control/file.ts'
import { isLocalChain } from '../local/chains.ts'
import type { SupportBundleOptions } from '../operator-options.ts'
import { toJson } from '../output.ts'
import { loadPolicy } from '../policy-file.ts'
import { settingsFor } from '../settings.ts'
import { VERSION } from '../version.ts'
import { logParts } from './log-part.ts'
import { scrub, scrubText } from './scrub.ts'

const ANSWER_MS_MAX = 5_000

export interface Part {
  readonly name: string
  /** Of the file that it is of; null: it is of no file. */
  readonly sourceBytes: number | null
  readonly text: string
}

/**
 * What goes into a bundle: facts that are chosen one by one, and the log. Nothing else of the data directory is copied, and
 * of the environment only the settings of `node run`. What cannot be found out says why.
 */
export async function collectParts(
  options: SupportBundleOptions,
  program: Command,
  say: (line: string) => void,
): Promise<Part[]> {
  const { dataDir } = options
  const facts: Readonly<Record<string, () => unknown>> = {
    about: () => about(dataDir),
    config: () => config(dataDir, program),
    files: () => filesOf(dataDir),
    deployment: () => readDeployment(options.deployment),
    policy: () => policyOf(options),
    status: () => status(dataDir),
    doctor: () => examine(options),
  }
  const parts: Part[] = []
  for (const [name, find] of Object.entries(facts)) {
    say(`collecting ${name} …`)
    const found = scrub('', JSON.parse(toJson(await orWhyNot(find))))
    parts.push({ name: `${name}.json`, sourceBytes: null, text: `${JSON.stringify(found, null, 2)}\n` })
  }
  const metrics = await metricsOf(dataDir)
  if (metrics !== null) parts.push({ name: 'metrics.txt', sourceBytes: null, text: scrubText(metrics) })
  say('collecting logs …')
  const logs = logParts(join(dataDir, 'node.log'))
  return [
    ...parts,
    ...logs.map(({ suffix, sourceBytes, text }) => ({ name: `node.log${suffix}`, sourceBytes, text })),
  ]
}

async function orWhyNot(find: () => unknown): Promise<unknown> {
  try {
    return await find()
  } catch (error) {
    return { notFound: scrub('error', error) }
  }
}

function about(dataDir: string): unknown {
  const { bavail, bsize } = statfsSync(dataDir)
  return {
    createdAt: new Date().toISOString(),
    rsdp: VERSION,
    versions: process.versions,
    ...{ platform: platform(), arch: arch(), release: release(), upSeconds: Math.round(uptime()) },
    ...{ cores: cpus().length, memoryBytes: totalmem(), memoryFreeBytes: freemem() },
    diskFreeBytes: bavail * bsize,
  }
}

/** Settings of `node run` as they would be here; of other `RSDP_` variables the names. */
function config(dataDir: string, program: Command): unknown {
  const { settings } = settingsFor(['node', 'run', '--data-dir', dataDir], program)
  const known = new Set(settings.map(({ variable }) => variable))
  const others = Object.keys(process.env).filter((name) => name.startsWith('RSDP_') && !known.has(name))
  return { settings, otherVariables: others.sort() }
}

/** Files of the data directory, without what they hold. */
function filesOf(dataDir: string): unknown {
  return readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    .sort()
    .flatMap((path) => {
      const found = statSync(join(dataDir, path), { throwIfNoEntry: false })
      if (found?.isFile() !== true) return []
      const { size, mode, mtime } = found
      return [{ path, bytes: size, mode: (mode & 0o777).toString(8), changedAt: mtime.toISOString() }]
    })
}

async function policyOf({ dataDir, deployment }: SupportBundleOptions): Promise<unknown> {
  const { chainId } = await readDeployment(deployment)
  return loadPolicy({ dataDir }, isLocalChain(chainId))
}

async function status(dataDir: string): Promise<unknown> {
  const found = await askHealth(dataDir)
  return found === null ? { running: false } : { running: true, pid: found.control.pid, ...found.health }
}

/** Null: no node answers. */
async function metricsOf(dataDir: string): Promise<string | null> {
  const control = readControl(dataDir)
  if (control === null) return null
  try {
    const url = `http://127.0.0.1:${String(control.port)}/metrics`
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
    return response.ok ? await response.text() : null
  } catch {
    return null
  }
}
