import type { Command } from 'commander'
import { dataDir, deployment, examples, json, yes } from '../flags.ts'
import type {
  BackupCreateOptions,
  BackupVerifyOptions,
  OnDataDirOptions,
  SignedExportOptions,
  SignedOptions,
} from '../options.ts'
import type { RunCommand } from '../run-command.ts'

/** signed export, import: what a key has signed, as a file. backup create, verify, restore: a data directory. */
export function addBackupCommands(program: Command, run: RunCommand): void {
  addSigned(program, run)
  const backup = program
    .command('backup')
    .description('back up and restore the data directory of a stopped node')
  backup
    .command('create')
    .description('copies key, store and policy into a new folder, with a checksum of each')
    .addOption(dataDir())
    .addOption(deployment())
    .requiredOption('--out <folder>', 'folder to write; it must not exist')
    .addOption(json())
    .addHelpText('after', examples('rsdp backup create --data-dir ./dave --out ./dave-backup'))
    .action((options: BackupCreateOptions) =>
      run('backup create', options.json, async (context) =>
        (await import('../commands/backup.ts')).backupCreate(options, context),
      ),
    )
  backup
    .command('verify <folder>')
    .description('checks every file of a backup and every record of its store')
    .addOption(json())
    .addHelpText('after', examples('rsdp backup verify ./dave-backup'))
    .action((folder: string, options: BackupVerifyOptions) =>
      run('backup verify', options.json, async (context) =>
        (await import('../commands/backup.ts')).backupVerify(folder, options, context),
      ),
    )
  backup
    .command('restore <folder>')
    .description(
      'puts a backup into a new data directory; the node then waits for proof of what it signed since',
    )
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('rsdp backup restore ./dave-backup --data-dir ./dave-2'))
    .action((folder: string, options: OnDataDirOptions) =>
      run('backup restore', options.json, async (context) =>
        (await import('../commands/backup.ts')).backupRestore(folder, options, context),
      ),
    )
}

function addSigned(program: Command, run: RunCommand): void {
  const signed = program
    .command('signed')
    .description('what a signing key has signed, as a file for another data directory')
  signed
    .command('export')
    .description('writes how high a stopped node has signed in each task; its data directory signs no more')
    .addOption(dataDir())
    .addOption(deployment())
    .requiredOption('--out <file>', 'file to write')
    .option(
      '--keep',
      'the data directory goes on signing: the file only says in which tasks something was signed',
      false,
    )
    .addOption(yes())
    .addOption(json())
    .addHelpText('after', examples('rsdp signed export --data-dir ./dave --out ./dave-signed.json --yes'))
    .action((options: SignedExportOptions) =>
      run('signed export', options.json, async (context) =>
        (await import('../commands/signed.ts')).signedExport(options, context),
      ),
    )
  signed
    .command('import <file>')
    .description('takes such a file into the data directory of a stopped node; no height is lowered')
    .addOption(dataDir())
    .addOption(deployment())
    .addOption(json())
    .addHelpText('after', examples('rsdp signed import ./dave-signed.json --data-dir ./dave-2'))
    .action((file: string, options: SignedOptions) =>
      run('signed import', options.json, async (context) =>
        (await import('../commands/signed.ts')).signedImport(file, options, context),
      ),
    )
}
