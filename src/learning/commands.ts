/** Commands that people typed: the format of the training-shells data. They are text and nothing else. */
import { daysFromCivil } from './calendar.ts'
import { badRow, linesOf } from './rows.ts'

export interface Person {
  readonly file: string
  /** First part of the file's path. */
  readonly exercise: string
  /** By instant; records without a command are left out. */
  readonly commands: readonly string[]
}

export function readPeople(file: string, text: string): Person[] {
  const people = new Map<string, { readonly at: number; readonly command: string }[]>()
  linesOf(text).forEach((line, place) => {
    let record: Record<string, unknown>
    try {
      record = JSON.parse(line) as Record<string, unknown>
    } catch {
      throw badRow(file, place + 1, 'is not JSON')
    }
    const { file: person, cmd, timestamp_str: time } = record
    if (typeof person !== 'string' || typeof time !== 'string')
      throw badRow(file, place + 1, 'has no file or no timestamp_str')
    const records = people.get(person) ?? []
    people.set(person, records)
    if (typeof cmd !== 'string') return
    records.push({ at: instantOf(file, place + 1, time), command: cmd })
  })
  return [...people].map(([name, records]) => ({
    file: name,
    exercise: name.split('/')[0] ?? '',
    // the sort is stable: records of one instant keep their order
    commands: records.sort((a, b) => a.at - b.at).map(({ command }) => command),
  }))
}

const INSTANT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2}(?:\.\d+)?)(?:Z|([+-])(\d{2}):?(\d{2}))$/

/** Seconds since 1970. */
function instantOf(file: string, line: number, time: string): number {
  const found = INSTANT.exec(time)
  if (found === null) throw badRow(file, line, `"${time.slice(0, 40)}" is not an instant with its offset`)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number)
  const offset = (Number(found[8] ?? 0) * 60 + Number(found[9] ?? 0)) * (found[7] === '-' ? -1 : 1)
  return (daysFromCivil(year, month, day) * 1_440 + hour * 60 + minute - offset) * 60 + second
}
