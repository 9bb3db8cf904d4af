/** What test vectors are made with: ethers' own hashing, and the type lines of docs/decisions.md. */
import { readFileSync } from 'node:fs'
import { id, toBeHex } from 'ethers'
import type { TypedDataField } from 'ethers'

const DECISIONS = readFileSync(new URL('../../docs/decisions.md', import.meta.url), 'utf8')
export const NIL = `0x${'00'.repeat(32)}`

/** Bytes that look random and are the same at each run. */
export const digest = (label: string): string => id(`RSDP vector ${label}`)
export const address = (label: string): string => digest(label).slice(0, 42)

/** `Name(type field,…)` as docs/decisions.md states it. */
export function typeFields(name: string): TypedDataField[] {
  const line = new RegExp(`^\`?${name}\\(([^)]*)\\)`, 'm').exec(DECISIONS)?.[1]
  if (line === undefined) throw new Error(`docs/decisions.md has no line for ${name}`)
  return line.split(',').map((field) => {
    const [type = '', fieldName = ''] = field.split(' ')
    return { type, name: fieldName }
  })
}

export const domain = { chainId: 31337, verifyingContract: address('PhaseLog'), salt: digest('deployment') }
export const fullDomain = { name: 'RSDP', version: '3', ...domain }
/** u256 as JSON has it. */
export const bitmap = (bits: bigint): string => toBeHex(bits, 32)
