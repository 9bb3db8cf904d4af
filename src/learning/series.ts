/** Single series with anomaly windows: the format of NAB. */
import { daysFromCivil } from './calendar.ts'
import { badRow, linesOf } from './rows.ts'
import type { NabWindows } from './nab.ts'

export interface Series {
  /** As written, `YYYY-MM-DD hh:mm:ss`. */
  readonly times: readonly string[]
  /** Seconds since 1970, as if all were UTC. */
  readonly seconds: readonly number[]
  readonly values: readonly number[]
}

const TIME = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})(?:\.\d+)?$/

/** Header `timestamp,value`, then a time and a number per line. */
export function readSeries(file: string, text: string): Series {
  const [header = '', ...lines] = linesOf(text)
  if (header !== 'timestamp,value') throw badRow(file, 1, 'the header is not "timestamp,value"')
  const rows = lines.map((line, place) => {
    const [time = '', number = '', ...rest] = line.split(',')
    const value = Number(number)
    if (rest.length > 0 || number.trim() === '' || !Number.isFinite(value))
      throw badRow(file, place + 2, 'is not a time and a number')
    return { time, value, seconds: secondsOf(file, place + 2, time) }
  })
  return {
    times: rows.map(({ time }) => time),
    seconds: rows.map(({ seconds }) => seconds),
    values: rows.map(({ value }) => value),
  }
}

/** Windows of a file as row numbers. */
export function windowRows(
  file: string,
  times: readonly string[],
  windows: readonly (readonly string[])[],
): NabWindows {
  const rowOf = (time = ''): number => {
    const row = times.indexOf(time.replace(/\.0+$/, ''))
    if (row < 0) throw badRow(file, 0, `no row is at ${time}, where a window begins or ends`)
    return row
  }
  return windows.map(([from, to]) => [rowOf(from), rowOf(to)] as const)
}

function secondsOf(file: string, line: number, time: string): number {
  const found = TIME.exec(time)
  if (found === null) throw badRow(file, line, `"${time.slice(0, 30)}" is not a time`)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map(Number)
  return ((daysFromCivil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
}
