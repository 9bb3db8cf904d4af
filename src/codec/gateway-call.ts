import { PATIENCE_MS, PRIORITY } from '../types/gateway.ts'
import type { Address, Digest, Hex } from '../types/ids.ts'
import { byteLength, concatHex, isHex, keccak, uint, utf8Hex } from './hex.ts'

/** A request to a gateway, as its client signs it. */
export interface SignedCall {
  readonly deploymentId: Digest
  /** Signing key of the node that is asked: nobody else takes the request. */
  readonly gateway: Address
  /** Unix time at which it was signed, ms. */
  readonly atMs: number
  /** For how long the gateway may try, ms. */
  readonly patienceMs: number
  /** 0 … 10, the greater first. */
  readonly priority: number
  /** 16 bytes that the client chooses: asked again with the same, the same request is meant. */
  readonly id: Hex
  /** Method and target, as in the first line: `GET /v1/tasks/1/stores/2/keys/a`. */
  readonly line: string
  readonly body: Hex
}

/** What of it stands in headers. */
export type CallHeaders = Pick<SignedCall, 'atMs' | 'patienceMs' | 'priority' | 'id'> & {
  readonly signature: Hex
}

const NAMES = {
  atMs: 'rsdp-at',
  patienceMs: 'rsdp-patience',
  priority: 'rsdp-priority',
  id: 'rsdp-id',
  signature: 'rsdp-signature',
} as const
const DOMAIN = utf8Hex('RSDP3.gateway')
const NUMBER = /^(0|[1-9]\d{0,15})$/
const ID_BYTES = 16
const SIGNATURE_BYTES = 65

/** keccak of `"RSDP3.gateway" ‖ deploymentId ‖ gateway ‖ u64 at ‖ u32 patience ‖ u8 priority ‖ id ‖ keccak(line) ‖ keccak(body)`. */
export function callDigest({ line, body, ...call }: SignedCall): Digest {
  const { deploymentId, gateway, atMs, patienceMs, priority, id } = call
  const numbers = [uint(atMs, 8), uint(patienceMs, 4), uint(priority, 1)]
  return keccak(concatHex(DOMAIN, deploymentId, gateway, ...numbers, id, keccak(utf8Hex(line)), keccak(body)))
}

export function headersOf({
  atMs,
  patienceMs,
  priority,
  id,
  signature,
}: CallHeaders): Record<string, string> {
  return {
    [NAMES.atMs]: String(atMs),
    [NAMES.patienceMs]: String(patienceMs),
    [NAMES.priority]: String(priority),
    [NAMES.id]: id,
    [NAMES.signature]: signature,
  }
}

/** Null: a header is missing, or cannot be meant. Those with a usual value may be left out. */
export function readHeaders(of: (name: string) => string | undefined): CallHeaders | null {
  const [id, signature] = [of(NAMES.id), of(NAMES.signature)]
  const atMs = numberIn(of(NAMES.atMs))
  const patienceMs = numberIn(of(NAMES.patienceMs) ?? String(PATIENCE_MS.usual))
  const priority = numberIn(of(NAMES.priority) ?? String(PRIORITY.usual))
  if (atMs === null || patienceMs === null || priority === null) return null
  if (patienceMs < PATIENCE_MS.least || patienceMs > PATIENCE_MS.most || priority > PRIORITY.most) return null
  if (!isOf(ID_BYTES, id) || !isOf(SIGNATURE_BYTES, signature)) return null
  return { atMs, patienceMs, priority, id, signature }
}

function isOf(bytes: number, text: string | undefined): text is Hex {
  return text !== undefined && isHex(text) && byteLength(text) === bytes
}

function numberIn(text: string | undefined): number | null {
  const value = text !== undefined && NUMBER.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(value) ? value : null
}
