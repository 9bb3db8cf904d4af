import { existsSync } from 'node:fs'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Address } from '../types/ids.ts'
import { keyFacts } from './key-store.ts'

/** @throws RsdpError E_USAGE for anything but 0x and 40 hex digits: no name is ever looked up */
export function parseAddress(text: string): Address {
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) return text.toLowerCase() as Address
  throw new RsdpError({
    code: 'E_USAGE',
    message: `'${text}' is not an address`,
    hint: 'give 0x and 40 hex digits',
    exit: EXIT.usage,
  })
}

/** An address as it stands, or the account of a key file. @throws RsdpError E_USAGE, E_NO_KEY, E_KEY_FORMAT */
export function keyOrAddress(text: string): Address {
  if (text.startsWith('0x') && !existsSync(text)) return parseAddress(text)
  const facts = keyFacts(text, text)
  if (facts?.address !== undefined && facts.address !== null) return facts.address
  const isThere = existsSync(text)
  throw new RsdpError({
    code: isThere ? 'E_KEY_FORMAT' : 'E_NO_KEY',
    message:
      facts !== null
        ? `the key file ${text} does not say its address`
        : isThere
          ? `${text} is no key file`
          : `there is no key file ${text}`,
    hint:
      facts !== null
        ? 'give the address: rsdp keys show NAME --password-file FILE works it out'
        : 'give an address, or a key file: .rsdp/keys/NAME.json, or key in a data directory',
    exit: EXIT.precondition,
    details: { text },
  })
}
