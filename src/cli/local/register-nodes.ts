import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from '../../adapters/evm/connection.ts'
import { approve, faucet, fund, register } from '../../adapters/evm/operator.ts'
import { Wallet } from '../../adapters/evm/wallet.ts'
import { devAccounts } from '../../adapters/hardhat/dev-accounts.ts'
import { readKeyFile } from '../../adapters/keys/key-file.ts'
import { createKeyring, newPrivateKey } from '../../adapters/keys/keyring.ts'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import { toHex } from '../../codec/hex.ts'
import { invariant } from '../../types/errors.ts'
import type { Address } from '../../types/ids.ts'
import { peerIdOfKey } from './peer-id.ts'
import { holdPort } from './ports.ts'
import type { HeldPort } from './ports.ts'

/** A staked node on a local chain, ready to be run. */
export interface LocalNode {
  readonly name: string
  readonly dataDir: string
  readonly key: Address
  readonly operator: Wallet
  readonly listen: string
  /** Keeps the port for it until its first start. */
  readonly hold: HeldPort
}

/** As many as a cluster has seats. */
export const NODE_NAMES =
  'alice bob carol dave erin frank grace heidi ivan judy kim leo mia nina oscar peggy quinn ruth sam trent uma victor wendy xena yves zoe adam bea cleo dina emil'.split(
    ' ',
  )
const ETHER = 10n ** 18n
const STAKE = 1_000n * ETHER
const GAS_MONEY = 10n * ETHER

/**
 * Makes `count` operators out of the chain's public test accounts, each with a signing key of its own in
 * `<dataDir>/<name>/key`, gas money for it and stake. A key that is registered already is kept as it is.
 *
 * @param names by order of start
 */
export async function registerNodes(
  connection: Connection,
  count: number,
  dataDir: string,
  names: readonly string[] = NODE_NAMES,
): Promise<LocalNode[]> {
  const accounts = devAccounts(count + 1)
  const bank = wallet(connection, accounts[0]?.privateKey)
  const nodes: LocalNode[] = []
  for (let i = 0; i < count; i += 1) {
    const name = names[i] ?? `node${String(i)}`
    const home = join(dataDir, name)
    const keyring = createKeyring(await nodeKey(home))
    const operator = wallet(connection, accounts[i + 1]?.privateKey)
    nodes.push({ name, dataDir: home, key: keyring.address, operator, ...(await localPlace()) })
    await fund(bank, keyring.address, GAS_MONEY)
    // chains differ in how many test accounts they fund
    if ((await operator.balance()) === 0n) await fund(bank, operator.address, GAS_MONEY)
  }
  // operators act at the same time: each has a wallet and a nonce of its own
  await Promise.all(
    nodes.map(async ({ operator, dataDir: home, listen }) => {
      const privateKey = await nodeKey(home)
      const keyring = createKeyring(privateKey)
      await faucet(operator, operator.address, STAKE)
      await approve(operator, 'NodeRegistry', STAKE)
      const allowance = { perTaskWei: STAKE, totalWei: STAKE }
      await register(operator, keyring, STAKE, allowance, [`${listen}/p2p/${peerIdOfKey(privateKey)}`])
    }),
  )
  return nodes
}

function wallet(connection: Connection, privateKey: `0x${string}` | undefined): Wallet {
  invariant(privateKey !== undefined, 'a local chain has fewer test accounts than nodes')
  return new Wallet(connection, privateKey)
}

/** The node's signing key, made at first sight. Unencrypted: it is worth nothing beyond this chain. */
export async function nodeKey(home: string): Promise<Uint8Array> {
  const path = join(home, 'key')
  if (!existsSync(path)) {
    writeWholeFile(path, `${toHex(newPrivateKey())}\n`, { mode: 0o600, replace: false })
  }
  return readKeyFile({ path, passwordFile: null, isLocalChain: true })
}

/** A place on this machine for a node that is not started yet. */
export async function localPlace(): Promise<Pick<LocalNode, 'listen' | 'hold'>> {
  const hold = await holdPort()
  return { listen: `/ip4/127.0.0.1/tcp/${hold.port}`, hold }
}
