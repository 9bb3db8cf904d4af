import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Context } from 'mocha'
import { skip } from './skip.ts'

/** Folder of the public data sets; the project does not hold them. */
const FOLDER = process.env['RSDP_DATA_DIR']

/** Skips unless the data are there. For a `before` hook: all tests that need data are one suite, and one skip. */
export function requireData(context: Context): void {
  if (FOLDER === undefined || !existsSync(`${FOLDER}/asd`))
    skip(context, 'no public data sets: RSDP_DATA_DIR does not name their folder')
}

/** Text of a file of a data set, unpacked. */
export function dataText(path: string): string {
  const bytes = readFileSync(`${FOLDER ?? ''}/${path}`)
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}
