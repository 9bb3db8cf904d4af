import { scrypt as nativeScrypt } from 'node:crypto'
import type { ScryptOptions } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { decryptKeystoreJson, encryptKeystoreJson, isKeystoreJson, scrypt } from 'ethers'
import { fromHex, toHex } from '../../codec/hex.ts'
import { invariant, RsdpError } from '../../types/errors.ts'
import type { ErrorInfo } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Hex } from '../../types/ids.ts'
import { addressOf, isPrivateKey } from './keyring.ts'
import { readPasswordFile, typedPassword } from './password.ts'
import type { Password, PasswordForms } from './password.ts'
import { readSecretFile } from './secret-file.ts'

const deriveKey = promisify<Uint8Array, Uint8Array, number, ScryptOptions, Uint8Array>(nativeScrypt)

// OpenSSL takes about half the time of what ethers brings, which is JavaScript; its memory is N + p + 2 blocks
scrypt.register((password, salt, N, r, p, length) =>
  deriveKey(password, salt, length, { N, r, p, maxmem: 128 * r * (N + p + 3) }),
)

export interface ReadKeyOptions {
  readonly path: string
  /** File whose first line is the password; null if the key file needs none. */
  readonly passwordFile: string | null
  /** Whether a bare private key in hex will do: on a local chain, whose keys are worth nothing. */
  readonly isLocalChain: boolean
  /** Asks a person for the password of an encrypted file where no password file was given; absent: there is nobody to ask. */
  readonly askPassword?: ((path: string) => Promise<string>) | null
}

/** Default cost of scrypt, 2^17: about half a second and 128 MiB per attempt. */
const SCRYPT_N = 131_072

/**
 * The private key in a Web3 Secret Storage (v3) file, or in a bare hex file where that is allowed. No message, hint or
 * cause of an error holds any of the file's content.
 *
 * @throws RsdpError E_NO_KEY, E_KEY_PERM, E_KEY_FORMAT, E_KEY_PASSWORD
 */
export async function readKeyFile(options: ReadKeyOptions): Promise<Uint8Array> {
  const { path, isLocalChain } = options
  const text = readSecretFile(path, 'key file').toString('utf8').trim()
  if (isKeystoreJson(text)) return decrypt(path, text, await passwordOf(options))
  const plain = parsePlainKey(text)
  if (plain === null) {
    throw keyError('E_KEY_FORMAT', path, {
      message: `the key file ${path} is not Web3 Secret Storage (v3)`,
      hint: 'make a new one with `rsdp keys new`, or import a key with `rsdp keys import`',
    })
  }
  if (!isLocalChain) {
    throw keyError('E_KEY_FORMAT', path, {
      message: `the key file ${path} holds an unencrypted key, which is taken on a local chain only`,
      hint: 'import it with `rsdp keys import`, then remove the file',
    })
  }
  return plain
}

/**
 * Writes a private key to a new file, mode 0600, in Web3 Secret Storage (v3). It is on the disk when this returns; on
 * any error there is no file. A file that is there is never touched.
 *
 * @param privateKey a valid one (`isPrivateKey`)
 * @param scryptN lower it in tests only
 * @throws RsdpError E_KEY_EXISTS, E_KEY_WRITE
 */
export async function writeKeyFile(
  path: string,
  privateKey: Uint8Array,
  password: Password,
  scryptN = SCRYPT_N,
): Promise<Address> {
  invariant(isPrivateKey(privateKey), 'not a private key') // never its value
  invariant(password.length > 0, 'a key file needs a password')
  const address = addressOf(privateKey)
  const account = { address, privateKey: toHex(privateKey) }
  writeNew(path, await encryptKeystoreJson(account, password, { scrypt: { N: scryptN } }))
  return address
}

async function passwordOf({ path, passwordFile, askPassword }: ReadKeyOptions): Promise<PasswordForms> {
  if (passwordFile !== null) return readPasswordFile(passwordFile)
  if (askPassword !== undefined && askPassword !== null) return typedPassword(await askPassword(path))
  throw keyError('E_KEY_PASSWORD', path, {
    message: `the key file ${path} is encrypted, and no password was given`,
    hint: 'put the password into a file (mode 0600) and give it as --password-file',
  })
}

async function decrypt(
  path: string,
  json: string,
  { first, others, hint }: PasswordForms,
): Promise<Uint8Array> {
  for (const password of [first, ...others]) {
    try {
      return fromHex((await decryptKeystoreJson(json, password)).privateKey as Hex)
    } catch (error) {
      // the cause stays out: its fields hold the arguments
      if (isWrongPassword(error)) continue
      throw keyError('E_KEY_FORMAT', path, {
        message: `the key file ${path} is damaged or encrypted in an unknown way`,
        hint: 'restore it from a backup',
      })
    }
  }
  throw keyError('E_KEY_PASSWORD', path, {
    message: `the password does not open the key file ${path}`,
    hint: `check which password belongs to this key${hint === '' ? '' : `; ${hint}`}`,
  })
}

/** ethers names the argument that was wrong. */
function isWrongPassword(error: unknown): boolean {
  return error instanceof Error && 'argument' in error && error.argument === 'password'
}

/** A bare private key in hex; null if the text is none. */
export function parsePlainKey(text: string): Uint8Array | null {
  const digits = text.startsWith('0x') ? text.slice(2) : text
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) return null
  const bytes = fromHex(`0x${digits.toLowerCase()}`)
  return isPrivateKey(bytes) ? bytes : null
}

function writeNew(path: string, text: string): void {
  let file: number | null = null
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    file = openSync(path, 'wx', 0o600)
    writeSync(file, text)
    fsyncSync(file)
  } catch (cause) {
    if (file !== null) rmSync(path, { force: true })
    const { code, syscall } = cause as NodeJS.ErrnoException
    throw code === 'EEXIST' && syscall === 'open'
      ? keyError('E_KEY_EXISTS', path, {
          message: `the key file ${path} exists`,
          hint: 'choose another name; a key that was replaced is lost',
        })
      : keyError('E_KEY_WRITE', path, {
          message: `cannot write the key file ${path}: ${code ?? 'unknown reason'}`,
          hint: 'check free space and permissions',
        })
  } finally {
    if (file !== null) closeSync(file)
  }
}

function keyError(
  code: ErrorInfo['code'],
  path: string,
  text: { readonly message: string; readonly hint: string },
): RsdpError {
  return new RsdpError({ code, ...text, exit: EXIT.precondition, details: { path } })
}
