import { setTimeout as sleep } from 'node:timers/promises'
import type { LineView } from '../../adapters/evm/task-line.ts'
import { collectable, collectFor, openLine, readLine, renewLine } from '../../adapters/evm/task-line.ts'
import type { Wallet } from '../../adapters/evm/wallet.ts'
import { RsdpError } from '../../types/errors.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { isReached } from '../../types/moment.ts'
import type { LineKeepOptions } from '../options.ts'
import { toJson } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { withWallet } from '../wallet-session.ts'
import { lineAddress } from './line-send.ts'

/** What passes: the endpoint is down, or another keeper was first. */
const PASSING: ReadonlySet<string> = new Set(['E_RPC_DOWN', 'E_RPC_TIMEOUT', 'E_TX_TIMEOUT', 'E_REVERT'])

interface Told {
  readonly type: string
  readonly [fact: string]: unknown
}

/**
 * Renews a line whenever that is due, and collects what its tasks did not spend. A keeper holds nothing of the line's: it
 * pays gas, and earns the fee. It ends when it is interrupted, or once the line is closed and everything is collected.
 */
export async function lineKeep(
  text: string,
  options: LineKeepOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const line = lineAddress(text)
  const { json, output, signal } = context
  const tell = (told: Told): void => {
    const { type, ...facts } = told
    const shown = Object.entries(facts).map(([name, value]) => `${name} ${String(value)}`)
    output.line(json ? toJson({ ts: new Date().toISOString(), ...told }) : [type, ...shown].join('  '))
  }
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    await openLine(connection, line)
    const go = await agreed([`keep     ${line}, with gas of ${wallet.address}, until you stop it`])
    const settled = new Set<bigint>()
    let trouble = ''
    while (go && !signal.aborted) {
      try {
        const view = await readLine(connection, line)
        await collectAll(wallet, view, settled, tell)
        if (view.isDue && (view.isPaid || !options.paidOnly)) await renew(wallet, view, tell)
        trouble = ''
        if (await isDone(wallet, view, settled)) break
        // another process may send from this key meanwhile
        await wallet.release(true)
      } catch (error) {
        if (!(error instanceof RsdpError) || !PASSING.has(error.code)) throw error
        // said once: an endpoint that is down stays down for many looks
        if (error.message !== trouble) tell({ type: 'waits', code: error.code, message: error.message })
        trouble = error.message
      }
      await sleep(options.every * 1_000, undefined, { signal }).catch(() => undefined)
    }
    tell({ type: 'stopped', line })
    return EXIT.ok
  })
}

async function renew(wallet: Wallet, view: LineView, tell: (told: Told) => void): Promise<void> {
  const { taskId, predecessor, feeWei, block } = await renewLine(wallet, view.line)
  tell({ type: 'renewed', taskId, predecessor, feeWei, block })
}

/** What is not collected yet of tasks whose evidence window is over. Each pays once. */
async function collectAll(
  wallet: Wallet,
  { line, tasks }: LineView,
  settled: Set<bigint>,
  tell: (told: Told) => void,
): Promise<void> {
  const contract = await openLine(wallet.connection, line)
  const { board } = wallet.connection.contracts
  for (const { taskId } of tasks) {
    if (settled.has(taskId)) continue
    const { number, time } = await wallet.connection.read(board.claimsOpenAt(taskId))
    if (number === 0n || !isReached({ number, time }, await wallet.connection.latest())) continue
    const amountWei = await collectable(wallet.connection, contract, taskId)
    if (amountWei > 0n) {
      const { block } = await collectFor(wallet, line, taskId)
      tell({ type: 'collected', taskId, amountWei, block })
    }
    settled.add(taskId)
  }
}

/** The line is closed, and nothing of it is still to come. */
async function isDone(wallet: Wallet, view: LineView, settled: ReadonlySet<bigint>): Promise<boolean> {
  if (view.closesAt === null || !isReached(view.closesAt, await wallet.connection.latest())) return false
  return view.tasks.every(({ taskId }) => settled.has(taskId))
}
