import { join } from 'node:path'
import { writeKeyFile } from '../../adapters/keys/key-file.ts'
import { newPrivateKey } from '../../adapters/keys/keyring.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { peerIdOfKey } from '../local/peer-id.ts'
import type { NodeInitOptions } from '../node-options.ts'
import { newPassword } from '../password.ts'
import type { CommandContext } from '../run-command.ts'

/** A data directory with a signing key of its own, and what is left to do before the node can run. */
export async function nodeInit(options: NodeInitOptions, { output }: CommandContext): Promise<ExitCode> {
  const { dataDir } = options
  const path = join(dataDir, 'key')
  const privateKey = newPrivateKey()
  const key = await writeKeyFile(path, privateKey, await newPassword(options.passwordFile))
  const peerId = peerIdOfKey(privateKey)
  const next = [
    `rsdp fund ${path} 0.1 --key-file OPERATOR.json   # it pays for checkpoints`,
    `rsdp node register --data-dir ${dataDir} --key-file OPERATOR.json --stake 100 --announce /ip4/ADDRESS/tcp/9100`,
    `rsdp node run --data-dir ${dataDir}`,
  ]
  const text = [
    `signing key  ${key}  ${path}`,
    `peer         ${peerId}`,
    'back the key file and its password up, then:',
    ...next.map((step, i) => `  ${i + 1}. ${step}`),
  ].join('\n')
  output.result({ dataDir, key, peerId, keyFile: path, next }, text)
  return EXIT.ok
}
