import { formatTokens } from '../../audit/tokens.ts'
import type { TokenUnit } from '../../audit/tokens.ts'

const NUMBER = new RegExp('\\B(?=(\\d{3})+(?!\\d))', 'g')

/** 12345 → `12,345`. */
export function grouped(value: number | bigint | string): string {
  return value.toString().replace(NUMBER, ',')
}

/** An amount as `rsdp audit` says it, with thousands set apart: `1,000 RSDP`, `≈ 1,234.5 RSDP`, `7 wei`. */
export function amount(wei: bigint, unit: TokenUnit | null): string {
  return formatTokens(wei, unit).replace(/\d+/, grouped)
}

/** `0x1234…cdef`; texts that are short stay as they are. */
export function short(hex: string, head = 6, tail = 4): string {
  return hex.length <= head + tail + 1 ? hex : `${hex.slice(0, head)}…${hex.slice(-tail)}`
}

/** How long ago, in words that fit a cell. Clocks differ: what lies ahead is now. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 1) return 'now'
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** A magnitude or another share of one: two decimals, cut off, so that only 1 reads 1.00. */
export function share(value: number | null): string {
  return value === null ? '–' : (Math.floor(value * 100) / 100).toFixed(2)
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}
