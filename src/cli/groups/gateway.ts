import type { Command } from 'commander'
import { PATIENCE_MS, PRIORITY } from '../../types/gateway.ts'
import { examples, ifVersion, integer, json, passwordFile } from '../flags.ts'
import type { GatewayOptions, GatewayWriteOptions } from '../options.ts'
import type { RunCommand } from '../run-command.ts'

const number = integer(1, 65_535)
const AT = '--task 7 --url http://alice.example:8790 --url http://bob.example:8790 --key-file ./client.json'

/** gateway get, put, delete: keys of a store, from any machine, with a key that the ledger permits it to. */
export function addGatewayCommands(program: Command, run: RunCommand): void {
  const gateway = program
    .command('gateway')
    .description('keys and values of a store from any machine, through the gateways of a services@1 task')
  const through = (command: Command): Command =>
    command
      .requiredOption(
        '--url <url...>',
        'gateways of the service; the next one is asked where one cannot answer',
      )
      .requiredOption('--task <id>', 'the task')
      .requiredOption(
        '--key-file <file>',
        'key file of the client, whose address the ledger permits the call',
      )
      .addOption(passwordFile())
      .option(
        '--patience <seconds>',
        'how long one gateway may try',
        integer(1, PATIENCE_MS.most / 1_000),
        PATIENCE_MS.usual / 1_000,
      )
      .option('--priority <n>', 'the greater first', integer(0, PRIORITY.most), PRIORITY.usual)
      .addOption(json())
  through(gateway.command('get').argument('<service>', 'number of the store', number).argument('<key>'))
    .description('the value of a key; exit 3 if there is no such key')
    .addHelpText('after', examples(`rsdp gateway get 2 limits ${AT}`))
    .action((service: number, key: string, options: GatewayOptions) =>
      run('gateway get', options.json, async (context) =>
        (await import('../commands/gateway.ts')).gatewayGet(service, key, options, context),
      ),
    )
  through(
    gateway
      .command('put')
      .argument('<service>', 'number of the store', number)
      .argument('<key>')
      .argument('<value>'),
  )
    .description('writes a value, once, whatever is lost on the way')
    .addOption(ifVersion())
    .addHelpText('after', examples(`rsdp gateway put 2 limits 100 ${AT}`))
    .action((service: number, key: string, value: string, options: GatewayWriteOptions) =>
      run('gateway put', options.json, async (context) =>
        (await import('../commands/gateway.ts')).gatewayPut(service, key, value, options, context),
      ),
    )
  through(gateway.command('delete').argument('<service>', 'number of the store', number).argument('<key>'))
    .description('deletes a key; exit 3 if there is no such key')
    .addOption(ifVersion())
    .addHelpText('after', examples(`rsdp gateway delete 2 limits ${AT}`))
    .action((service: number, key: string, options: GatewayWriteOptions) =>
      run('gateway delete', options.json, async (context) =>
        (await import('../commands/gateway.ts')).gatewayDelete(service, key, options, context),
      ),
    )
}
