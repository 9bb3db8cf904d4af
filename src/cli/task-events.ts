import type { Chain, ChainEvent } from '../ports/chain.ts'
import type { Address } from '../types/ids.ts'

/** A task as its events tell it. */
export interface ToldTask {
  readonly published: Extract<ChainEvent, { kind: 'taskPublished' }>
  /** Keys that have signed up. */
  readonly keys: ReadonlySet<Address>
  /** Revoked or drawn. */
  readonly isSettled: boolean
}

const PAGE_BLOCKS = 2_000

/** All tasks of a deployment, as deep as the chain's reorgDepth. */
export async function allTasks(chain: Chain): Promise<ReadonlyMap<bigint, ToldTask>> {
  const tasks = new Map<bigint, ToldTask & { keys: Set<Address>; isSettled: boolean }>()
  for (let page = await chain.eventsAfter(0, null, PAGE_BLOCKS); page !== null;) {
    for (const event of page.events) {
      if (event.kind === 'taskPublished')
        tasks.set(event.taskId, { published: event, keys: new Set(), isSettled: false })
      if (event.kind === 'taskJoined') tasks.get(event.taskId)?.keys.add(event.key)
      const settled = 'taskId' in event ? tasks.get(event.taskId) : undefined
      if (settled !== undefined && (event.kind === 'clusterFormed' || event.kind === 'taskRevoked'))
        settled.isSettled = true
    }
    page = await chain.eventsAfter(page.block, page.hash, PAGE_BLOCKS)
  }
  return tasks
}
