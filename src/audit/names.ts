import type { AuditReport } from './report.ts'

/** Puts what an address is in this task in its place; of addresses that are nothing in it, the ends. */
export type Naming = (text: string) => string

/**
 * Names of the parties of a task: `client`, `member 2` for a signing key, `operator of member 2` for who registered it
 * (`operator of members 1, 3` for one with several seats). An address that is two of these has its first name.
 */
export function namesIn({ client, cluster }: Pick<AuditReport, 'client' | 'cluster'>): Naming {
  const names = new Map<string, string>(client === null ? [] : [[client, 'client']])
  const seats = new Map<string, number[]>()
  for (const { index, key, operator } of cluster?.members ?? []) {
    if (!names.has(key)) names.set(key, `member ${index}`)
    seats.set(operator, [...(seats.get(operator) ?? []), index])
  }
  for (const [operator, held] of seats) {
    if (!names.has(operator))
      names.set(operator, `operator of member${held.length > 1 ? 's' : ''} ${held.join(', ')}`)
  }
  return (text) =>
    text.replace(/0x[0-9a-f]{40}(?![0-9a-f])/g, (address) => names.get(address) ?? ends(address))
}

/** `0x12345678…abcd` of a long hex. */
export function ends(hex: string): string {
  return `${hex.slice(0, 10)}…${hex.slice(-4)}`
}

/** Hashes and longer bytes as their ends; addresses stay. */
export function short(text: string): string {
  return text.replace(/0x[0-9a-f]{20,}/g, (hex) => (hex.length <= 42 ? hex : ends(hex)))
}
