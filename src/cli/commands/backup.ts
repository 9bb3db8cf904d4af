import { createBackup, restoreBackup, verifyBackup } from '../../adapters/sqlite/backup.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { BackupCreateOptions, BackupVerifyOptions, OnDataDirOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { storeOptions } from './signed.ts'

/** A backup of a stopped node. */
export async function backupCreate(
  options: BackupCreateOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { chainId, ...store } = await storeOptions(options)
  const manifest = createBackup(store, options.out)
  const names = Object.keys(manifest.files)
  output.result(
    { folder: options.out, chainId: String(chainId), ...manifest },
    `backed up ${names.join(', ')} of ${manifest.key} to ${options.out}`,
  )
  return EXIT.ok
}

/** Exit 6 if a file or a record is not what was written. */
export function backupVerify(
  folder: string,
  _options: BackupVerifyOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const manifest = verifyBackup(folder)
  const names = Object.keys(manifest.files)
  output.result(
    { folder, ...manifest },
    `whole: ${names.join(', ')} of ${manifest.key}, made ${manifest.createdAt}`,
  )
  return Promise.resolve(EXIT.ok)
}

export function backupRestore(
  folder: string,
  { dataDir }: OnDataDirOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const manifest = restoreBackup(folder, dataDir)
  output.result(
    { folder, dataDir, ...manifest },
    `restored ${manifest.key} to ${dataDir}; in tasks that run, the node signs nothing before the others have shown what it signed since`,
  )
  return Promise.resolve(EXIT.ok)
}
