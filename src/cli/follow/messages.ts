import type { FollowEvent } from '../../audit/follow.ts'
import { SYMBOLS } from '../../audit/render-steps.ts'
import { short } from '../../audit/names.ts'

/** One line of a watcher, for people. */
export function lineOf(event: FollowEvent): string {
  switch (event.type) {
    case 'checkpoint': {
      const { first, last, block, signatures, verdict } = event
      return `heights ${first}–${last}  block ${block}  ${signatures} signatures  ${SYMBOLS[verdict]}`
    }
    case 'alarm': {
      const { kind, field, expected, actual, why, height } = event
      const at = height === undefined ? '' : ` (height ${height})`
      return kind === 'conviction'
        ? `✖ ALARM ${field}${at}: ${actual}: ${why}`
        : `✖ ALARM ${field}${at}: is ${short(actual)}, expected ${short(expected)}: ${why}`
    }
    case 'status':
      return `status ${event.status}: ${event.because}`
  }
}
