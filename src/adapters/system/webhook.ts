import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/** From the first byte sent to the head of the answer. */
const TIMEOUT_MS = 5_000
const REDIRECTS_MAX = 3
/** Redirects that keep the method: of others, a POST becomes a GET. */
const KEEPS_METHOD = new Set([307, 308])

/** @throws RsdpError E_WEBHOOK_URL; the message does not repeat the URL, which may hold a secret */
export function parseWebhookUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url !== null && isHttp && url.username === '' && url.password === '') return url
  throw new RsdpError({
    code: 'E_WEBHOOK_URL',
    message: isHttp
      ? 'the webhook’s URL holds a user or a password'
      : 'the webhook’s URL is not an http or https URL',
    hint: 'use https://host/path',
    exit: EXIT.usage,
  })
}

/**
 * Sends a JSON text by POST. Redirects are followed within the host and never from https to http: whoever answers must
 * not learn the text for another. Never throws.
 *
 * @returns null once an answer of 2xx is there; else why not, without the URL
 */
export async function postJson(url: URL, text: string, timeoutMs = TIMEOUT_MS): Promise<string | null> {
  const signal = AbortSignal.timeout(timeoutMs)
  let target = url
  try {
    for (let hops = 0; hops <= REDIRECTS_MAX; hops += 1) {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(target, {
        method: 'POST',
        headers,
        body: text,
        redirect: 'manual',
        signal,
      })
      void response.body?.cancel()
      if (response.ok) return null
      const location = response.headers.get('location')
      if (!KEEPS_METHOD.has(response.status) || location === null || !URL.canParse(location, target.href))
        return `status ${response.status}`
      const next = new URL(location, target)
      if (next.host !== target.host) return 'a redirect to another host'
      if (next.protocol !== target.protocol) return 'a redirect to another protocol'
      target = next
    }
    return 'too many redirects'
  } catch (error) {
    if (signal.aborted) return `no answer within ${timeoutMs} ms`
    const { cause } = error as { readonly cause?: { readonly code?: unknown } }
    return typeof cause?.code === 'string' ? cause.code : 'no connection'
  }
}
