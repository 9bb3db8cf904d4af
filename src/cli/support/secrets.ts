import { readFileSync, statSync } from 'node:fs'
import { fromHex } from '../../codec/hex.ts'
import type { Hex } from '../../types/ids.ts'

export const MASK = '***'
/** A shorter value is part of too many other words. */
const LENGTH_MIN = 6
/** Longest file that is read for secrets. */
const FILE_BYTES_MAX = 65_536
/** Part of a URL's path that may be an access key. */
const PATH_PART_MIN = 12
/** A string of this length in JSON is not the name of something. */
const LONG_MIN = 16
const ADDRESS = /^(?:0x)?[0-9a-f]{40}$/i
/** Names of variables, fields and files whose values are secrets. */
export const SECRET_NAME = /key|token|secret|passw|passphrase|_pwd$|credential|auth|mnemonic|seed|cookie/i
const URL_TEXT = /^[a-z][a-z0-9+.-]*:\/\//i
const ASSIGNMENT = /^(?:export\s+)?[\w.-]+\s*[=:]\s*(.*)$/

/**
 * Values that are known to be secret, and a text without them: as they stand, escaped for JSON or for a URL, in hex, in
 * base64 wherever it begins, and, for keys in hex, also as decimal numbers.
 */
export class Secrets {
  readonly #values = new Set<string>()

  /** One value; with it, if it is a URL, what gives access in it. Values of fewer than 6 characters are passed over. */
  add(value: string): void {
    if (value.length >= LENGTH_MIN) this.#values.add(value)
    this.addUrl(value)
  }

  /** What gives access in a URL, or in several separated by spaces; of another text nothing. */
  addUrl(text: string): void {
    for (const word of text.split(/\s+/)) {
      if (!URL_TEXT.test(word) || !URL.canParse(word)) continue
      const { username, password, pathname, searchParams } = new URL(word)
      const parts = pathname.split('/').filter((part) => part.length >= PATH_PART_MIN)
      for (const part of [username, password, ...parts, ...searchParams.values()]) {
        for (const form of [part, decoded(part)]) if (form.length >= LENGTH_MIN) this.#values.add(form)
      }
    }
  }

  /**
   * Everything in a file that may be secret: strings of JSON, values of `NAME=value` lines, other lines as they stand.
   *
   * @returns false if it cannot be read
   */
  addFile(path: string): boolean {
    let text: string
    try {
      if (!statSync(path).isFile() || statSync(path).size > FILE_BYTES_MAX) return false
      text = readFileSync(path, 'utf8')
    } catch {
      return false
    }
    for (const value of valuesIn(text)) this.add(value)
    return true
  }

  /** The text without any of the values. Pure. */
  mask(text: string): string {
    const byLength = [...this.#values].sort((a, b) => b.length - a.length)
    let masked = text
    for (const value of byLength) {
      const { exact, anyCase } = formsOf(value)
      for (const form of exact) masked = masked.replaceAll(form, MASK)
      for (const form of anyCase) masked = masked.replaceAll(new RegExp(form, 'gi'), MASK)
    }
    return masked
  }
}

/** Strings of a JSON text; else the values of its lines. */
function valuesIn(text: string): string[] {
  try {
    return stringsIn(JSON.parse(text))
  } catch {
    return text.split(/\r?\n/).flatMap((line) => {
      const whole = line.replace(/^\ufeff/, '').trim()
      const [, value] = ASSIGNMENT.exec(whole) ?? []
      return value === undefined ? [whole] : [whole, unquoted(value)]
    })
  }
}

/** Of a key file: ciphertext, salt and the like, not its address, nor the names of its algorithms. */
function stringsIn(value: unknown, name = ''): string[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, item]) => stringsIn(item, key))
  if (typeof value !== 'string' || ADDRESS.test(value)) return []
  return SECRET_NAME.test(name) || name === '' || value.length >= LONG_MIN ? [value] : []
}

/** Without quotes, or without the comment after it. */
function unquoted(value: string): string {
  const [, , inner] = /^(["'])(.*?)\1/.exec(value) ?? []
  return inner ?? value.replace(/\s+#.*$/, '')
}

interface Forms {
  readonly exact: readonly string[]
  /** Letters, digits: usable as patterns as they stand. */
  readonly anyCase: readonly string[]
}

function formsOf(value: string): Forms {
  const bytes = Buffer.from(value)
  const [, digits] = /^(?:0x)?((?:[0-9a-f]{2}){16,})$/i.exec(value) ?? []
  const exact = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), ...base64Of(bytes)]
  const anyCase = [bytes.toString('hex')]
  if (digits !== undefined) {
    const hex: Hex = `0x${digits.toLowerCase()}`
    exact.push(...base64Of(Buffer.from(fromHex(hex))), BigInt(hex).toString())
    anyCase.push(digits)
  }
  return { exact: [...new Set(exact)].filter((form) => form.length >= LENGTH_MIN), anyCase }
}

/** What every base64 text has in which the bytes are, whatever stands before and after them. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const isCut = (before + bytes.length) % 3 !== 0
    const whole = text.slice(before === 0 ? 0 : before + 1, isCut ? -1 : undefined)
    return [whole, whole.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
