import { exactTokens } from '../audit/tokens.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'

/** Stakes and escrows are uint128. */
const WEI_MAX = 2n ** 128n - 1n
/** Of every EVM chain's own currency, whatever its token has. */
const CURRENCY_DECIMALS = 18
const AMOUNT = /^(\d{1,40})(?:\.(\d{1,40}))?(?:e(\d{1,2}))?(rsdp|wei)?$/i

/** An amount of tokens as somebody wrote it: digits · 10^exponent, in tokens or in their smallest unit. */
export interface Amount {
  readonly digits: bigint
  readonly exponent: number
  readonly unit: 'token' | 'wei'
  readonly text: string
}

/** `100`, `1.5`, `100rsdp`, `1e18wei`. @throws RsdpError E_AMOUNT for anything else, and for nothing */
export function parseAmount(text: string): Amount {
  const [, whole, fraction = '', exponent = '0', unit = 'rsdp'] = AMOUNT.exec(text) ?? []
  if (whole === undefined) throw amountError(text, 'is not an amount')
  const digits = BigInt(whole + fraction)
  if (digits === 0n) throw amountError(text, 'is nothing')
  const isWei = unit.toLowerCase() === 'wei'
  return { digits, exponent: Number(exponent) - fraction.length, unit: isWei ? 'wei' : 'token', text }
}

/** Smallest units of a token with so many decimals. @throws RsdpError E_AMOUNT if that is no integer or too large */
export function toWei({ digits, exponent, unit, text }: Amount, decimals: number): bigint {
  const power = exponent + (unit === 'wei' ? 0 : decimals)
  const divisor = 10n ** BigInt(Math.max(0, -power))
  if (digits % divisor !== 0n) throw amountError(text, `has more than the token's ${decimals} decimals`)
  const wei = (digits / divisor) * 10n ** BigInt(Math.max(0, power))
  if (wei > WEI_MAX) throw amountError(text, 'is more than a contract can hold')
  return wei
}

/** An amount of the chain's currency: `0.1`, or `1e17wei`. @throws RsdpError E_AMOUNT, also for tokens */
export function parseCurrency(text: string): bigint {
  const amount = parseAmount(text)
  if (/rsdp$/i.test(text)) throw amountError(text, "is tokens, not the chain's currency")
  return toWei(amount, CURRENCY_DECIMALS)
}

/** Whole tokens without trailing zeros: 1500000000000000000 of 18 decimals is `1.5`. */
export function showAmount(wei: bigint, decimals: number): string {
  return exactTokens(wei, decimals)
}

/** What is wrong with an amount that somebody wrote. */
export function amountError(text: string, what: string): RsdpError {
  return new RsdpError({
    code: 'E_AMOUNT',
    message: `'${text}' ${what}`,
    hint: 'write tokens as 100 or 1.5, smallest units as 1e18wei',
    exit: EXIT.usage,
    details: { text },
  })
}
