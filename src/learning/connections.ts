/** Network connections with the name of an attack: the format of the KDD Cup 1999 data. */
import { badRow, linesOf } from './rows.ts'

/** Groups of attack and the names in each; `normal` is group 0. */
export const ATTACK_GROUPS = {
  dos: ['back', 'land', 'neptune', 'pod', 'smurf', 'teardrop'],
  probe: ['ipsweep', 'nmap', 'portsweep', 'satan'],
  r2l: ['ftp_write', 'guess_passwd', 'imap', 'multihop', 'phf', 'spy', 'warezclient', 'warezmaster'],
  u2r: ['buffer_overflow', 'loadmodule', 'perl', 'rootkit'],
} as const

export const GROUPS: readonly string[] = ['normal', ...Object.keys(ATTACK_GROUPS)]
const GROUP_OF = new Map<string, number>([
  ['normal', 0],
  ...Object.values(ATTACK_GROUPS).flatMap((names, group) => names.map((name) => [name, group + 1] as const)),
])

/** Columns that are text: protocol, service, flag. */
export const TEXT_COLUMNS: readonly number[] = [1, 2, 3]
/** Columns that are shares in hundredths: the others are counts. */
export const RATE_COLUMNS: readonly number[] = [24, 25, 26, 27, 28, 29, 30, 33, 34, 35, 36, 37, 38, 39, 40]
const COLUMNS = 41

export interface Connection {
  /** 41 cells as written. */
  readonly cells: readonly string[]
  /** Counts as they are, shares in hundredths, 0 for text. */
  readonly numbers: readonly number[]
  /** Name of the attack, or `normal`. */
  readonly name: string
  /** Place in GROUPS. */
  readonly group: number
}

export function readConnections(file: string, text: string): Connection[] {
  return linesOf(text).map((line, place) => {
    const cells = line.split(',')
    if (cells.length !== COLUMNS + 1)
      throw badRow(file, place + 1, `${String(cells.length)} columns instead of ${String(COLUMNS + 1)}`)
    const name = (cells.pop() ?? '').replace(/\.$/, '')
    const group = GROUP_OF.get(name)
    if (group === undefined) throw badRow(file, place + 1, `"${name.slice(0, 20)}" is no known name`)
    const numbers = cells.map((cell, column) => {
      if (TEXT_COLUMNS.includes(column)) return 0
      if (!/^\d+(\.\d+)?$/.test(cell)) throw badRow(file, place + 1, `"${cell.slice(0, 20)}" is not a number`)
      return Math.round(Number(cell) * (RATE_COLUMNS.includes(column) ? 100 : 1))
    })
    return { cells, numbers, name, group }
  })
}
