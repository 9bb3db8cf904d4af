import { readKeyFile, writeKeyFile } from '../../adapters/keys/key-file.ts'
import { newPrivateKey } from '../../adapters/keys/keyring.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { KeyFacts } from '../key-store.ts'
import { keyFacts, keyPath, listKeys } from '../key-store.ts'
import { peerIdOfKey } from '../local/peer-id.ts'
import { isTestAccount } from '../local/test-keys.ts'
import type { KeysImportOptions, KeysOptions } from '../options.ts'
import { table } from '../output.ts'
import { newPassword, passwordPrompt } from '../password.ts'
import type { CommandContext } from '../run-command.ts'

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
  const address = await writeKeyFile(path, privateKey, await newPassword(options.passwordFile))
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
          keys.map(({ name, address, mode }) => [name, address, mode]),
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
  const peerId = options.passwordFile === undefined ? null : await peerIdOf(path, options.passwordFile)
  const rows = [
    ['name', name],
    ['address', key.address],
    ['file', path],
    ['mode', key.mode],
    ...(peerId === null ? [] : [['peer', peerId]]),
  ]
  const text = rows.map(([what = '', value = '']) => `${what.padEnd(8)} ${value}`).join('\n')
  output.result({ ...key, peerId }, text, openToOthers([key]))
  return EXIT.ok
}

async function peerIdOf(path: string, passwordFile: string): Promise<string> {
  const privateKey = await readKeyFile({ path, passwordFile, isLocalChain: false })
  return peerIdOfKey(privateKey)
}

function openToOthers(keys: readonly KeyFacts[]): string[] {
  return keys
    .filter(({ isPrivate }) => !isPrivate)
    .map(({ path, mode }) => `others may open ${path} (mode ${mode}), so it is not taken: chmod 600 ${path}`)
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
