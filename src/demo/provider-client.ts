import type { z } from 'zod'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { WindowUsage } from './meter.ts'
import { PAGE_MAX, wire } from './provider-wire.ts'
import type { LogEntry } from './provider-wire.ts'
import type { Provider, SendAnswer, Session } from './sender.ts'

const TIMEOUT_MS = 2_000
const KINDS: Readonly<Record<number, SendAnswer['kind']>> = {
  200: 'served',
  412: 'stale',
  422: 'impossible',
  429: 'rejected',
}

/**
 * A provider over HTTP. Every call may reject with RsdpError E_PROVIDER_DOWN: no answer within 2 s, or not the one that a
 * provider gives.
 */
export class ProviderClient implements Provider {
  readonly #url: string

  /** @throws RsdpError E_PROVIDER_URL */
  constructor(url: string) {
    const parsed = URL.canParse(url) ? new URL(url) : null
    if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
      throw new RsdpError({
        code: 'E_PROVIDER_URL',
        message: `'${url}' is no provider's URL`,
        hint: 'give it as http://127.0.0.1:8790',
        exit: EXIT.usage,
      })
    }
    this.#url = url.replace(/\/+$/, '')
  }

  async session(name: string, next: number): Promise<Session> {
    const { body } = await this.#call('/sessions', wire.sessionAnswer, { body: { name, next } })
    return body
  }

  async send({ id, tokens, window }: Parameters<Provider['send']>[0]): Promise<SendAnswer> {
    const request = { id, tokens: Number(tokens), window }
    const { status, body } = await this.#call('/requests', wire.instant, { body: request, expected: KINDS })
    return { kind: KINDS[status] ?? 'rejected', ...body }
  }

  /** Windows from `from` on that have begun. */
  async usage(from: number): Promise<readonly WindowUsage[]> {
    const { body } = await this.#call(`/usage?from=${String(from)}`, wire.usageAnswer, {})
    return body.windows
  }

  /** All requests that were served and are still in the provider's log. */
  async log(): Promise<readonly LogEntry[]> {
    const entries: LogEntry[] = []
    while (true) {
      const { body } = await this.#call(`/log?after=${String(entries.at(-1)?.seq ?? 0)}`, wire.logAnswer, {})
      entries.push(...body.entries)
      if (body.entries.length < PAGE_MAX) return entries
    }
  }

  /** Changes the budget; returns the first window in which the new one is in force. */
  async setBudget(budget: number, token: string): Promise<number> {
    const { body } = await this.#call('/budget', wire.budgetAnswer, { body: { budget }, token })
    return body.fromWindow
  }

  async #call<T>(
    path: string,
    schema: z.ZodType<T>,
    {
      body,
      token,
      expected = { 200: '' },
    }: {
      readonly body?: unknown
      readonly token?: string
      readonly expected?: Readonly<Record<number, string>>
    },
  ): Promise<{ readonly status: number; readonly body: T }> {
    try {
      const response = await fetch(`${this.#url}${path}`, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      })
      const text = await response.text()
      if (expected[response.status] === undefined) throw new Error(`status ${String(response.status)}`)
      return { status: response.status, body: schema.parse(JSON.parse(text)) }
    } catch (cause) {
      throw new RsdpError({
        code: 'E_PROVIDER_DOWN',
        message: `the provider gave no usable answer to ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
        hint: 'start it: ./rsdp --script src/cli/demo/provider.ts',
        exit: EXIT.unreachable,
        cause,
      })
    }
  }
}
