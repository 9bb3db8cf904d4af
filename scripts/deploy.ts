/**
 * Deploys the contracts to a chain that already runs and writes the deployment file.
 *
 *   node scripts/deploy.ts [rpcUrl] [deploymentFile]
 */
import { randomBytes } from 'node:crypto'
import { writeDeployment } from '../src/adapters/evm/deployment.ts'
import { deployContracts } from '../src/adapters/hardhat/deploy.ts'
import { chainIdOf } from '../src/adapters/evm/chain-id.ts'
import { isLocalChain } from '../src/cli/local/chains.ts'
import { walletKey } from '../src/cli/local/wallets.ts'
import { runScript } from '../src/cli/run-script.ts'
import { toHex } from '../src/codec/hex.ts'

await runScript(async ([rpcUrl = 'http://127.0.0.1:8545', file = 'deployments/31337.json']) => {
  const deployerKey = await walletKey(
    process.env['RSDP_KEY_FILE'] === undefined ? {} : { keyFile: process.env['RSDP_KEY_FILE'] },
    isLocalChain(await chainIdOf(rpcUrl)),
  )
  const deployed = await deployContracts({ rpcUrl, deployerKey, nonce: toHex(randomBytes(32)) })
  await writeDeployment(file, deployed)
  for (const [name, { address }] of Object.entries(deployed.contracts)) console.log(name.padEnd(13), address)
  console.log(`wrote ${file}`)
})
