import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/** Longest file that is read as a secret. */
const BYTES_MAX = 65_536

/**
 * Text of a file that only its owner may read or write.
 *
 * @param what names the file in messages: `key file`, `password file`
 * @throws RsdpError E_NO_KEY if it cannot be read, E_KEY_PERM if others may, E_KEY_FORMAT if it is no file or too long
 */
export function readSecretFile(path: string, what: string): string {
  const file = open(path, what)
  try {
    const { mode, size } = fstatSync(file)
    const isFile = (mode & 0o170000) === 0o100000
    if (!isFile || size > BYTES_MAX) {
      throw new RsdpError({
        code: 'E_KEY_FORMAT',
        message: `the ${what} ${path} is ${isFile ? `${size} bytes long` : 'not a file'}`,
        hint: 'give the path of a file as `rsdp keys` writes it',
        exit: EXIT.precondition,
        details: { path },
      })
    }
    if ((mode & 0o077) !== 0) {
      throw new RsdpError({
        code: 'E_KEY_PERM',
        message: `others may open the ${what} ${path} (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
        hint: `chmod 600 ${path}`,
        exit: EXIT.precondition,
        details: { path },
      })
    }
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function open(path: string, what: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new RsdpError({
      code: 'E_NO_KEY',
      message: `cannot open the ${what} ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      hint: `check the path, or make the ${what} first`,
      exit: EXIT.precondition,
      details: { path },
      cause,
    })
  }
}
