import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/** A command line that is not understood. */
export function usageError(error: unknown, hint = 'see --help'): RsdpError {
  return new RsdpError({
    code: 'E_USAGE',
    message: (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '',
    hint,
    exit: EXIT.usage,
  })
}

/** The integer that an option gives, within its bounds. Throws RsdpError E_USAGE. */
export function integerOption(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw usageError(
    new Error(`--${name} takes an integer from ${String(min)} to ${String(max)}, not '${text}'`),
  )
}
