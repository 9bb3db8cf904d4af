import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isKeystoreJson } from 'ethers'
import { addressOf, isPrivateKey } from '../adapters/keys/keyring.ts'
import { fromHex } from '../codec/hex.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Address, Hex } from '../types/ids.ts'

/** A key file as far as it can be seen without its password. */
export interface KeyFacts {
  readonly name: string
  readonly path: string
  readonly address: Address
  /** Permissions, octal. */
  readonly mode: string
  /** Whether only its owner may open it. */
  readonly isPrivate: boolean
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const ENDING = '.json'

/** File of a key by its name. @throws RsdpError E_KEY_NAME */
export function keyPath(keysDir: string, name: string): string {
  if (NAME.test(name)) return join(keysDir, `${name}${ENDING}`)
  throw new RsdpError({
    code: 'E_KEY_NAME',
    message: `'${name}' is not a name for a key`,
    hint: 'use up to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit',
    exit: EXIT.usage,
    details: { name },
  })
}

/** Key files in a folder by name; other files are passed over. No folder, no keys. */
export function listKeys(keysDir: string): KeyFacts[] {
  let files: string[]
  try {
    files = readdirSync(keysDir)
  } catch {
    return []
  }
  return files
    .filter((file) => file.endsWith(ENDING))
    .sort()
    .flatMap((file) => keyFacts(file.slice(0, -ENDING.length), join(keysDir, file)) ?? [])
}

/** What is known of one key file; null if it is none. */
export function keyFacts(name: string, path: string): KeyFacts | null {
  try {
    const address = addressIn(readFileSync(path, 'utf8'))
    if (address === null) return null
    const mode = statSync(path).mode & 0o777
    return {
      name,
      path,
      address,
      mode: mode.toString(8).padStart(4, '0'),
      isPrivate: (mode & 0o077) === 0,
    }
  } catch {
    return null
  }
}

/** Account of an encrypted key file without its password, or of a bare one of a local chain; null if it is neither. */
export function keyAddress(path: string): Address | null {
  try {
    const text = readFileSync(path, 'utf8').trim()
    if (!/^0x[0-9a-f]{64}$/i.test(text)) return addressIn(text)
    const bytes = fromHex(text.toLowerCase() as Hex)
    return isPrivateKey(bytes) ? addressOf(bytes) : null
  } catch {
    return null
  }
}

function addressIn(text: string): Address | null {
  if (!isKeystoreJson(text)) return null
  const { address } = JSON.parse(text) as { readonly address?: unknown }
  return `0x${String(address).replace(/^0x/i, '').toLowerCase()}`
}
