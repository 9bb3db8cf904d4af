import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../api/call.ts'
import type { RsdpClient, TransactionBody } from '../../api/client.ts'

const PAUSE_MS = 250
/** Answers after which the same transaction is asked for again. */
const PASSING = ['undecided', 'no-quorum', 'busy']

/** Its name once it is committed, or how it was aborted. One transaction, whatever is lost on the way. @throws ApiError */
export async function transactOnce(
  client: RsdpClient,
  task: bigint,
  body: TransactionBody,
  isOver: () => boolean,
): Promise<string | ApiError> {
  const request = randomUUID()
  for (;;) {
    try {
      return (await client.transact(task, { ...body, request })).transaction
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.error === 'aborted') return error
      if (!PASSING.includes(error.error) || isOver()) throw error
      await sleep(PAUSE_MS)
    }
  }
}
