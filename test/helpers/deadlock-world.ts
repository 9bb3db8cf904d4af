import { Random } from '../../src/faults/random.ts'
import { deadlocks } from '../../src/services/transactions/deadlock.ts'
import { acquire, NO_LOCKS, release, waitEdges } from '../../src/services/transactions/locks.ts'
import type { LockTable } from '../../src/services/transactions/locks.ts'
import { deadlock } from '../../src/services/transactions/slice.ts'
import type { DeadlockState, SaidWait } from '../../src/services/transactions/slice.ts'
import { foldContext, membersOf } from './services-cluster.ts'

const NODES = 4
const TXS = 8
const HEIGHTS = 12

/** Locks on several nodes, and transactions that come and go while the nodes look at their locks one after the other. */
class LockWorld {
  readonly tables: LockTable[] = Array.from({ length: NODES }, () => NO_LOCKS)
  /** Releases on their way: they reach nodes one by one. */
  readonly #releases: { readonly tx: number; readonly node: number }[] = []
  readonly #random: Random
  /** Numbers of the transactions that run; each gets a new one when it begins anew. */
  readonly #running: number[] = Array.from({ length: TXS }, (_, i) => i + 1)
  #next = TXS + 1

  constructor(random: Random) {
    this.#random = random
  }

  /** Something happens somewhere. */
  step(): void {
    const random = this.#random
    if (this.#releases.length > 0 && random.chance(0.5)) {
      const [one] = this.#releases.splice(random.int(0, this.#releases.length - 1), 1)
      if (one !== undefined) this.tables[one.node] = release(this.#table(one.node), one.tx)
      return
    }
    const slot = random.int(0, TXS - 1)
    const tx = this.#running[slot] ?? 0
    const isWaiting = this.edges().some(({ waiter }) => waiter === tx)
    // it gives up waiting, or is done
    if (random.chance(isWaiting ? 0.03 : 0.25)) this.end(tx)
    else if (!isWaiting) {
      const node = random.int(0, NODES - 1)
      const request = { tx, mode: random.chance(0.7) ? ('write' as const) : ('read' as const) }
      this.tables[node] = acquire(this.#table(node), `k${random.int(0, 1)}`, request).table
    }
  }

  end(tx: number): void {
    const slot = this.#running.indexOf(tx)
    if (slot < 0) return
    this.#running[slot] = this.#next
    this.#next += 1
    for (let node = 0; node < NODES; node += 1) this.#releases.push({ tx, node })
  }

  /** All waits there are at this moment. */
  edges(): { readonly waiter: number; readonly holder: number }[] {
    return this.tables.flatMap((table) => waitEdges(table))
  }

  said(node: number): SaidWait[] {
    return waitEdges(this.#table(node)).map((edge) => ({
      ...edge,
      work: edge.waiter % 5,
      priority: 1,
      beganMs: 1,
    }))
  }

  #table(node: number): LockTable {
    return this.tables[node] ?? NO_LOCKS
  }
}

/**
 * Folds heights of a world in motion. A height's looks all come before the next one's, as in the protocol.
 *
 * @returns victims that were in no deadlock at the moment between the two heights, and deadlocks that lasted from the first
 *   look of one height to the last look of the next and lost nobody
 */
export function phantomFaults(seed: number): string[] {
  const random = new Random(seed)
  const world = new LockWorld(random)
  const members = membersOf(Array.from({ length: NODES }, () => 1))
  const faults: string[] = []
  let state: DeadlockState = deadlock.empty
  let between = new Set<number>()
  let lasting = new Set<string>()
  const partsNow = (): string[] => deadlocks(world.edges()).map((part) => part.join())
  for (let height = 1; height <= HEIGHTS; height += 1) {
    // parts that are there all the time from the first look of this height to its last
    let stayed = new Set(partsNow())
    const looks = random.shuffled([0, 1, 2, 3]).map((member) => {
      for (let i = random.int(0, 6); i > 0; i -= 1) {
        world.step()
        const now = partsNow()
        stayed = new Set([...stayed].filter((part) => now.includes(part)))
      }
      return { member, state: { waits: world.said(member) } }
    })
    const listed = random.chance(0.2) ? looks.slice(1) : looks
    const before = new Set(state.victims.map(({ tx }) => tx))
    state = deadlock.fold(state, listed, foldContext(members, { height }), { victim: 'least-work' }, {})
    for (const { tx } of state.victims)
      if (!before.has(tx) && !between.has(tx)) faults.push(`phantom ${tx} at height ${height}`)
    const chosen = new Set(state.victims.map(({ tx }) => tx))
    // of parts that were there the whole time and were looked at twice by everybody
    for (const part of listed.length < NODES ? [] : lasting)
      if (stayed.has(part) && !part.split(',').some((tx) => chosen.has(Number(tx))))
        faults.push(`missed ${part} at height ${height}`)
    for (const tx of chosen) if (random.chance(0.7)) world.end(tx)
    lasting = listed.length < NODES ? new Set() : stayed
    between = new Set(deadlocks(world.edges()).flat())
  }
  return faults
}
