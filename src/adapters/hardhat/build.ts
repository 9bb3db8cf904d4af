import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { withBuildLock } from './build-lock.ts'
import { ROOT, createEnvironment } from './environment.ts'

const CACHE = join(ROOT, 'cache')
const STAMP = join(CACHE, 'rsdp-build.stamp')
const TOOLS = ['solc', '@openzeppelin/contracts', 'hardhat'].map(
  (name) => `node_modules/${name}/package.json`,
)

/**
 * Sees to it that `artifacts/` and the bindings in `types/` are those of the contracts: compiles them (up to a minute)
 * unless that was done before (20 ms). Processes that call this at once wait for each other. The package holds no contracts,
 * only what was made of them.
 *
 * @throws RsdpError E_BUILD
 */
export async function buildContracts(): Promise<void> {
  if (!existsSync(join(ROOT, 'contracts')) || isUpToDate()) return
  mkdirSync(CACHE, { recursive: true })
  await withBuildLock(join(CACHE, 'rsdp-build.lock'), async () => {
    if (isUpToDate()) return
    await build()
    writeFileSync(STAMP, stamp())
  })
}

async function build(): Promise<void> {
  const { default: config } = await import('../../../hardhat.config.ts')
  const environment = await createEnvironment(config)
  try {
    await environment.tasks.getTask('build').run({ quiet: true, noTests: true })
  } catch (cause) {
    throw new RsdpError({
      code: 'E_BUILD',
      message: 'the contracts do not compile',
      hint: 'npx hardhat build shows where',
      exit: EXIT.precondition,
      cause,
    })
  }
}

function isUpToDate(): boolean {
  try {
    return readFileSync(STAMP, 'utf8') === stamp()
  } catch {
    return false
  }
}

/** Digest of the contracts, of what they are compiled with, and of what came out: somebody else may have compiled others. */
function stamp(): string {
  const hash = createHash('sha256')
  const inputs = globSync(['contracts/**/*.sol', 'hardhat.config.ts', ...TOOLS], { cwd: ROOT })
  const outputs = globSync(['artifacts/contracts/**/*.json', 'types/ethers-contracts/**/*.ts'], { cwd: ROOT })
  if (!outputs.some((path) => path.endsWith('.json')) || !outputs.some((path) => path.endsWith('.ts')))
    return 'nothing'
  for (const path of [...inputs, ...outputs].sort())
    hash.update(`${path}\0`).update(readFileSync(join(ROOT, path)))
  return hash.digest('hex')
}
