import { fileURLToPath } from 'node:url'
import type { HardhatUserConfig } from 'hardhat/types/config'
import type { HardhatRuntimeEnvironment } from 'hardhat/types/hre'

/** The project's folder, wherever the user stands: Hardhat itself would look around the working directory. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const CONFIG_PATH = fileURLToPath(new URL('../../../hardhat.config.ts', import.meta.url))

/** A Hardhat environment of this project under a configuration made at run time. Loads Hardhat: ≈ 0.1 s. */
export async function createEnvironment(config: HardhatUserConfig): Promise<HardhatRuntimeEnvironment> {
  const { createHardhatRuntimeEnvironment } = await import('hardhat/hre')
  return createHardhatRuntimeEnvironment(config, { config: CONFIG_PATH }, ROOT)
}
