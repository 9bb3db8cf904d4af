/** Number of a transaction, u48: unique in its cluster. */
export type TxNumber = number

/** `read`: shared. `write`: alone. */
export type LockMode = 'read' | 'write'

export interface LockRequest {
  readonly tx: TxNumber
  readonly mode: LockMode
}

/** A transaction waits for another, since `stamp`: each wait has one of its own, larger than all before at this node. */
export interface WaitEdge {
  readonly waiter: TxNumber
  readonly holder: TxNumber
  readonly stamp: number
}

interface Lock {
  readonly holders: readonly LockRequest[]
  /** First come, first served. */
  readonly queue: readonly (LockRequest & { readonly edges: readonly WaitEdge[] })[]
}

/** The locks of one node. Immutable: every change gives another table. */
export interface LockTable {
  readonly locks: ReadonlyMap<string, Lock>
  /** Stamp of the last wait. */
  readonly stamps: number
}

export const NO_LOCKS: LockTable = { locks: new Map(), stamps: 0 }

/**
 * `granted`, or `waiting` behind those who hold it or came before. A transaction asks for one lock at a time; asking again
 * for what it has changes nothing, and a reader that wants to write waits for the other readers only.
 */
export function acquire(
  table: LockTable,
  key: string,
  request: LockRequest,
): { readonly table: LockTable; readonly answer: 'granted' | 'waiting' } {
  const lock = table.locks.get(key) ?? { holders: [], queue: [] }
  const own = lock.holders.find(({ tx }) => tx === request.tx)
  if (own !== undefined && (own.mode === 'write' || request.mode === 'read'))
    return { table, answer: 'granted' }
  const isUpgrade = own !== undefined
  const others = lock.holders.filter(({ tx }) => tx !== request.tx)
  const isFree = request.mode === 'read' ? others.every(({ mode }) => mode === 'read') : others.length === 0
  if (isFree && (isUpgrade || lock.queue.length === 0)) {
    const next = { ...lock, holders: [...others, request] }
    return { table: withLock(table, key, next), answer: 'granted' }
  }
  if (lock.queue.some(({ tx }) => tx === request.tx)) return { table, answer: 'waiting' }
  const queue = isUpgrade
    ? [{ ...request, edges: [] }, ...lock.queue]
    : [...lock.queue, { ...request, edges: [] }]
  return { table: withLock(table, key, { ...lock, queue }), answer: 'waiting' }
}

/** The table without a transaction; who can go on has been granted. */
export function release(table: LockTable, tx: TxNumber): LockTable {
  let next = table
  for (const [key, lock] of table.locks) {
    const isIn = [...lock.holders, ...lock.queue].some((one) => one.tx === tx)
    if (!isIn) continue
    let holders = lock.holders.filter((one) => one.tx !== tx)
    const queue = lock.queue.filter((one) => one.tx !== tx)
    for (let [first] = queue; first !== undefined; [first] = queue) {
      const { tx: waiter, mode } = first
      const others = holders.filter((one) => one.tx !== waiter)
      const isFree = mode === 'read' ? others.every((one) => one.mode === 'read') : others.length === 0
      if (!isFree) break
      holders = [...others, { tx: waiter, mode }]
      queue.shift()
    }
    next = withLock(next, key, { holders, queue })
  }
  return next
}

/** Who waits for whom, by stamp. */
export function waitEdges(table: LockTable): WaitEdge[] {
  return [...table.locks.values()]
    .flatMap(({ queue }) => queue.flatMap(({ edges }) => edges))
    .sort((a, b) => a.stamp - b.stamp)
}

export function holds(table: LockTable, key: string, tx: TxNumber): LockMode | null {
  return table.locks.get(key)?.holders.find((one) => one.tx === tx)?.mode ?? null
}

/** The lock in its table. A wait that goes on keeps its stamp; a new one gets the next. */
function withLock(table: LockTable, key: string, lock: Lock): LockTable {
  let { stamps } = table
  const queue = lock.queue.map((request, i) => {
    const ahead = [...lock.holders, ...lock.queue.slice(0, i)]
    const blockers = [...new Set(ahead.filter((one) => blocks(one, request)).map(({ tx }) => tx))]
    const edges = blockers.map((holder) => {
      const old = request.edges.find((edge) => edge.holder === holder)
      if (old !== undefined) return old
      stamps += 1
      return { waiter: request.tx, holder, stamp: stamps }
    })
    return { ...request, edges }
  })
  const locks = new Map(table.locks)
  if (lock.holders.length === 0 && queue.length === 0) locks.delete(key)
  else locks.set(key, { holders: lock.holders, queue })
  return { locks, stamps }
}

function blocks(ahead: LockRequest, request: LockRequest): boolean {
  return ahead.tx !== request.tx && (ahead.mode === 'write' || request.mode === 'write')
}
