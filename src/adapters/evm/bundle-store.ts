import { fromHex, keccak, toHex } from '../../codec/hex.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import { abis } from './abi.ts'
import type { Connection } from './connection.ts'
import type { Wallet } from './wallet.ts'

/** Bytes of a bundle that fit one data contract. */
const PART_BYTES_MAX = 24_575

/** A bundle as the chain keeps it: by the hash of its bytes. */
export interface StoredBundle {
  readonly bytes: Uint8Array
  /** Everybody who has published it. */
  readonly authors: readonly Address[]
}

/**
 * The published bundle that `isWanted` knows by the hash of its bytes; null if nobody has published it, or if the
 * endpoint shows other bytes. Throws RsdpError E_RPC_DOWN.
 */
export async function findStoredBundle(
  connection: Connection,
  isWanted: (content: Digest) => boolean,
): Promise<StoredBundle | null> {
  const { bundles } = connection.contracts
  const { fromBlock } = connection.deployment
  const events = await connection.read(bundles.queryFilter(bundles.filters.Published(), fromBlock))
  const published = events.filter(({ args }) => isWanted(args.id as Digest))
  const [first] = published
  if (first === undefined) return null
  const bytes = fromHex((await connection.read(bundles.read(first.args.id))) as Hex)
  if (keccak(bytes) !== first.args.id) return null
  return { bytes, authors: published.map(({ args }) => args.author.toLowerCase() as Address) }
}

/**
 * Publishes a bundle in the wallet's name, in as many parts as it takes; what the wallet has published before is not
 * sent again.
 *
 * @returns how many transactions it took
 */
export async function publishBundle(wallet: Wallet, bytes: Uint8Array): Promise<number> {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += PART_BYTES_MAX) parts.push(bytes.slice(at, at + PART_BYTES_MAX))
  let sent = 0
  const send = async (id: Digest, data: string): Promise<void> => {
    const { bundles } = wallet.connection.contracts
    if (await wallet.connection.read(bundles.isAuthor(id, wallet.address))) return
    const { address: to } = wallet.connection.deployment.contracts.BundleStore
    await wallet.execute('publish', { to, data: data as Hex })
    sent += 1
  }
  const { BundleStore } = abis()
  for (const part of parts) await send(keccak(part), BundleStore.encodeFunctionData('publish', [toHex(part)]))
  if (parts.length > 1) {
    const ids = parts.map((part) => keccak(part))
    await send(keccak(bytes), BundleStore.encodeFunctionData('publishParts', [ids]))
  }
  return sent
}
