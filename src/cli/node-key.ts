import { join } from 'node:path'
import type { Connection } from '../adapters/evm/connection.ts'
import { readKeyFile } from '../adapters/keys/key-file.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Address } from '../types/ids.ts'
import { refuseTestKey } from './local/test-keys.ts'
import { passwordPrompt } from './password.ts'
import { needsInput } from './terminal.ts'

/** The signing key of a data directory, for a command whose `--password-file` is the wallet's. */
export async function nodeKey(
  { dataDir, nodePasswordFile }: { readonly dataDir: string; readonly nodePasswordFile?: string },
  isLocalChain: boolean,
): Promise<Uint8Array> {
  const privateKey = await readKeyFile({
    path: join(dataDir, 'key'),
    passwordFile: nodePasswordFile ?? null,
    isLocalChain,
    askPassword:
      passwordPrompt() ??
      (() => Promise.reject(needsInput(`the key in ${dataDir} is encrypted`, '--node-password-file'))),
  })
  refuseTestKey(privateKey, isLocalChain)
  return privateKey
}

/** @throws RsdpError E_KEY_REGISTERED */
export async function requireUnregistered(connection: Connection, key: Address): Promise<void> {
  const owner = await connection.read(connection.contracts.registry.keyOwner(key))
  if (BigInt(owner) === 0n) return
  throw new RsdpError({
    code: 'E_KEY_REGISTERED',
    message: `the signing key ${key} is registered already, for operator ${owner.toLowerCase()}`,
    hint: 'add stake with rsdp stake deposit; a key is registered once',
    exit: EXIT.precondition,
    details: { key, operator: owner.toLowerCase() },
  })
}
