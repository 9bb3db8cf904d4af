import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'

/** What an endpoint means by refusing a request. */
export type Trouble =
  /** The call reverts. */
  | 'revert'
  /** Too many requests. */
  | 'rate'
  /** eth_getLogs over too many blocks or logs. */
  | 'range'
  /** The state of that block is not kept. */
  | 'state'
  /** The block is not there, or not yet. */
  | 'behind'
  /** No `pending` tag, or a parameter that it does not take. */
  | 'params'
  | 'method'
  | 'auth'
  /** The transaction is in its pool already. */
  | 'known'
  /** The nonce was used, or is too far ahead. */
  | 'nonce'
  /** The transaction offers too little, to get in or to replace another. */
  | 'underpriced'
  /** The transaction may cost more than the endpoint lets through. */
  | 'fee-cap'
  | 'funds'
  /** The gas limit is below or above what is possible. */
  | 'gas'
  | 'refused'

export interface Refusal {
  readonly method: string
  /** HTTP status of the answer. */
  readonly status: number
  /** Code of the JSON-RPC error; null if there is none. */
  readonly code: number | null
  readonly message: string
  readonly data?: unknown
}

const RATE =
  /rate[ -]?limit|too many requests?\b|request (count|rate|limit|quota)|(per|\/) ?second|compute units|throughput|daily (request|limit)|quota|usage limit|credits|retry (after|in) \d/i
const RANGE =
  /range|more than [\d,]+ (results|logs|blocks)|too many (logs|results|blocks)|(response|result)[\w ]* (size )?(exceed|too)|(response|results?|output) (is )?too (big|large)|limited to|logs matched|exceeds? (the )?(max|limit)|limit exceeded|narrow|tim(e|ed) ?out/i

/** In this order: the first that fits. The transaction pool's words come before those about limits. */
const RULES: readonly (readonly [Trouble, RegExp])[] = [
  ['known', /already ?(known|imported|exists|in (the )?(mem|tx)?pool)|known transaction|existing tx/i],
  ['fee-cap', /exceeds the configured cap|fee cap exceeded|max(imum)? (tx|transaction) fee/i],
  ['funds', /insufficient ?(funds|balance)|enough (funds|balance)|upfront (gas )?cost|for sender balance/i],
  [
    'underpriced',
    /underpriced|fee ?too ?low|(fee|price)\w* (\S+ )?(is )?(too low|below|less than)|base ?fee|replacement ?not ?allowed/i,
  ],
  ['nonce', /nonce/i],
  ['gas', /intrinsic gas|block gas limit|gas ?limit|gas cap/i],
  [
    'state',
    /missing trie node|(historical|world) state|state (\S+ )?(at block \S+ )?(is )?(not|un) ?available|no state available|state histor|pruned|pruning|archive|older than \d+ blocks|proof window/i,
  ],
  [
    'params',
    /pending|too many (arguments|params)|(argument|param)\w* (count|number)|number of (arguments|params)/i,
  ],
  [
    'behind',
    /header not found|(unknown|missing) block|block (\S+ )?(is )?(not found|out ?of ?range|unknown)|beyond (the )?(current )?head/i,
  ],
  [
    'method',
    /method \S*\s?(is )?(not|does not|unsupported)|unsupported method|not (supported|whitelisted|enabled)/i,
  ],
  ['auth', /unauthori[sz]ed|forbidden|authenticat|(api|access|project|personal) ?(key|token|id)/i],
  ['params', /invalid (params|parameters|request param|argument)/i],
]

/** Kind of a refusal, by its words first: endpoints use one code for different things. */
export function troubleOf({ method, status, code, message, data }: Refusal): Trouble {
  const text = typeof data === 'string' || data === undefined ? message : `${message} ${JSON.stringify(data)}`
  if (isRevert(code, message, data)) return 'revert'
  if (status === 429 || code === 429 || RATE.test(text)) return 'rate'
  if (method === 'eth_getLogs' && (status === 413 || RANGE.test(text))) return 'range'
  if (code === -32_601) return 'method'
  const [trouble] = RULES.find(([, words]) => words.test(text)) ?? []
  if (trouble !== undefined) return trouble
  if (status === 401 || status === 403) return 'auth'
  // "limit exceeded" of EIP-1474, without words that say which
  if (code === -32_005) return 'rate'
  return code === -32_602 ? 'params' : 'refused'
}

