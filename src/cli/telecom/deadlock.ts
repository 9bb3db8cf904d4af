import { ApiError } from '../../api/call.ts'
import type { RsdpClient } from '../../api/client.ts'
import { missing } from '../commands/demo-stage.ts'
import { LOCKS } from './document.ts'
import type { TelecomStage } from './stage.ts'
import { seconds } from './stage.ts'

/** Where transactions are run. */
const CLIENT = 'Cloud1'
/** Who has done less gives way. */
const FIRST = { tx: 1, work: 2 }
const SECOND = { tx: 2, work: 1 }

/** Two transactions wait for each other at the locks of two nodes: the members agree on one that gives way. */
export async function deadlock(stage: TelecomStage): Promise<Record<string, unknown>> {
  const { say, task } = stage
  const client = stage.client(CLIENT)
  const take = (service: number, body: typeof FIRST): Promise<'granted' | 'victim'> =>
    locked(stage, client, service, body)
  const [here, there] = LOCKS
  const { placement } = await stage.until('both services of locks', CLIENT, (state) =>
    LOCKS.every((service) => state.placement.services.some((row) => row.service === service)),
  )
  const nodes = LOCKS.map((service) => {
    return stage.nameOf(placement.services.find((row) => row.service === service)?.primary ?? -1)
  })
  await take(here, FIRST)
  await take(there, SECOND)
  const sinceMs = performance.now()
  const ends = await Promise.all([take(there, FIRST), take(here, SECOND)])
  const brokenMs = performance.now() - sinceMs
  if (ends.join() !== 'granted,victim')
    throw missing(`a deadlock broken by the one with the least work (${ends.join(', ')})`)
  const release = ({ tx }: typeof FIRST): Promise<unknown> =>
    Promise.all(LOCKS.map((service) => client.release(task, service, tx)))
  await release(FIRST)
  await release(SECOND)
  // begun anew, it gets what it wanted
  const again = [await take(here, SECOND), await take(there, SECOND)]
  if (again.join() !== 'granted,granted') throw missing('the locks for the victim, begun anew')
  await release(SECOND)
  say(`two transactions waited for each other at the locks of ${nodes.join(' and ')}`)
  say(
    `  the members agreed on transaction ${SECOND.tx} (least work); after ${seconds(brokenMs)} it was aborted and the other went on`,
  )
  say('  begun anew, it got both locks')
  return { nodes, victim: SECOND.tx, brokenMs }
}

/** Asks until the lock is there, or the transaction has to give way. */
async function locked(
  { task, wait }: TelecomStage,
  client: RsdpClient,
  service: number,
  body: typeof FIRST,
): Promise<'granted' | 'victim'> {
  const ends: ('granted' | 'victim')[] = []
  await wait(`a word on a lock for transaction ${body.tx}`, async () => {
    try {
      await client.acquire(task, service, 'account', body)
      ends.push('granted')
    } catch (error) {
      if (error instanceof ApiError && error.error === 'victim') ends.push('victim')
      else if (error instanceof ApiError && error.status < 500) throw error
    }
    return ends.length > 0
  })
  return ends[0] ?? 'victim'
}
