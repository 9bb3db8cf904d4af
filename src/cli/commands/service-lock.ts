import { ApiError } from '../../api/call.ts'
import { services } from '../../services/services.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { openMachine } from '../machine.ts'
import type { ServiceLockOptions, ServiceUnlockOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'

/** Locks a key for a transaction, at a service of kind lock; asks again while another one has it. Prints its fencing token. */
export async function servicesLock(
  service: number,
  key: string,
  { read, tx, work, priority, wait, ...options }: ServiceLockOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { client, task } = await openMachine(services.id, options)
  const mode = read ? ('read' as const) : ('write' as const)
  const deadline = performance.now() + wait * 1_000
  for (;;) {
    try {
      const token = String(await client.acquire(task, service, key, { tx, mode, work, priority }))
      output.result({ service, key, tx, mode, token }, `token ${token}`)
      return EXIT.ok
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.error !== 'waiting' || performance.now() > deadline) throw refused(error, tx)
    }
  }
}

/** Releases all that a transaction has at a service, and what it waits for. */
export async function servicesUnlock(
  service: number,
  { tx, ...options }: ServiceUnlockOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { client, task } = await openMachine(services.id, options)
  await client.release(task, service, tx).catch((error: unknown) => {
    throw error instanceof ApiError ? refused(error, tx) : error
  })
  output.result({ service, tx, released: true }, `released all of transaction ${tx}`)
  return EXIT.ok
}

const HINTS: Readonly<Record<string, string>> = {
  waiting: 'it waits in the queue for 15 s more: ask again, with the same key',
  victim: 'release what it has elsewhere, and begin anew',
  over: 'it asked for nothing for 15 s: begin anew',
  full: 'a service has 1,000 transactions at a time',
  'bad-request': 'it waits for another key, or a key has not 1 to 256 bytes',
  'not-ready': 'the copy has just started: ask again',
  'no-service': 'see which services are of kind lock: rsdp services show',
  'no-host': 'see who hosts it and is alive: rsdp services show',
  unknown: 'ask again: what it has it keeps',
}

function refused({ error, message, status }: ApiError, tx: number): RsdpError {
  return new RsdpError({
    code: error === 'victim' ? 'E_LOCK_VICTIM' : 'E_LOCK',
    message: `no lock for transaction ${tx}: ${message}`,
    hint: HINTS[error] ?? 'see which services there are: rsdp services show',
    exit: error === 'waiting' || status === 503 ? EXIT.busy : EXIT.precondition,
    details: { reason: error, tx },
  })
}
