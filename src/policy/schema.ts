import { z } from 'zod'
import type { Address, Hex } from '../types/ids.ts'
import type { Policy } from './policy.ts'

const percent = z.number().min(0).max(100).multipleOf(1)
const count = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
const price = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'expected 0x and 40 hex digits')
  .transform((text) => text.toLowerCase() as Address)

const bundleOrAuthor = z
  .string()
  .regex(
    /^0x([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$/,
    'expected a bundle (0x and 64 hex digits) or an author (0x and 40)',
  )
  .transform((text) => text.toLowerCase() as Hex)

/** The file `policy.json`: every key, no other; a file from before there were lines joins none. */
const policySchema = z.strictObject({
  schema: z.literal(1),
  chances: z.array(z.enum(['good', 'weak', 'local'])),
  reducers: z.array(z.string().regex(/^[a-z0-9-]+@\d+$/, 'expected name@version')),
  sandboxed: z.union([z.literal('any'), z.array(bundleOrAuthor)]),
  twins: z.array(z.enum(['none', 'stock', 'pure'])),
  clients: z.union([z.literal('any'), z.array(address)]),
  predecessors: z.enum(['none', 'lines', 'any']).default('none'),
  lockPercentPerTask: percent,
  lockPercentTotal: percent,
  lockPercentPending: percent,
  signUpBlocksMax: count,
  taskBlocksMax: count,
  rewardPpmPer1000Blocks: count,
  formGasPriceMin: price,
}) satisfies z.ZodType<Policy>

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly string[] }

/** A policy from what a file holds, or what is wrong with it, a line each. */
export function parsePolicy(value: unknown): ParsedPolicy {
  const parsed = policySchema.safeParse(value)
  if (parsed.success) return { ok: true, policy: parsed.data }
  return { ok: false, problems: parsed.error.issues.map(problemOf) }
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `unknown: ${issue.keys.join(', ')} (known: ${Object.keys(policySchema.shape).join(', ')})`
  return `${issue.path.join('.') || 'file'}: ${issue.message}`
}
