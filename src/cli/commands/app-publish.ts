import { publishBundle } from '../../adapters/evm/bundle-store.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { readApp } from '../app/folder.ts'
import type { AppPublishOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'

/** Publishes a bundle in the wallet's name. Once is enough; a second time changes nothing. */
export async function appPublish(
  folder: string,
  options: AppPublishOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { id, name, bundle } = await readApp(folder)
  return withWallet(options, context, async ({ connection, wallet: author, agreed }) => {
    const { address } = connection.deployment.contracts.BundleStore
    const go = await agreed([
      `publish  ${name}, ${bundle.length} bytes, as ${author.address}`,
      `to       BundleStore ${address}, for ever`,
    ])
    const sent = go ? await publishBundle(author, bundle) : 0
    context.output.result(
      { dryRun: !go, id, author: author.address, sent },
      go ? `reducer  ${id}\nsent     ${sent} transactions` : NOTHING_SENT,
    )
    return EXIT.ok
  })
}
