/** Engines that run until they fail: the format of C-MAPSS. */
import { badRow, integerRows } from './rows.ts'

const COLUMNS = 26
/** Four decimals at most. */
const SCALE = 10_000

export interface Engine {
  readonly number: number
  /** One row per cycle: three settings and 21 sensors, in ten-thousandths. The last row is the failure. */
  readonly cycles: readonly (readonly number[])[]
}

/** Remaining cycles as quoted everywhere in the field: no more than 125. */
export const LIFE_CAP = 125

export function readEngines(file: string, text: string): Engine[] {
  const engines = new Map<number, number[][]>()
  integerRows(file, text, { width: COLUMNS, scale: SCALE, separator: /\s+/ }).forEach((row, place) => {
    const [engine = 0, cycle = 0, ...measured] = row
    const cycles = engines.get(engine) ?? []
    if (cycle !== (cycles.length + 1) * SCALE)
      throw badRow(file, place + 1, `cycle ${String(cycle / SCALE)} after ${String(cycles.length)}`)
    cycles.push(measured)
    engines.set(engine, cycles)
  })
  return [...engines].map(([engine, cycles]) => ({ number: engine / SCALE, cycles }))
}
