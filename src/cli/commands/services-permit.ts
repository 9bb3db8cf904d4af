import { postEvent } from '../../adapters/evm/operator.ts'
import { encodePermit } from '../../services/gateway/permits.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { parseAddress } from '../account.ts'
import type { PermitOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'
import { parseService, policyOf } from './services.ts'
import { parseTaskId } from './task-list.ts'

/** Posts what a key may ask of a service through gateways; the last word on both counts. */
export function servicesPermit(
  { task: id, service: number, key: address }: Readonly<Record<'task' | 'service' | 'key', string>>,
  options: PermitOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const [service, key] = [parseService(number), parseAddress(address)]
  const { verbs } = options
  const permit = { service, key, verbs, perSecond: verbs.length === 0 ? 0 : options.perSecond }
  const what =
    verbs.length === 0 ? 'nothing any more' : `${verbs.join(', ')}, ${permit.perSecond} requests a second`
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    await policyOf(connection, taskId)
    const go = await agreed([`permit   ${key} at service ${service} of task ${id}: ${what}`])
    if (!go) {
      context.output.result({ dryRun: true, taskId, ...permit, event: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const { seq, block, hash } = await postEvent(wallet, taskId, encodePermit(permit))
    context.output.result(
      { dryRun: false, taskId, ...permit, event: { seq, block, hash } },
      `event ${seq} in the ledger of task ${id}, in block ${block}: ${key} may ${what}`,
    )
    return EXIT.ok
  })
}
