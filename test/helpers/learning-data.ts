import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Context } from 'mocha'
import { skip } from './skip.ts'

/** Folder of the public data sets; the project does not hold them. */
const FOLDER = process.env['RSDP_DATA_DIR']

/** Whether the data are there. */
export const hasData = FOLDER !== undefined && existsSync(`${FOLDER}/asd`)

/** The one skip of all tests that need data. */
export function skipWithoutData(context: Context): void {
  if (!hasData) skip(context, 'no public data sets: RSDP_DATA_DIR does not name their folder')
}

/** Text of a file of a data set, unpacked. */
export function dataText(path: string): string {
  const bytes = readFileSync(`${FOLDER ?? ''}/${path}`)
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}
