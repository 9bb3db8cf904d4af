import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/** An RPC URL taken apart, so that what it keeps secret is not printed by accident. */
export interface RpcUrl {
  /** Where requests go, without user and password. */
  readonly target: string
  /** User and password as a header. */
  readonly authorization: string | null
  /** For people: host and port, and a hint that there is more; providers put access tokens into path and query. */
  readonly shown: string
}

/** @throws RsdpError E_RPC_URL; the message does not repeat the URL */
export function parseRpcUrl(text: string): RpcUrl {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new RsdpError({
      code: 'E_RPC_URL',
      message:
        url === null
          ? `the RPC URL is ${/\S\s+\S/.test(text) ? 'more than one' : 'not a URL'}`
          : `the RPC URL has scheme ${url.protocol}//`,
      hint: 'use http://host:port or https://host/path',
      exit: EXIT.usage,
    })
  }
  const { username, password } = url
  url.username = ''
  url.password = ''
  const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const authorization = secret === ':' ? null : `Basic ${base64(secret)}`
  const more = url.pathname !== '/' || url.search !== ''
  return { target: url.href, authorization, shown: more ? `${url.origin}/…` : url.origin }
}

/** Of UTF-8; in Node and in browsers. */
function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)))
}

/** Several URLs, separated by white space. @throws RsdpError E_RPC_URL */
export function parseRpcUrls(text: string): RpcUrl[] {
  return (text.trim() === '' ? [''] : text.trim().split(/\s+/)).map(parseRpcUrl)
}
