import { redact } from '../../adapters/system/redact.ts'
import { MASK } from './secrets.ts'

/** Names whose values are secrets, beside those that a log masks. The address of a token is public. */
const SECRET_NAME = /token|_pwd$|cookie|session.?id/i
const ADDRESS = /^0x[0-9a-f]{40}$/i
/** 32 bytes or more: a digest, a key, nobody can tell. */
const LONG_HEX = /(?:0x)?[0-9a-f]{64,}/gi
const SHOWN_DIGITS = 8
/** Name and value within a text. */
const ASSIGNED =
  /([\w-]*(?:secret|passw|passphrase|mnemonic|token|credential|authorization|api.?key|private.?key)[\w-]*["']?\s*[=:]\s*|\bkey=)("[^"]*"|'[^']*'|[^\s,;&"']+)/gi
const SCHEME = /\b(bearer|basic)\s+[\w.~+/=-]+/gi
const JWT = /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?/g
/** Words of a mnemonic. */
const PHRASE = /\b(?:[a-z]{3,8} ){11,}[a-z]{3,8}\b/g
/** Base64 or the like. */
const LONG_WORD = /(?:(?!\/p2p\/)[\w+/=-]){40,}/g
/** Addresses and PeerIds are public: hashes of public keys, or these themselves. */
const PUBLIC = /0x[0-9a-fA-F]{40}(?![0-9a-fA-F])|(?:16Uiu2HA|12D3KooW|Qm)[1-9A-HJ-NP-Za-km-z]{40,}/g

/**
 * A copy of a value without what may be secret by its name or its form: no URL beyond its host, no more than 4 of 32 bytes
 * in hex, no mnemonic, no token. Pure.
 */
export function scrub(name: string, value: unknown): unknown {
  return scrubbed(name, redact(name, value))
}

function scrubbed(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => scrubbed(name, item))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [scrubText(key), scrubbed(key, item)]),
    )
  }
  const isPublic = value === null || (typeof value === 'string' && ADDRESS.test(value))
  if (SECRET_NAME.test(name) && !isPublic) return MASK
  return typeof value === 'string' ? scrubText(value) : value
}

/** A text without what may be secret by its form. Pure. */
export function scrubText(text: string): string {
  return text
    .replace(SCHEME, `$1 ${MASK}`)
    .replace(ASSIGNED, `$1${MASK}`)
    .replace(JWT, MASK)
    .replace(LONG_HEX, shortened)
    .replace(PHRASE, MASK)
    .replace(LONG_WORD, (word) => (isMixed(word.replace(PUBLIC, '')) ? MASK : word))
}

function shortened(hex: string): string {
  const shown = hex.slice(0, SHOWN_DIGITS + (/^0x/i.test(hex) ? 2 : 0))
  return `${shown}…(${String(hex.length - shown.length)} more)`
}

/** Random characters have all three kinds, several times; paths and names do not. */
const isMixed = (word: string): boolean =>
  word.length >= 40 && [/[a-z]/g, /[A-Z]/g, /[0-9]/g].every((kind) => (word.match(kind) ?? []).length >= 3)
