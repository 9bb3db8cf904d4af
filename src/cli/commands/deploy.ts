import { randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pinOfPage } from '../../adapters/esbuild/page-file.ts'
import { writeDeployment } from '../../adapters/evm/deployment.ts'
import { chainIdOf } from '../../adapters/evm/chain-id.ts'
import { requireToken } from '../../adapters/evm/require-token.ts'
import { deployContracts, forgetDeployment } from '../../adapters/hardhat/deploy.ts'
import { keccak, toHex, utf8Hex } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { stateDir } from '../journal.ts'
import { isLocalChain } from '../local/chains.ts'
import { walletKey } from '../local/wallets.ts'
import type { DeployCommandOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { parseAddress } from '../account.ts'

/** Deploys to a chain that already runs. A file of a deployment that is worth something is never overwritten. */
export async function deploy(options: DeployCommandOptions, { output }: CommandContext): Promise<ExitCode> {
  const { rpcUrl, deployment: path } = options
  const bountyWei = options.bountyWei === undefined ? null : parseBounty(options.bountyWei)
  const token = options.token === undefined ? null : parseAddress(options.token)
  const chainId = await chainIdOf(rpcUrl)
  const local = isLocalChain(chainId)
  if (!local && existsSync(path)) {
    throw new RsdpError({
      code: 'E_FILE_EXISTS',
      message: `${path} exists; a second deployment would orphan the first`,
      hint: 'name another file with --deployment, or move this one away',
      exit: EXIT.precondition,
      details: { path },
    })
  }
  const deployerKey = await walletKey(options, local)
  if (token !== null) await requireToken(rpcUrl, chainId, token)
  await requireWritable(path)
  // before anything is paid for
  const page = await pinOfPage()
  output.say('deploying NodeRegistry, PhaseLog, Slasher, TaskBoard, BundleStore and TaskLines …')
  const journalDir = journalDirOf(path, chainId)
  if (existsSync(join(journalDir, 'plan.json')))
    output.say(`an earlier run was interrupted: going on with its journal in ${journalDir}`)
  const contracts = await deployContracts({
    journalDir,
    rpcUrl,
    deployerKey,
    nonce: toHex(randomBytes(32)),
    ...(token === null ? {} : { token }),
    ...(bountyWei === null ? {} : { bountyWei }),
  })
  const deployed = { ...contracts, page }
  await writeDeployment(path, deployed)
  await forgetDeployment(journalDir)
  const rows = Object.entries(deployed.contracts).map(([name, { address, block }]) => [
    name,
    address,
    block ?? '-',
  ])
  output.result(
    deployed,
    `${table(['contract', 'address', 'block'], rows)}\npage ${page.sha256}\nwrote ${path}`,
  )
  return EXIT.ok
}

/** One for each deployment file: the same command finds it again. */
function journalDirOf(path: string, chainId: number): string {
  const name = keccak(utf8Hex(resolve(path))).slice(2, 18)
  return join(stateDir(), 'deployments', `${chainId}-${name}`)
}

function parseBounty(text: string): bigint {
  const max = 2n ** 128n - 1n
  if (/^\d{1,39}$/.test(text) && BigInt(text) <= max) return BigInt(text)
  throw new RsdpError({
    code: 'E_BOUNTY',
    message: `--bounty-wei ${text} is not a number of wei from 0 to ${max}`,
    hint: 'give the price of about 150,000 gas in the smallest unit of the token',
    exit: EXIT.usage,
  })
}

/** Contracts whose file cannot be written are paid for and lost. */
async function requireWritable(path: string): Promise<void> {
  const folder = dirname(path)
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (cause) {
    throw new RsdpError({
      code: 'E_FILE_WRITE',
      message: `cannot write into ${folder}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      hint: 'name another file with --deployment; nothing was deployed',
      exit: EXIT.precondition,
      details: { path },
      cause,
    })
  }
}
