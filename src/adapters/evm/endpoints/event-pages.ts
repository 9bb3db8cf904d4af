import { RsdpError } from '../../../types/errors.ts'
import type { Digest } from '../../../types/ids.ts'
import type { Endpoint } from './endpoint.ts'
import { behindError, forkError, reorgError } from './faults.ts'
import { agreedHead, judgeHistory } from './judge.ts'
import type { EndpointPool } from './pool.ts'
import type { EventFilter, SettledPage, Witness } from './settle-page.ts'
import { settlePage } from './settle-page.ts'

/** Blocks below the head in which every block's bloom filter is compared with its logs: indices of logs lag behind. */
const NEAR_HEAD = 128
/** Below those the index is looked for in so many blocks: it may be that far behind. */
const INDEX_BLOCKS = 1_024

const KINDS: ReadonlyMap<string, 'fork' | 'logs'> = new Map([
  ['E_RPC_FORK', 'fork'],
  ['E_RPC_LOGS', 'logs'],
])

/** Logs of all blocks from `from` up to the last one. */
export interface AgreedPage extends SettledPage {
  readonly from: number
}

interface PagesInit {
  readonly pool: EndpointPool
  readonly filter: EventFilter
  readonly reorgDepth: number
  /** Of the deployment: nothing happened before. */
  readonly fromBlock: number
}

/**
 * Reads logs page by page from all endpoints that answer. A page counts only where they agree, or where the receipts of a
 * block prove who is right. Nothing else is passed over: the same page is read again at the next call.
 */
export class EventPages {
  readonly #init: PagesInit
  /** Why somebody was left out in the call that runs. */
  #failure: RsdpError | null = null
  readonly #failed = new Set<Endpoint>()

  constructor(init: PagesInit) {
    this.#init = init
  }

