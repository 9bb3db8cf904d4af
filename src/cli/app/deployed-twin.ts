import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { Connection } from '../../adapters/evm/connection.ts'
import type { Wallet } from '../../adapters/evm/wallet.ts'
import type { CompiledTwin } from '../../adapters/solc/compile-twin.ts'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import { invariant } from '../../types/errors.ts'
import type { Address } from '../../types/ids.ts'

const address = z.string().regex(/^0x[0-9a-f]{40}$/) as unknown as z.ZodType<Address>
/** Where the twin of a folder is, by deployment. */
const schema = z.record(z.string().regex(/^0x[0-9a-f]{64}$/), address)

const fileOf = (folder: string): string => join(resolve(folder), 'build', 'twins.json')

/** Where the twin of an application is on this deployment; null: nowhere, or there is other code by now. @throws RsdpError E_RPC_… */
export async function deployedTwin(
  folder: string,
  connection: Connection,
  twin: CompiledTwin,
): Promise<Address | null> {
  const at = read(folder)[connection.deployment.deploymentId]
  if (at === undefined) return null
  const code = await connection.read(connection.provider.getCode(at))
  return code === twin.runtime ? at : null
}

/**
 * Puts the twin on chain and writes down where; what an earlier run has sent is not sent again.
 *
 * @throws RsdpError as `Wallet.execute`
 */
export async function deployTwin(folder: string, wallet: Wallet, twin: CompiledTwin): Promise<Address> {
  const { contractAddress } = await wallet.execute('twin', { to: null, data: twin.creation })
  invariant(contractAddress !== null, 'a transaction to nobody makes a contract')
  const at = contractAddress.toLowerCase() as Address
  const known = { ...read(folder), [wallet.connection.deployment.deploymentId]: at }
  writeWholeFile(fileOf(folder), `${JSON.stringify(known, null, 2)}\n`, { replace: true })
  return at
}

function read(folder: string): Readonly<Record<string, Address>> {
  const file = fileOf(folder)
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : {}
}
