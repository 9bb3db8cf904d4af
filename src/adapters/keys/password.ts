import { toHex } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { readSecretFile } from './secret-file.ts'

/** A password: text as a person types it, or bytes that are no text. */
export type Password = string | Uint8Array

/** What may be the password: `first` is what a new key file is made with, the others are tried on one that exists. */
export interface PasswordForms {
  readonly first: Password
  readonly others: readonly Password[]
  /** Said when none of them opens a key file; empty if there is nothing special about them. */
  readonly hint: string
}

const BOM = '\ufeff'
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Forms of a typed password. New key files are made with NFKC, as most programs make them; some take the bytes as they
 * come, and keyboards and editors differ in how they compose a character. Plain ASCII has one form: each attempt takes
 * half a second.
 */
export function typedPassword(text: string): PasswordForms {
  const forms = [text, text.normalize('NFC'), text.normalize('NFD')].map(bytesOf)
  return { first: text, others: distinct(forms, bytesOf(text.normalize('NFKC'))), hint: '' }
}

/**
 * The password in a file: its first line, without line end and byte-order mark. Programs that read the whole file take
 * line ends and mark with it: these forms are tried, too.
 *
 * @throws RsdpError E_KEY_PASSWORD for an empty first line or UTF-16; those of `readSecretFile`
 */
export function readPasswordFile(path: string): PasswordForms {
  const whole = new Uint8Array(readSecretFile(path, 'password file'))
  if ((whole[0] === 0xff && whole[1] === 0xfe) || (whole[0] === 0xfe && whole[1] === 0xff))
    throw passwordError(path, 'is UTF-16', 'save it as UTF-8 without a byte-order mark')
  const end = whole.findIndex((byte) => byte === 0x0a || byte === 0x0d)
  const line = end < 0 ? whole : whole.slice(0, end)
  const text = textOf(line)
  if (text === null) return { first: line, others: distinct([whole], line), hint: NO_TEXT }
  const hasBom = text.startsWith(BOM)
  const typed = hasBom ? text.slice(BOM.length) : text
  if (typed === '')
    throw passwordError(path, 'begins with an empty line', 'write the password into its first line')
  const { first, others } = typedPassword(typed)
  const asIs = distinct([line, whole], bytesOf(typed))
  return { first, others: [...others, ...asIs], hint: hasBom ? HAS_BOM : '' }
}

const HAS_BOM = 'its file begins with a byte-order mark (BOM): was it there when the key was encrypted?'
const NO_TEXT = 'its file is not UTF-8: which encoding did it have when the key was encrypted?'

function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Those that differ from `known` and from each other. */
function distinct(candidates: readonly Uint8Array[], known: Uint8Array): Uint8Array[] {
  const seen = new Set([toHex(known)])
  return candidates.filter((bytes) => {
    const isKnown = seen.has(toHex(bytes))
    seen.add(toHex(bytes))
    return !isKnown
  })
}

function passwordError(path: string, what: string, hint: string): RsdpError {
  return new RsdpError({
    code: 'E_KEY_PASSWORD',
    message: `the password file ${path} ${what}`,
    hint,
    exit: EXIT.precondition,
    details: { path },
  })
}
