import { readPasswordFile } from '../adapters/keys/password.ts'
import type { Password } from '../adapters/keys/password.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Terminal } from './terminal.ts'
import { needsInput, processTerminal } from './terminal.ts'

/** Shorter ones fall to a single machine in days, scrypt or not. */
const LENGTH_MIN = 8

/**
 * The password for a new key file: from a file, or asked for twice. Never from a flag's value, which `ps` shows.
 *
 * @param hint what to do about one that is too short
 * @throws RsdpError E_NEEDS_INPUT, E_KEY_PASSWORD (too short, or the two differ), those of `readPasswordFile`
 */
export async function newPassword(
  passwordFile: string | undefined,
  terminal: Terminal = processTerminal,
  hint = 'choose another one; nothing was written',
): Promise<Password> {
  const password =
    passwordFile === undefined ? await askTwice(terminal) : readPasswordFile(passwordFile).first
  if (password.length >= LENGTH_MIN) return password
  throw passwordError(`the password has fewer than ${LENGTH_MIN} characters`, hint)
}

/** Asks for the password of a key file; null where there is nobody to ask. */
export function passwordPrompt(
  terminal: Terminal = processTerminal,
): ((path: string) => Promise<string>) | null {
  if (!terminal.isInteractive) return null
  return async (path) => (await terminal.ask(`Password of ${path}: `, true)) ?? ''
}

async function askTwice(terminal: Terminal): Promise<string> {
  if (!terminal.isInteractive) throw needsInput('a new key file needs a password', '--password-file')
  const first = await terminal.ask('New password: ', true)
  const second = await terminal.ask('Again: ', true)
  if (first !== null && first === second) return first
  throw passwordError('the two passwords differ', 'type it again; nothing was written')
}

function passwordError(message: string, hint: string): RsdpError {
  return new RsdpError({ code: 'E_KEY_PASSWORD', message, hint, exit: EXIT.precondition })
}
