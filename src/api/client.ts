import type { AnswerOf, Decided, Operation } from './routes.ts'
import { ROUTES } from './routes.ts'

/** Where a node's API is: `control.json` in its data directory holds both. */
export interface ApiPlace {
  readonly port: number
  /** For what changes something. */
  readonly token?: string
}

/** An answer other than 200. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly error: string

  constructor(status: number, error: string, message: string) {
    super(`${error} (${status})${message === '' ? '' : `: ${message}`}`)
    this.status = status
    this.error = error
  }
}

/** A node's local API, typed by its table of routes. Every method rejects with an ApiError, or a TypeError of fetch. */
export class RsdpClient {
  readonly #place: ApiPlace
  readonly #timeoutMs: number

  constructor(place: ApiPlace, timeoutMs = 10_000) {
    this.#place = place
    this.#timeoutMs = timeoutMs
  }

  status(): Promise<AnswerOf<'status'>> {
    return this.#ask('status')
  }

  tasks(): Promise<AnswerOf<'tasks'>> {
    return this.#ask('tasks')
  }

  state(task: bigint): Promise<AnswerOf<'state'>> {
    return this.#ask('state', { task })
  }

  /** Up to 1,000 decided heights from `from` on. */
  heights(task: bigint, from = 1, limit = 100): Promise<AnswerOf<'heights'>> {
    return this.#ask('heights', { task, query: `?from=${from}&limit=${limit}` })
  }

  /** The inputs and the state of a decided height: what an audit needs of it. */
  bodies(task: bigint, height: number): Promise<AnswerOf<'bodies'>> {
    return this.#ask('bodies', { task, query: `?height=${height}` })
  }

  /** The bundle that is the reducer of a task; 404 no-bundle for one of this package. */
  bundle(task: bigint): Promise<AnswerOf<'bundle'>> {
    return this.#ask('bundle', { task })
  }

  /** @param state canonical bytes, 0x and hex */
  setInput(task: bigint, state: string): Promise<AnswerOf<'setInput'>> {
    return this.#ask('setInput', { task, body: { state } })
  }

  /**
   * What the machine of a task said to a command, once a height holds it.
   *
   * @param command its bytes, 0x and hex
   * @param request given again, the same command is meant
   */
  command(task: bigint, command: string, request?: string): Promise<AnswerOf<'command'>> {
    return this.#ask('command', { task, body: { command, ...(request === undefined ? {} : { request }) } })
  }

  /** What became of a command that this node was asked for under a name. */
  outcome(task: bigint, request: string): Promise<AnswerOf<'outcome'>> {
    return this.#ask('outcome', { task, query: `?request=${encodeURIComponent(request)}` })
  }

  leave(task: bigint): Promise<AnswerOf<'leave'>> {
    return this.#ask('leave', { task })
  }

  trust(task: bigint): Promise<AnswerOf<'trust'>> {
    return this.#ask('trust', { task })
  }

  resume(task: bigint): Promise<AnswerOf<'resume'>> {
    return this.#ask('resume', { task })
  }

  stop(): Promise<AnswerOf<'stop'>> {
    return this.#ask('stop')
  }

  /** Each height after `after` once, in order, until the node ends or `signal` aborts. */
  async *events(task: bigint, after = 0, signal?: AbortSignal): AsyncGenerator<Decided> {
    const headers = { 'last-event-id': String(after) }
    const response = await fetch(
      this.#url('events', task),
      signal === undefined ? { headers } : { headers, signal },
    )
    if (!response.ok) throw await errorOf(response)
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true })
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const [, data] = /^data: (.*)$/m.exec(event) ?? []
        if (data !== undefined) yield JSON.parse(data) as Decided
      }
    }
  }

  async #ask<K extends Operation>(
    operation: K,
    { task, query = '', body }: { task?: bigint; query?: string; body?: unknown } = {},
  ): Promise<AnswerOf<K>> {
    const { token = '' } = this.#place
    const response = await fetch(`${this.#url(operation, task)}${query}`, {
      method: ROUTES[operation].method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(this.#timeoutMs),
    })
    if (!response.ok) throw await errorOf(response)
    return (await response.json()) as AnswerOf<K>
  }

  #url(operation: Operation, task = 0n): string {
    return `http://127.0.0.1:${this.#place.port}${ROUTES[operation].path.replace('{task}', String(task))}`
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as { error?: string; message?: string }
  return new ApiError(response.status, body.error ?? 'no answer of a node', body.message ?? '')
}
