/** A request of a client. */
export interface GatewayRequest<Body> {
  /** The client's key and its own name for the request: given again, the same request is meant. */
  readonly id: string
  /** 0 … 10, the greater first. */
  readonly priority: number
  /** The caller's clock, ms: after that nothing is sent. */
  readonly deadlineMs: number
  /** Handling it twice does no harm: another host may be asked though the first one may have handled it. */
  readonly isIdempotent: boolean
  readonly body: Body
}

/** A way to a host: `via` is the next hop, the host itself if there is a link. */
export interface Way<Host> {
  readonly host: Host
  readonly via: Host
}

export interface Sending<Body, Host> extends Way<Host> {
  readonly request: GatewayRequest<Body>
  /** From 1. */
  readonly attempt: number
}

/** `late`: never sent. `unknown`: sent, and nobody knows whether it was handled. `busy`: no room. */
export type Answer<Reply> = { readonly reply: Reply } | { readonly refused: 'late' | 'unknown' | 'busy' }

export interface GatewayPolicy {
  /** How long one attempt is waited for, ms. */
  readonly attemptMs: number
  /** Attempts of which no answer has come, of all requests. */
  readonly inFlightMax: number
  /** Requests that wait, and answers that are kept. */
  readonly requestsMax: number
  /** How long an answer is kept for a client that asks again, ms. */
  readonly keepMs: number
}

interface Row<Body, Host> {
  readonly request: GatewayRequest<Body>
  readonly order: number
  attempts: number
  /** When the attempt under way is given up; null: none is. */
  dueMs: number | null
  /** Host that may have handled it. */
  host: Host | null
}

/**
 * Requests that a gateway has taken: each is answered once. It is sent again, over another way, while there is no reply and
 * its deadline has not come. Another host is asked only if the first one cannot have handled it, or twice does no harm.
 * Pure: the caller says what time it is, which ways there are, and sends.
 */
export class Requests<Body, Reply, Host> {
  readonly #policy: GatewayPolicy
  readonly #open = new Map<string, Row<Body, Host>>()
  /** In the order in which they end. */
  readonly #answered = new Map<string, { readonly answer: Answer<Reply>; readonly untilMs: number }>()
  #orders = 0

  constructor(policy: GatewayPolicy) {
    this.#policy = policy
  }

  /** An answer that is known, or null: it will come from `replied` or `expired`. */
  take(request: GatewayRequest<Body>, nowMs: number): Answer<Reply> | null {
    const { id, deadlineMs } = request
    if (this.#open.has(id)) return null
    const known = this.#answered.get(id)
    if (known !== undefined) return known.answer
    if (nowMs >= deadlineMs) return { refused: 'late' }
    this.#forget(nowMs)
    if (this.#open.size + this.#answered.size >= this.#policy.requestsMax) return { refused: 'busy' }
    this.#open.set(id, { request, order: (this.#orders += 1), attempts: 0, dueMs: null, host: null })
    return null
  }

  /** What is to be sent now: urgent ones first, then in order. @param waysTo hosts that serve it, the best way first */
  due(nowMs: number, waysTo: (body: Body) => readonly Way<Host>[]): Sending<Body, Host>[] {
    const open = [...this.#open.values()]
    let room = this.#policy.inFlightMax
    for (const row of open) {
      if (row.dueMs !== null && nowMs >= row.dueMs) row.dueMs = null
      if (row.dueMs !== null) room -= 1
    }
    const waiting = open
      .filter(({ dueMs, request }) => dueMs === null && nowMs < request.deadlineMs)
      .sort((a, b) => b.request.priority - a.request.priority || a.order - b.order)
    const sendings: Sending<Body, Host>[] = []
    for (const row of waiting) {
      if (room <= 0) break
      const ways = waysTo(row.request.body).filter(
        ({ host }) => row.host === null || row.host === host || row.request.isIdempotent,
      )
      const way = ways[row.attempts % Math.max(1, ways.length)]
      if (way === undefined) continue
      row.attempts += 1
      row.host = way.host
      row.dueMs = nowMs + this.#policy.attemptMs
      room -= 1
      sendings.push({ ...way, request: row.request, attempt: row.attempts })
    }
    return sendings
  }

  /** @returns the answer to give to who waits; null: it was answered before, or nobody asked */
  replied(id: string, reply: Reply, nowMs: number): Answer<Reply> | null {
    return this.#end(id, { reply }, nowMs)
  }

  /** The host says that it has not handled it: any host may be asked, at once. */
  rejected(id: string): void {
    const row = this.#open.get(id)
    if (row === undefined) return
    row.host = null
    row.dueMs = null
  }

  /** Requests whose deadline has come, with the answers to give. */
  expired(nowMs: number): { readonly id: string; readonly answer: Answer<Reply> }[] {
    const over = [...this.#open.values()].filter(({ request }) => nowMs >= request.deadlineMs)
    return over.flatMap(({ request: { id }, host }) => {
      const answer = this.#end(id, { refused: host === null ? 'late' : 'unknown' }, nowMs)
      return answer === null ? [] : [{ id, answer }]
    })
  }

  #end(id: string, answer: Answer<Reply>, nowMs: number): Answer<Reply> | null {
    if (!this.#open.delete(id)) return null
    this.#answered.set(id, { answer, untilMs: nowMs + this.#policy.keepMs })
    return answer
  }

  #forget(nowMs: number): void {
    for (const [id, { untilMs }] of this.#answered) {
      if (nowMs < untilMs) return
      this.#answered.delete(id)
    }
  }
}