  /** Latest block that counts. @throws RsdpError E_RPC_… */
  async head(): Promise<number> {
    return agreedHead([...(await this.#heads()).values()], this.#init.reorgDepth)
  }

  /**
   * The page after block `after`; null if there is nothing new.
   *
   * @throws RsdpError E_REORG; E_RPC_FORK, E_RPC_LOGS, E_RPC_…, which pass
   */
  async after(after: number, afterHash: Digest | null, blocksMax: number): Promise<AgreedPage | null> {
    const { pool, reorgDepth, fromBlock } = this.#init
    this.#failure = null
    this.#failed.clear()
    for (const endpoint of pool.answering()) await this.#ask(endpoint, () => endpoint.connection.reverify())
    const heads = await this.#heads()
    if (afterHash !== null)
      for (const endpoint of await this.#requireHistory(after, afterHash, heads)) heads.delete(endpoint)
    for (const endpoint of this.#failed) heads.delete(endpoint)
    const from = Math.max(after + 1, fromBlock)
    while (heads.size > 0) {
      const head = agreedHead([...heads.values()], reorgDepth)
      this.#noteLag(heads, head)
      const to = Math.min(from + blocksMax - 1, head - reorgDepth)
      if (to < from) return null
      const asked = [...heads.keys()].filter(({ trouble }) => trouble?.kind !== 'behind')
      const page = await this.#page(asked, from, to, head)
      if (page !== null) return { from, ...page }
      for (const endpoint of this.#failed) heads.delete(endpoint)
    }
    throw this.#nobody()
  }

  /** Heads of those that answer, by order of preference. */
  async #heads(): Promise<Map<Endpoint, number>> {
    const { pool } = this.#init
    const asked = pool.answering()
    const answers = await Promise.all(asked.map((endpoint) => this.#ask(endpoint, () => endpoint.head())))
    const heads = new Map<Endpoint, number>()
    for (const [at, endpoint] of asked.entries()) {
      const head = answers[at] ?? null
      if (head !== null) heads.set(endpoint, head)
    }
    if (heads.size === 0) throw this.#nobody()
    return heads
  }

  /** @returns endpoints that show another history */
  async #requireHistory(
    block: number,
    own: Digest,
    heads: ReadonlyMap<Endpoint, number>,
  ): Promise<readonly Endpoint[]> {
    const { pool, reorgDepth } = this.#init
    const having = [...heads].filter(([, head]) => head >= block).map(([endpoint]) => endpoint)
    if (having.length === 0) throw behindError(pool.shown, Math.max(...heads.values()), block)
    const seen = new Map<string, Digest>()
    for (const endpoint of having) {
      const shown = await this.#ask(endpoint, () => endpoint.block(block))
      if (shown !== null) seen.set(endpoint.name, shown.hash)
    }
    if (seen.size === 0) throw this.#nobody()
    const verdict = judgeHistory(own, seen, pool.all.length)
    if (verdict.kind === 'gone') throw reorgError(block, verdict.hash, own, reorgDepth)
    if (verdict.kind === 'split')
      return this.#told(having, Promise.reject(forkError(block, new Map([...seen, ['this node', own]]))))
    const forked = having.filter(({ name }) => verdict.forked.includes(name))
    for (const endpoint of forked)
      pool.note(endpoint, { kind: 'fork', text: `shows another history: its block ${block} is not ${own}` })
    return forked
  }

  /** Names those that are too far behind to be waited for. */
  #noteLag(heads: ReadonlyMap<Endpoint, number>, head: number): void {
    const { pool, reorgDepth } = this.#init
    for (const [endpoint, own] of heads) {
      const lag = head - own
      if (lag > reorgDepth)
        pool.note(endpoint, { kind: 'behind', text: `is at block ${own}, ${lag} blocks behind` })
      else if (endpoint.trouble?.kind === 'behind' || endpoint.trouble?.kind === 'down')
        pool.note(endpoint, null)
    }
  }

  /** The page as large as the first endpoint gives it. Null: that one gives none. */
  async #page(
    [leader, ...others]: readonly Endpoint[],
    from: number,
    to: number,
    head: number,
  ): Promise<SettledPage | null> {
    const { pool, filter } = this.#init
    if (leader === undefined) throw this.#nobody()
    const first = await this.#ask(leader, async (): Promise<Witness> => {
      const { answer, last } = await leader.page(filter, from, to)
      return { endpoint: leader, logs: answer, last: await leader.block(last) }
    })
    if (first === null) return null
    const { number } = first.last
    const witness = async (endpoint: Endpoint): Promise<Witness> => ({
      endpoint,
      logs: await endpoint.logs(filter, from, number),
      last: await endpoint.block(number),
    })
    const seconds = await Promise.all(others.map((one) => this.#ask(one, () => witness(one))))
    const witnesses = [first, ...seconds.filter((one) => one !== null)]
    const nearFrom = head - NEAR_HEAD + 1
    const page = await this.#told(
      witnesses.map(({ endpoint }) => endpoint),
      settlePage(filter, witnesses, Math.max(from, nearFrom - INDEX_BLOCKS), Math.max(from, nearFrom)),
    )
    for (const { endpoint } of witnesses) pool.note(endpoint, page.findings.get(endpoint.name) ?? null)
    return page
  }

  /** What cannot be settled is said of all who take part in it. */
  async #told<T>(endpoints: readonly Endpoint[], outcome: Promise<T>): Promise<T> {
    try {
      return await outcome
    } catch (error) {
      const kind = KINDS.get(error instanceof RsdpError ? error.code : '')
      if (kind !== undefined)
        for (const endpoint of endpoints)
          this.#init.pool.note(endpoint, { kind, text: (error as Error).message })
      throw error
    }
  }

  /** Null, and the endpoint counts as down, if it gives no answer. */
  async #ask<T>(endpoint: Endpoint, ask: () => Promise<T>): Promise<T | null> {
    const answer = await this.#init.pool.attempt(endpoint, ask)
    if (!(answer instanceof RsdpError)) return answer
    this.#failure ??= answer
    this.#failed.add(endpoint)
    return null
  }

  #nobody(): RsdpError {
    const { pool } = this.#init
    return this.#failure ?? behindError(pool.shown, 0, 0)
  }
}
