import { publishBundle } from '../../adapters/evm/bundle-store.ts'
import { byteLength } from '../../codec/hex.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { deployedTwin, deployTwin } from '../app/deployed-twin.ts'
import { readApp } from '../app/folder.ts'
import type { AppPublishOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'

/** Publishes a bundle in the wallet's name, and its twin. Once is enough; a second time changes nothing. */
export async function appPublish(
  folder: string,
  options: AppPublishOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { id, name, bundle, twin } = await readApp(folder)
  return withWallet(options, context, async ({ connection, wallet: author, agreed }) => {
    const { address } = connection.deployment.contracts.BundleStore
    const there = twin === null ? null : await deployedTwin(folder, connection, twin)
    const isNew = twin !== null && there === null
    const go = await agreed([
      `publish  ${name}, ${bundle.length} bytes, as ${author.address}`,
      `to       BundleStore ${address}, for ever`,
      ...(isNew ? [`create   its twin, ${byteLength(twin.runtime)} bytes of code, for ever`] : []),
    ])
    const sent = go ? await publishBundle(author, bundle) : 0
    const twinAt = go && isNew ? await deployTwin(folder, author, twin) : there
    const transactions = sent + (go && isNew ? 1 : 0)
    context.output.result(
      { dryRun: !go, id, author: author.address, sent: transactions, twin: twinAt },
      go
        ? `reducer  ${id}\nsent     ${transactions} transactions${twinAt === null ? '' : `\ntwin     ${twinAt}`}`
        : NOTHING_SENT,
    )
    return EXIT.ok
  })
}
