import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import { LIAR_NAMES, LIARS } from './catalog.ts'
import type { LiarName } from './catalog.ts'
import { delayStatus } from './delivery.ts'
import type { Strategy } from './mouth.ts'

/** Names of what a running node can be told to do: everything but losing its disk, which is no matter of words. */
export const FAULT_NAMES: readonly LiarName[] = LIAR_NAMES.filter((name) => !('forgets' in LIARS[name]))

/** `name`, `name:height` or `name:from-to`; `delay-status` takes the milliseconds behind a second colon. */
const FORM = /^([a-z-]+)(?::([1-9]\d{0,8})(?:-([1-9]\d{0,8}))?)?(?::([1-9]\d{0,5}))?$/

/**
 * Reads `--fault`: misbehaviours with their heights, separated by commas; without a height, always.
 *
 * @throws RsdpError E_FAULT (exit 2) for an unknown name or bad heights
 */
export function parseFaults(text: string): readonly Strategy[] {
  return text.split(',').map(parseFault)
}

function parseFault(text: string): Strategy {
  const [, name = '', first, last, ms] = FORM.exec(text) ?? []
  if (name === '') throw badFault(`'${text}' is no fault`)
  const from = first === undefined ? 0 : Number(first)
  const to = first === undefined ? Infinity : Number(last ?? first)
  if (to < from) throw badFault(`'${text}' ends before it begins`)
  const isActive = (height: number): boolean => height >= from && height <= to
  if (name === 'delay-status') {
    if (ms === undefined) throw badFault(`'${text}' does not say for how long: delay-status:HEIGHT:MS`)
    return { name, liar: delayStatus(Number(ms)), isActive }
  }
  const known = FAULT_NAMES.find((one) => one === name)
  if (known === undefined) throw badFault(`no fault is called '${name}'`)
  if (ms !== undefined) throw badFault(`'${text}' has more than a name and heights`)
  return { name, liar: LIARS[known], isActive }
}

function badFault(message: string): RsdpError {
  return new RsdpError({
    code: 'E_FAULT',
    message,
    hint: `use NAME, NAME:HEIGHT or NAME:FROM-TO, separated by commas; NAME is one of ${FAULT_NAMES.join(', ')}; or delay-status:HEIGHT:MS`,
    exit: EXIT.usage,
  })
}
