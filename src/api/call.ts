import { pathOf } from './match.ts'
import type { PathParams } from './match.ts'
import type { AnswerOf, Operation } from './routes.ts'
import { ROUTES } from './routes.ts'

/** Where a node's API is: `control.json` in its data directory holds both. */
export interface ApiPlace {
  readonly port: number
  /** For what changes something, or is not public. */
  readonly token?: string
}

/** An answer other than 200. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly error: string
  /** What else it says. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    status: number,
    error: string,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${error} (${status})${message === '' ? '' : `: ${message}`}`)
    this.status = status
    this.error = error
    this.details = details
  }
}

export interface Call extends Partial<PathParams> {
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  readonly signal?: AbortSignal
}

/** One request of the API. @throws ApiError, or a TypeError of fetch */
export async function call<K extends Operation>(
  place: ApiPlace,
  operation: K,
  what: Call,
): Promise<AnswerOf<K>> {
  const response = await answerOf(place, operation, what)
  return (await response.json()) as AnswerOf<K>
}

/** The data of each event of a stream, until it ends or `signal` aborts. @throws ApiError, or a TypeError of fetch */
export async function* events<K extends Operation>(
  place: ApiPlace,
  operation: K,
  after: number | null,
  what: Call,
): AsyncGenerator<AnswerOf<K>> {
  const response = await answerOf(
    place,
    operation,
    what,
    after === null ? {} : { 'last-event-id': String(after) },
  )
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    const whole = text.split('\n\n')
    text = whole.pop() ?? ''
    for (const event of whole) {
      const [, data] = /^data: (.*)$/m.exec(event) ?? []
      if (data !== undefined) yield JSON.parse(data) as AnswerOf<K>
    }
  }
}

async function answerOf(
  { port, token = '' }: ApiPlace,
  operation: Operation,
  { query = {}, body, signal, ...params }: Call,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const { method, path } = ROUTES[operation]
  const asked = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  const search = asked.length === 0 ? '' : `?${asked.join('&')}`
  const response = await fetch(`http://127.0.0.1:${port}${pathOf(path, params)}${search}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  })
  if (!response.ok) throw await errorOf(response)
  return response
}

/** What an answer other than 200 says. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>
  const { error = 'no answer of a node', message = '', ...details } = body
  return new ApiError(response.status, String(error), String(message), details)
}
