import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../api/call.ts'
import { readControl } from '../control/file.ts'
import { notRunning } from '../control/client.ts'
import { RsdpClient } from '../../api/client.ts'
import { services } from '../../services/services.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { openMachine } from '../machine.ts'
import type { MachineOptions, OnDataDirOptions, TxRunOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { transactOnce } from '../services/transact.ts'
import { storesOf } from '../services/tx-words.ts'

/** For how long the command goes on: over transactions that hold a key, and over an outcome that takes long. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 250

/** Changes several stores or none. Begins anew while other transactions hold its keys. */
export async function txRun(options: TxRunOptions, { output }: CommandContext): Promise<ExitCode> {
  const { protocol, timeout } = options
  const stores = storesOf(options)
  const { client, task } = await openMachine(services.id, options)
  const deadline = performance.now() + PATIENCE_MS
  const isOver = (): boolean => performance.now() > deadline
  const body = { protocol, ttlMs: timeout * 1_000, stores }
  for (let tries = 1; ; tries += 1) {
    const answer = await transactOnce(client, task, body, isOver).catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error
      throw error.error === 'undecided' ? undecided(error) : refused(error)
    })
    if (typeof answer === 'string') {
      output.result({ transaction: answer, outcome: 'commit', tries }, `committed  ${answer}`)
      return EXIT.ok
    }
    if (answer.details['cause'] !== 'locked' || isOver()) throw aborted(answer)
    await sleep(PAUSE_MS * Math.min(tries, 8))
  }
}

/** What became of a transaction, at the node that coordinates it. */
export async function txShow(
  name: string,
  options: MachineOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { client, task } = await openMachine(services.id, options)
  const answer = await client.transaction(task, name).catch((error: unknown) => {
    throw error instanceof ApiError ? refused(error) : error
  })
  const { outcome, cause, service } = answer
  const why = cause === null ? '' : `  ${cause}${service === 0 ? '' : ` (store ${service})`}`
  output.result(answer, `${outcome}${why}`)
  return EXIT.ok
}

/** Transactions that are not over, as far as a node has to do with them. */
export async function txList({ dataDir }: OnDataDirOptions, { output }: CommandContext): Promise<ExitCode> {
  const control = readControl(dataDir)
  if (control === null) throw notRunning(dataDir)
  const { transactions } = await new RsdpClient(control).transactionsOpen()
  const lines = transactions.map(({ transaction, protocol, service, services: all, phase }) => {
    const role = service === 0 ? 'coordinates' : `store ${service}`
    return `${transaction}  ${protocol}  ${role}  ${phase}  stores ${all.join(', ')}`
  })
  output.result({ transactions }, lines.join('\n') || 'no open transactions')
  return EXIT.ok
}

function aborted({ details }: ApiError): RsdpError {
  const { cause, service } = details as { readonly cause: string | null; readonly service: number }
  return new RsdpError({
    code: 'E_TX_ABORTED',
    message: `aborted: ${WHY[cause ?? ''] ?? 'nobody says why'}${service === 0 ? '' : `, at store ${service}`}; nothing was written`,
    hint: HINTS[cause ?? ''] ?? 'begin it again',
    exit: EXIT.precondition,
    details,
  })
}

const WHY: Readonly<Record<string, string>> = {
  locked: 'another transaction has a key',
  conflict: 'a key has another version',
  full: 'there is no room',
  late: 'it was too old when the store heard of it',
  early: 'the clock of this node is far ahead of agreed time',
  silent: 'a store has not voted in time',
  interrupted: 'the node was started anew before all had voted',
  'log-full': 'too many transactions are in the agreed log',
}

const HINTS: Readonly<Record<string, string>> = {
  locked: 'begin it again; see who has it: rsdp tx list',
  conflict: 'read the keys again: rsdp store get',
  full: 'delete keys first: a store holds 4 MiB',
  late: 'set the clock of this node right',
  early: 'set the clock of this node right',
  silent: 'see who leads the store and is alive: rsdp services show',
}

function undecided({ details }: ApiError): RsdpError {
  return new RsdpError({
    code: 'E_TX_UNDECIDED',
    message: `it is not decided yet whether ${String(details['transaction'])} commits; it goes on`,
    hint: 'ask later: rsdp tx show',
    exit: EXIT.timeout,
    details,
  })
}

const REFUSALS: Readonly<Record<string, string>> = {
  'no-store': 'see which stores there are and who leads them: rsdp services show',
  'no-log':
    'publish a task that decides: rsdp task publish --reducer transactions@1 --params \'{"minHeightTicks":2,"sessionIdleMs":60000,"generation":0}\'; or take --protocol 2pc',
  'no-quorum': 'see who is missing: rsdp services show',
  'no-transaction': 'ask the node whose key its name begins with',
  busy: 'try again later; see what is open: rsdp tx list',
  'bad-request': 'keys have 1 to 256 bytes, values at most 32 KiB; one store is told at most 48,000 bytes',
}

function refused(error: ApiError): RsdpError {
  return new RsdpError({
    code: 'E_TX',
    message: `the node refuses: ${error.message}`,
    hint: REFUSALS[error.error] ?? 'see which stores there are: rsdp services show',
    exit: error.status === 503 ? EXIT.busy : EXIT.precondition,
    details: { reason: error.error, ...error.details },
  })
}
