import { readKeyFile, writeKeyFile } from '../../adapters/keys/key-file.ts'
import { addressOf, newPrivateKey } from '../../adapters/keys/keyring.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import type { KeyFacts } from '../key-store.ts'
import { keyFacts, keyPath, listKeys } from '../key-store.ts'
import { peerIdOfKey } from '../local/peer-id.ts'
import { isTestAccount } from '../local/test-keys.ts'
import type { KeysImportOptions, KeysOptions } from '../options.ts'
import { table } from '../output.ts'
import { newPassword, passwordPrompt } from '../password.ts'
import type { CommandContext } from '../run-command.ts'

/** Shown where an encrypted file does not say whose key it holds. */
const UNKNOWN = 'unknown'

/** Makes a key from the system's randomness and writes it encrypted. */
export async function keysNew(
  name: string,
  options: KeysOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const path = keyPath(options.keysDir, name)
  const address = await writeKeyFile(path, newPrivateKey(), await newPassword(options.passwordFile))
  output.result(
    { name, path, address },
    `${address}  ${path}\nback this file and its password up: whoever loses either loses the key`,
  )
  return EXIT.ok
}

/** Writes a key that exists already, as a bare hex file or as another encrypted one, encrypted. */
export async function keysImport(
  name: string,
  options: KeysImportOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const path = keyPath(options.keysDir, name)
  const privateKey = await readKeyFile({
    path: options.keyFile,
    passwordFile: options.passwordFile ?? null,
    isLocalChain: true,
    askPassword: passwordPrompt(),
  })
  const { newPasswordFile = options.passwordFile } = options
  const password = await newPassword(
    newPasswordFile,
    undefined,
    'the old key file is read; give a longer password for the new one: --new-password-file',
  )
  const address = await writeKeyFile(path, privateKey, password)
  const warnings = isTestAccount(address)
    ? [`${address} is a public test account: it is taken on local chains only`]
    : []
  output.result(
    { name, path, address },
    `${address}  ${path}\nremove ${options.keyFile} once this one is backed up`,
    warnings,
  )
  return EXIT.ok
}

export function keysList({ keysDir }: KeysOptions, { output }: CommandContext): ExitCode {
  const keys = listKeys(keysDir)
  const text =
    keys.length === 0
      ? `no keys in ${keysDir}: rsdp keys new NAME`
      : table(
          ['name', 'address', 'mode'],
          keys.map(({ name, address, mode }) => [name, address ?? UNKNOWN, mode]),
        )
  output.result({ keysDir, keys }, text, openToOthers(keys))
  return EXIT.ok
}

/** One key; with its password also the PeerId, which shows that the password is right. */
export async function keysShow(
  name: string,
  options: KeysOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const path = keyPath(options.keysDir, name)
  const key = keyFacts(name, path)
  if (key === null) throw noSuchKey(name, path)
  const opened = options.passwordFile === undefined ? null : await openKey(path, options.passwordFile)
  const peerId = opened?.peerId ?? null
  const address = opened?.address ?? key.address
  const rows = [
    ['name', name],
    ['address', address ?? `${UNKNOWN}; --password-file works it out`],
    ['file', path],
    ['mode', key.mode],
    ...(peerId === null ? [] : [['peer', peerId]]),
  ]
  const text = rows.map(([what = '', value = '']) => `${what.padEnd(8)} ${value}`).join('\n')
  output.result({ ...key, address, peerId }, text, openToOthers([key]))
  return EXIT.ok
}

async function openKey(path: string, passwordFile: string): Promise<{ address: Address; peerId: string }> {
  const privateKey = await readKeyFile({ path, passwordFile, isLocalChain: true })
  return { address: addressOf(privateKey), peerId: peerIdOfKey(privateKey) }
}

function openToOthers(keys: readonly KeyFacts[]): string[] {
  return keys.flatMap(({ exposed }) =>
    exposed === null ? [] : [`${exposed.text}, so it is not taken: ${exposed.hint}`],
  )
}

function noSuchKey(name: string, path: string): RsdpError {
  return new RsdpError({
    code: 'E_NO_KEY',
    message: `there is no key ${name}: ${path} is missing or no Web3 Secret Storage (v3)`,
    hint: 'rsdp keys list shows those that are there',
    exit: EXIT.precondition,
    details: { name, path },
  })
}
