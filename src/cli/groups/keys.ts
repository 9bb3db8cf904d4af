import type { Command } from 'commander'
import { Option } from 'commander'
import { examples, json, passwordFile } from '../flags.ts'
import type { KeysImportOptions, KeysOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

const keysDir = (): Option => new Option('--keys-dir <dir>', 'folder of key files').default('.rsdp/keys')

/** keys new, import, list, show: encrypted key files (Web3 Secret Storage v3, mode 0600). */
export function addKeysCommands(program: Command, run: RunCommand): void {
  const keys = program.command('keys').description('encrypted key files: make, import, see them')
  keys
    .command('new <name>')
    .description('makes a key and writes it encrypted; the password comes from a file or is asked for')
    .addOption(keysDir())
    .addOption(passwordFile())
    .addOption(json())
    .addHelpText('after', examples('rsdp keys new operator', 'rsdp keys new operator --password-file ./pw'))
    .action((name: string, options: KeysOptions) =>
      run('keys new', options.json, async (context) =>
        (await import('../commands/keys.ts')).keysNew(name, options, context),
      ),
    )
  keys
    .command('import <name>')
    .description(
      'encrypts a key that exists: from a file (mode 0600) with 64 hex digits, or another key file',
    )
    .requiredOption('--key-file <file>', 'file to read the key from')
    .addOption(keysDir())
    .addOption(passwordFile())
    .option('--new-password-file <file>', 'password of the new key file (default: that of the old one)')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'rsdp keys import deployer --key-file ./key --password-file ./pw',
        'rsdp keys import old --key-file ./UTC--old --password-file ./old.pw --new-password-file ./pw',
      ),
    )
    .action((name: string, options: KeysImportOptions) =>
      run('keys import', options.json, async (context) =>
        (await import('../commands/keys.ts')).keysImport(name, options, context),
      ),
    )
  addReading(keys, run)
}

function addReading(keys: Command, run: RunCommand): void {
  keys
    .command('list')
    .description('key files of the folder with their addresses')
    .addOption(keysDir())
    .addOption(json())
    .addHelpText('after', examples('rsdp keys list', 'rsdp keys list --json'))
    .action((options: KeysOptions) =>
      run('keys list', options.json, async (context) =>
        (await import('../commands/keys.ts')).keysList(options, context),
      ),
    )
  keys
    .command('show <name>')
    .description('one key; with --password-file also its PeerId, which shows that the password is right')
    .addOption(keysDir())
    .addOption(passwordFile())
    .addOption(json())
    .addHelpText('after', examples('rsdp keys show operator', 'rsdp keys show operator --password-file ./pw'))
    .action((name: string, options: KeysOptions) =>
      run('keys show', options.json, async (context) =>
        (await import('../commands/keys.ts')).keysShow(name, options, context),
      ),
    )
}