function isRevert(code: number | null, message: string, data: unknown): boolean {
  if (code === 3 || /revert|invalid opcode|out of gas|gas required exceeds/i.test(message)) return true
  return typeof data === 'string' && /^0x[0-9a-f]{8}/i.test(data)
}

const KINDS: Readonly<Record<Trouble, readonly [code: `E_${string}`, hint: string, exit: ExitCode]>> = {
  revert: ['E_RPC_REFUSED', 'the contract refuses the call', EXIT.unreachable],
  rate: ['E_RPC_LIMIT', 'wait, ask less often, or use another plan or RPC endpoint', EXIT.unreachable],
  range: ['E_RPC_RANGE', 'it gives no logs of even one block; use another RPC endpoint', EXIT.unreachable],
  state: [
    'E_RPC_STATE',
    'use an RPC endpoint that keeps the state of old blocks (archive)',
    EXIT.unreachable,
  ],
  behind: ['E_RPC_BEHIND', 'wait until it has the block, or use another RPC endpoint', EXIT.unreachable],
  params: [
    'E_RPC_PARAMS',
    'use another RPC endpoint; rsdp doctor shows what this one lacks',
    EXIT.unreachable,
  ],
  method: ['E_RPC_METHOD', 'use an RPC endpoint that has this method', EXIT.unreachable],
  auth: ['E_RPC_AUTH', 'check the key or token in the RPC URL', EXIT.unreachable],
  known: ['E_TX_KNOWN', 'wait until the transaction is mined', EXIT.unreachable],
  nonce: ['E_NONCE', 'let one program at a time use this key', EXIT.precondition],
  underpriced: ['E_FEE_LOW', 'wait until the chain is cheaper, or raise --max-fee-gwei', EXIT.precondition],
  'fee-cap': [
    'E_FEE_CAP',
    'lower --max-fee-gwei, or use an RPC endpoint with a higher cap',
    EXIT.precondition,
  ],
  funds: ['E_FUNDS_GAS', 'send the account some ether: rsdp fund', EXIT.precondition],
  gas: ['E_GAS_LIMIT', 'the call does not fit into a block, or the estimate was wrong', EXIT.precondition],
  refused: ['E_RPC_REFUSED', 'the words are the endpoint’s own; try another RPC endpoint', EXIT.unreachable],
}

/** @param shown the endpoint, for people */
export function refusalError(shown: string, refusal: Refusal, cause?: unknown): RsdpError {
  const trouble = troubleOf(refusal)
  const [code, hint, exit] = KINDS[trouble]
  const said = wordsOf(refusal.message)
  const number = refusal.code === null ? `HTTP ${refusal.status}` : `error ${refusal.code}`
  return new RsdpError({
    code,
    message: `${shown} refuses ${refusal.method}: ${number}${said === '' ? '' : `, "${said}"`}`,
    hint,
    exit,
    details: { url: shown, method: refusal.method, trouble, said },
    cause,
  })
}

/** What an error says that an endpoint meant; null if the endpoint has not refused anything. */
export function troubleIn(error: unknown): Trouble | null {
  if (!(error instanceof RsdpError)) return null
  return (error.details['trouble'] as Trouble | undefined) ?? null
}

/** Longest piece of an endpoint's words that is shown. */
const WORDS_MAX = 200

/** An endpoint's words, safe to show: one line, bounded; of a page its title; of a URL, which may hold a key, the host. */
export function wordsOf(text: string): string {
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1]
  const line = (title ?? text.replace(/<[^>]*>/g, ' '))
    .replace(/(https?:\/\/[^\s/?#"'<>]+)[^\s"'<>]*/gi, '$1/…')
    .replace(/[^\x20-\x7e\xa0-\uffff]|[\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > WORDS_MAX ? `${line.slice(0, WORDS_MAX)}…` : line
}
