import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/** Both included. */
export interface Range {
  readonly first: number
  readonly last: number
}

/** Tasks that one command audits at most. */
export const TASKS_MAX = 10_000
const NUMBER_MAX = 999_999_999

/** Ranges such as `1,2,5..9`. @throws RsdpError E_USAGE */
export function parseRanges(text: string, flag: string): Range[] {
  return text.split(',').map((part) => {
    const [, low, high = low] = /^([1-9]\d*)(?:\.\.([1-9]\d*))?$/.exec(part.trim()) ?? []
    const range = { first: Number(low), last: Number(high) }
    if (low !== undefined && range.first <= range.last && range.last <= NUMBER_MAX) return range
    throw usage(`'${part}' is not a number or a range`, `write ${flag} 1,2,5..9`)
  })
}

/** One range such as `5..9`. @throws RsdpError E_USAGE */
export function parseHeights(text: string): Range {
  const [range, ...more] = parseRanges(text, '--heights')
  if (range !== undefined && more.length === 0) return range
  throw usage('--heights takes one range', 'write --heights 5..9')
}

/**
 * Numbers of the tasks that are asked for, each once, ascending.
 *
 * @param ranges null: all
 * @param count of tasks on the board
 * @throws RsdpError E_NO_TASK for one that the board does not have, E_USAGE for too many
 */
export function selectTasks(ranges: readonly Range[] | null, count: bigint): bigint[] {
  const missing = ranges?.find(({ last }) => BigInt(last) > count)
  if (missing !== undefined) {
    throw new RsdpError({
      code: 'E_NO_TASK',
      message: `no task ${missing.last}: there are ${count}`,
      hint: 'rsdp task list shows them',
      exit: EXIT.precondition,
      details: { taskId: String(missing.last) },
    })
  }
  const wanted = ranges ?? (count === 0n ? [] : [{ first: 1, last: Number(count) }])
  const tooMany = (): RsdpError =>
    usage(`more than ${TASKS_MAX} tasks`, `audit parts of them: --tasks 1..${TASKS_MAX}`)
  const tasks = new Set<number>()
  for (const { first, last } of wanted) {
    if (last - first >= TASKS_MAX) throw tooMany()
    for (let task = first; task <= last; task += 1) tasks.add(task)
    if (tasks.size > TASKS_MAX) throw tooMany()
  }
  return [...tasks].sort((a, b) => a - b).map(BigInt)
}

export function usage(message: string, hint: string): RsdpError {
  return new RsdpError({ code: 'E_USAGE', message, hint, exit: EXIT.usage })
}
