import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isKeystoreJson } from 'ethers'
import { parsePlainKey } from '../adapters/keys/key-file.ts'
import { addressOf } from '../adapters/keys/keyring.ts'
import { permissionsOf } from '../adapters/keys/secret-file.ts'
import type { Exposed } from '../adapters/keys/secret-file.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Address } from '../types/ids.ts'

/** A key file as far as it can be seen without its password. */
export interface KeyFacts {
  readonly name: string
  readonly path: string
  /** Null: the file is encrypted and does not say it. */
  readonly address: Address | null
  /** Permissions, octal. */
  readonly mode: string
  /** What keeps the file from being taken: others may open it; null if nothing. */
  readonly exposed: Exposed | null
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

/** What is known of one key file, encrypted or, for a local chain, bare; null if it is none. */
export function keyFacts(name: string, path: string): KeyFacts | null {
  try {
    const address = addressIn(readFileSync(path, 'utf8').trim())
    if (address === undefined) return null
    const { mode, exposed } = permissionsOf(path)
    return { name, path, address, mode, exposed }
  } catch {
    return null
  }
}

/** Whether a file holds a private key without a password, as local chains have them. False if it cannot be read. */
export function isBareKey(path: string): boolean {
  try {
    return parsePlainKey(readFileSync(path, 'utf8').trim()) !== null
  } catch {
    return false
  }
}

/** Undefined: the text is no key. Tools other than this one leave the address out. */
function addressIn(text: string): Address | null | undefined {
  if (!isKeystoreJson(text)) {
    const bytes = parsePlainKey(text)
    return bytes === null ? undefined : addressOf(bytes)
  }
  const { address } = JSON.parse(text) as { readonly address?: unknown }
  const [, digits] = /^(?:0x)?([0-9a-f]{40})$/i.exec(String(address)) ?? []
  return digits === undefined ? null : `0x${digits.toLowerCase()}`
}
