import type { RpcUrl } from './rpc-url.ts'

/** Why there is no answer. Each becomes E_RPC_DOWN: all of them are what an endpoint does while it is in trouble. */
export type Reason =
  | 'unreachable'
  | 'timeout'
  | 'too-large'
  | 'not-json'
  | 'not-rpc'
  | 'closed'
  /** Too many requests, said by a JSON-RPC error. */
  | 'rate'
  /** HTTP status other than 200; a redirect too, which could carry the request anywhere. */
  | `http-${number}`

/** A request that got no answer. */
export class Failure extends Error {
  readonly reason: Reason
  /** The endpoint's own. */
  readonly words: string

  constructor(reason: Reason, words = '', cause?: unknown) {
    super(reason, { cause })
    this.reason = reason
    this.words = words
  }
}

/** Status and text; of another status than 200 the first words, or none. */
export type HttpAnswer = readonly [status: number, text: string]

export interface PostLimits {
  /** From the first byte sent to the last byte received: a slow drip does not count as an answer. */
  readonly timeoutMs: number
  /** Of the text of an answer with status 200, unpacked. */
  readonly bytesMax: number
  /** Ends the request. */
  readonly closed: AbortSignal
}

/** Sends a body of JSON once, follows no redirect, and reads the answer. @throws Failure */
export type HttpPost = (url: RpcUrl, body: string, limits: PostLimits) => Promise<HttpAnswer>

/** Of the body of an answer that is no answer: enough for its words. */
export const REFUSAL_BYTES_MAX = 65_536

/** @returns the headers of a request */
export function headersOf({ authorization }: RpcUrl): Record<string, string> {
  return { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) }
}
