import type { Connection } from '../../adapters/evm/connection.ts'
import { release } from '../../adapters/evm/operator.ts'
import type { Done } from '../../adapters/evm/operator.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import type { TaskSendOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import type { TokenFacts } from '../stake-view.ts'
import { inTokens, readToken } from '../stake-view.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'
import { parseAddress } from '../account.ts'
import { claimRefusal } from './task-claim.ts'
import { parseTaskId } from './task-list.ts'

interface Lock {
  readonly key: Address
  readonly amountWei: bigint
}

/** Turns the locks of a task into free stake of their operators: of one key, or of all. Anyone may do that. */
export function taskRelease(
  id: string,
  key: string | undefined,
  options: TaskSendOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const wanted = key === undefined ? null : parseAddress(key)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    const { output } = context
    const locks = await locksOf(connection, taskId, wanted)
    const token = await readToken(connection)
    const facts = { taskId, locks }
    if (!(await agreed(locks.map((lock) => `release  ${show(lock, token)}`)))) {
      output.result({ dryRun: true, ...facts, released: [], transactions: [] }, NOTHING_SENT)
      return EXIT.ok
    }
    const done: (Lock & Done)[] = []
    for (const { key } of locks) done.push({ key, ...(await release(wallet, taskId, key)) })
    const released = done.map(({ key, amountWei }) => ({ key, amountWei }))
    const transactions = done.map(({ hash, block, gasUsed }) => ({ hash, block, gasUsed }))
    const rows = released.map(({ key, amountWei }) => [key, inTokens(amountWei, token)])
    output.result({ dryRun: false, ...facts, released, transactions }, table(['key', 'free again'], rows))
    return EXIT.ok
  })
}

const show = ({ key, amountWei }: Lock, token: TokenFacts): string =>
  `${inTokens(amountWei, token)} of ${key}, less what convictions of others make due`

/** Locks that can be released now: of sign-ups that were not drawn before all others. @throws as `claimRefusal`, E_NOTHING_DUE */
async function locksOf(connection: Connection, taskId: bigint, wanted: Address | null): Promise<Lock[]> {
  const { board, registry } = connection.contracts
  const formed = board.queryFilter(board.filters.ClusterFormed(taskId), connection.deployment.fromBlock)
  const [keys, [cluster]] = await connection.read(Promise.all([board.signupsOf(taskId), formed]))
  const seats = new Set(cluster?.args.signingKeys.map((key) => key.toLowerCase()))
  const locks: Lock[] = []
  for (const key of keys.map((each) => each.toLowerCase() as Address)) {
    if (wanted !== null && key !== wanted) continue
    const amountWei = await connection.read(registry.lockOf(taskId, key))
    if (amountWei > 0n) locks.push({ key, amountWei })
  }
  const refusal = await claimRefusal(connection, taskId)
  const idle = seats.size === 0 ? [] : locks.filter(({ key }) => !seats.has(key))
  if (refusal !== null && idle.length > 0) return idle
  if (refusal !== null) throw refusal
  if (locks.length > 0) return locks
  throw new RsdpError({
    code: 'E_NOTHING_DUE',
    message: `task ${taskId} holds no lock${wanted === null ? '' : ` of ${wanted}`}`,
    hint: `rsdp task status ${taskId} shows where it stands`,
    exit: EXIT.precondition,
    details: { taskId, key: wanted },
  })
}
