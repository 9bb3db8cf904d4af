import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeDeployment } from '../../adapters/evm/deployment.ts'
import { chainIdOf } from '../../adapters/evm/chain-id.ts'
import { deployContracts } from '../../adapters/hardhat/deploy.ts'
import { toHex } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import { isLocalChain } from '../local/chains.ts'
import { walletKey } from '../local/wallets.ts'
import type { DeployCommandOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

/** Deploys to a chain that already runs. A file of a deployment that is worth something is never overwritten. */
export async function deploy(options: DeployCommandOptions, { output }: CommandContext): Promise<ExitCode> {
  const { rpcUrl, deployment: path, token } = options
  if (token !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(token)) {
    throw new RsdpError({
      code: 'E_USAGE',
      message: `--token is not an address: ${token}`,
      hint: 'give 0x and 40 hex digits',
      exit: EXIT.usage,
    })
  }
  const local = isLocalChain(await chainIdOf(rpcUrl))
  if (!local && existsSync(path)) {
    throw new RsdpError({
      code: 'E_FILE_EXISTS',
      message: `${path} exists; a second deployment would orphan the first`,
      hint: 'name another file with --deployment, or move this one away',
      exit: EXIT.precondition,
      details: { path },
    })
  }
  output.say('deploying NodeRegistry, PhaseLog, Slasher and TaskBoard …')
  const deployed = await deployContracts({
    rpcUrl,
    deployerKey: await walletKey(options, local),
    nonce: toHex(randomBytes(32)),
    ...(token === undefined ? {} : { token: token.toLowerCase() as Address }),
  })
  await writeDeployment(path, deployed)
  const rows = Object.entries(deployed.contracts).map(([name, { address, block }]) => [
    name,
    address,
    block ?? '-',
  ])
  output.result(deployed, `${table(['contract', 'address', 'block'], rows)}\nwrote ${path}`)
  return EXIT.ok
}
