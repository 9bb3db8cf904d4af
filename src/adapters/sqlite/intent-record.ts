import { z } from 'zod'
import type { Intent } from '../../ports/tx-journal.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'

const hex = z.custom<Hex>((value) => typeof value === 'string' && /^0x([0-9a-f]{2})*$/.test(value))
const digest = z.custom<Digest>((value) => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value))
const address = z.custom<Address>((value) => typeof value === 'string' && /^0x[0-9a-f]{40}$/.test(value))
const whole = z.int().nonnegative()
const wei = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt)

const schema = z.strictObject({
  id: digest,
  purpose: z.string(),
  to: address.nullable(),
  data: hex,
  valueWei: wei,
  gasLimit: wei,
  nonce: whole,
  since: z.string(),
  isRepeatable: z.boolean(),
  forms: z
    .array(z.strictObject({ hash: digest, raw: hex, perGasWei: wei, tipWei: wei, atBlock: whole }))
    .min(1),
  minedBlock: whole.nullable(),
  isReported: z.boolean(),
})

/** An intent as JSON, with integers of wei as decimal text. */
export function writeIntent(intent: Intent): Uint8Array {
  const text = JSON.stringify(intent, (_key, field: unknown) =>
    typeof field === 'bigint' ? String(field) : field,
  )
  return Buffer.from(text)
}

/** Null if `writeIntent` has not written it. */
export function readIntent(bytes: Uint8Array): Intent | null {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch {
    return null
  }
}
