import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HardhatUserConfig } from 'hardhat/types/config'
import type { HardhatRuntimeEnvironment } from 'hardhat/types/hre'

/**
 * Where `artifacts` are, wherever the user stands: the project’s folder, or `dist` in the package. Hardhat itself would
 * look around the working directory.
 */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const CONFIG_PATH = fileURLToPath(new URL('../../../hardhat.config.ts', import.meta.url))

/** A Hardhat environment of this project under a configuration made at run time. Loads Hardhat: ≈ 0.1 s. */
export async function createEnvironment(config: HardhatUserConfig): Promise<HardhatRuntimeEnvironment> {
  const { createHardhatRuntimeEnvironment } = await import('hardhat/hre')
  // in the package Hardhat takes the folder above `dist` for the project's
  const paths = { ...config.paths, artifacts: join(ROOT, 'artifacts') }
  return createHardhatRuntimeEnvironment({ ...config, paths }, { config: CONFIG_PATH }, ROOT)
}
