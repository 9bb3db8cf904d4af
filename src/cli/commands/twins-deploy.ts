import { writeDeployment } from '../../adapters/evm/deployment.ts'
import { deployTwins } from '../../adapters/hardhat/deploy-twins.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { isLocalChain } from '../local/chains.ts'
import { openDeployment, walletKey } from '../local/wallets.ts'
import type { WalletOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

/** Deploys the twins of the stock reducers and names them in the deployment file. One set serves every task of a chain. */
export async function twinsDeploy(options: WalletOptions, { output }: CommandContext): Promise<ExitCode> {
  const { rpcUrl, deployment: path } = options
  const connection = await openDeployment(rpcUrl, path)
  const { deployment } = connection
  connection.close()
  const deployerKey = await walletKey(options, isLocalChain(deployment.chainId))
  const twins = await deployTwins({ rpcUrl, deployerKey })
  await writeDeployment(path, { ...deployment, twins })
  output.result({ twins }, `${table(['reducer', 'twin'], Object.entries(twins))}\nwrote ${path}`)
  return EXIT.ok
}
