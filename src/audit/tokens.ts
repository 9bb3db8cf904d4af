/** How amounts of a token are shown: by its symbol, in units of 10^decimals of its smallest unit (wei). */
export interface TokenUnit {
  readonly symbol: string
  readonly decimals: number
}

/** Places behind the point for people. What needs more is rounded, and says so. */
const PLACES_MAX = 6
const DECIMALS_MAX = 36n
/** Letters, digits, currency signs and what joins them: nothing that moves a cursor, turns text around or ends a line. */
const SYMBOL = /^(?=\P{N})[\p{L}\p{N}\p{Sc}._+-]{1,16}$/u

/**
 * The unit that a token's contract tells, if it can be printed as it stands. Anybody may deploy a token: a symbol with
 * control characters, one that reads as a number or as `wei`, and decimals above 36 give null.
 */
export function tokenUnit(symbol: string, decimals: bigint): TokenUnit | null {
  if (!SYMBOL.test(symbol) || /^wei$/i.test(symbol)) return null
  if (decimals < 0n || decimals > DECIMALS_MAX) return null
  return { symbol, decimals: Number(decimals) }
}

/** All places, without trailing zeros: 1500000000000000000 of 18 decimals is `1.5`. */
export function exactTokens(wei: bigint, decimals: number): string {
  const sign = wei < 0n ? '-' : ''
  const digits = (wei < 0n ? -wei : wei).toString().padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '')
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/**
 * An amount for people: `12.5 RSDP`, `≈ 100 RSDP` if it has more than six places (rounded half up, so at most 5 · 10^−7
 * off), `7 wei` if it would be shown as nothing, and for a token that has no printable unit.
 */
export function formatTokens(wei: bigint, unit: TokenUnit | null): string {
  if (unit === null) return `${wei} wei`
  const { symbol, decimals } = unit
  if (decimals <= PLACES_MAX) return `${exactTokens(wei, decimals)} ${symbol}`
  const least = 10n ** BigInt(decimals - PLACES_MAX)
  const size = wei < 0n ? -wei : wei
  if (size % least === 0n) return `${exactTokens(wei, decimals)} ${symbol}`
  const rounded = (size + least / 2n) / least
  if (rounded === 0n) return `${wei} wei`
  return `≈ ${exactTokens(wei < 0n ? -rounded : rounded, PLACES_MAX)} ${symbol}`
}

/** Every `123 wei` of a text in the unit of the token. */
export function withUnits(text: string, unit: TokenUnit | null): string {
  return text.replace(/(?<![\w.-])(-?\d+) wei\b/g, (_, amount: string) => formatTokens(BigInt(amount), unit))
}
