import { Cron } from 'croner'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/**
 * Calls back at the times of a cron expression, in UTC, until the returned function is called. Five fields, or six with
 * seconds first.
 *
 * @throws RsdpError E_CRON
 */
export function onCron(expression: string, due: () => void): () => void {
  try {
    const job = new Cron(expression, { timezone: 'UTC' }, due)
    return () => job.stop()
  } catch (cause) {
    throw new RsdpError({
      code: 'E_CRON',
      message: `'${expression}' is not a cron expression`,
      hint: 'use five fields, or six with seconds first: */10 * * * * *',
      exit: EXIT.usage,
      cause,
    })
  }
}
