import { RsdpError } from '../../types/errors.ts'

const MASK = '***'
/** Names whose values are secrets whatever they look like. */
const SECRET_NAME =
  /private.?key|secret|passw|passphrase|mnemonic|seed.?phrase|api.?key|keystore|credential|authorization|bearer/i
/** A digest is no secret, but 32 bytes under a name like these may well be a private key. */
const KEY_NAME = /key$/i
const BYTES_32 = /^(0x)?[0-9a-f]{64}$/i
/** Scheme, user:password@, host with port, everything after; what is no proper host counts as after. */
const URL_TEXT =
  /\b([a-z][a-z0-9+.-]*):\/\/(?:([^\s/@"']*)@)?((?:\[[0-9a-f:.]+\]|[^\s/?#"'@:]+)(?::\d+)?)([^\s"']*)/gi
const DEPTH_MAX = 6
const ITEMS_MAX = 100

/**
 * A copy of a fact that is fit for a log: no values under secret names, no 32-byte keys, of URLs only scheme and host
 * (providers put API keys into user, path and query alike). Bytes become their length, bigints decimals, errors their
 * code and message; what is nested too deep or too long is cut. Pure; never throws on cycles.
 */
export function redact(name: string, value: unknown, depth = 0): unknown {
  if (SECRET_NAME.test(name)) return value === null || value === undefined ? value : MASK
  switch (typeof value) {
    case 'string':
      return KEY_NAME.test(name) && BYTES_32.test(value) ? MASK : maskUrls(value)
    case 'bigint':
      return value.toString()
    case 'object':
      return value === null ? null : redactObject(name, value, depth)
    case 'function':
    case 'symbol':
      return `<${typeof value}>`
    case 'number':
    case 'boolean':
    case 'undefined':
      return value
  }
}

/** The text with URLs cut to scheme and host. */
export function maskUrls(text: string): string {
  return text.replace(
    URL_TEXT,
    (_url, scheme: string, user: string | undefined, host: string, rest: string) =>
      `${scheme}://${user === undefined ? '' : `${MASK}@`}${host}${rest === '' || rest === '/' ? rest : `/${MASK}`}`,
  )
}

function redactObject(name: string, value: object, depth: number): unknown {
  if (depth >= DEPTH_MAX) return '<too deep>'
  if (value instanceof Uint8Array) return `<${value.length} bytes>`
  if (value instanceof Error) return redactError(value, depth)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Map) return redact(name, Object.fromEntries(value), depth)
  if (value instanceof Set) return redact(name, [...value], depth)
  if (Array.isArray(value)) {
    const items = value.slice(0, ITEMS_MAX).map((item: unknown) => redact(name, item, depth + 1))
    return value.length > ITEMS_MAX ? [...items, `<${value.length - ITEMS_MAX} more>`] : items
  }
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, ITEMS_MAX)
      .map(([key, item]) => [key, redact(key, item, depth + 1)]),
  )
}

/** Errors of ours say all in their code; of others the stack tells where, and their own fields may hold arguments. */
function redactError(error: Error, depth: number): unknown {
  const cause = error.cause === undefined ? {} : { cause: redact('cause', error.cause, depth + 1) }
  const message = maskUrls(error.message)
  if (error instanceof RsdpError) return { code: error.code, message, hint: maskUrls(error.hint), ...cause }
  return { name: error.name, message, stack: maskUrls(error.stack ?? ''), ...cause }
}
