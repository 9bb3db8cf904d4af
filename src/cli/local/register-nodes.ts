import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Connection } from '../../adapters/evm/connection.ts'
import { approve, faucet, fund, register } from '../../adapters/evm/operator.ts'
import { Wallet } from '../../adapters/evm/wallet.ts'
import { devAccounts } from '../../adapters/hardhat/dev-accounts.ts'
import { readKeyFile } from '../../adapters/keys/key-file.ts'
import { createKeyring, newPrivateKey } from '../../adapters/keys/keyring.ts'
import { peerIdFromPublicKey, privateKeyFromBytes } from '../../adapters/libp2p/identity.ts'
import { toHex } from '../../codec/hex.ts'
import { invariant } from '../../types/errors.ts'
import type { Address } from '../../types/ids.ts'

/** A staked node on a local chain, ready to be run. */
export interface LocalNode {
  readonly name: string
  readonly dataDir: string
  readonly key: Address
  readonly operator: Wallet
  readonly listen: string
}

export const NODE_NAMES = [
  'alice',
  'bob',
  'carol',
  'dave',
  'erin',
  'frank',
  'grace',
  'heidi',
  'ivan',
  'judy',
  'kim',
  'leo',
  'mia',
]
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
    const listen = `/ip4/127.0.0.1/tcp/${String(await freePort())}`
    nodes.push({ name, dataDir: home, key: keyring.address, operator, listen })
    await fund(bank, keyring.address, GAS_MONEY)
  }
  // operators act at the same time: each has a wallet and a nonce of its own
  await Promise.all(
    nodes.map(async ({ operator, dataDir: home, listen }) => {
      const privateKey = await nodeKey(home)
      const keyring = createKeyring(privateKey)
      const peerId = peerIdFromPublicKey(privateKeyFromBytes(privateKey).publicKey.raw).toString()
      await faucet(operator, operator.address, STAKE)
      await approve(operator, 'NodeRegistry', STAKE)
      const allowance = { perTaskWei: STAKE, totalWei: STAKE }
      await register(operator, keyring, STAKE, allowance, [`${listen}/p2p/${peerId}`])
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
    await mkdir(home, { recursive: true, mode: 0o700 })
    await writeFile(path, `${toHex(newPrivateKey())}\n`, { mode: 0o600, flag: 'wx' })
  }
  return readKeyFile({ path, passwordFile: null, isLocalChain: true })
}

/** A TCP port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
