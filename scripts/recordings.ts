/**
 * Records 50 tasks, honest and tampered, for the tests that compare what command line, library and browser say of them.
 *
 *   npm run recordings                          writes test/recordings
 *   npm run recordings -- --seed 3 --dry-run    records the tasks of one seed, and writes nothing
 */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { brotliCompressSync, constants } from 'node:zlib'
import { ANSWERS_FILE, LIST_FILE } from '../test/helpers/recordings/recording.ts'
import { makeRecordings } from '../test/helpers/recordings/make.ts'

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
/** The same code of contracts is in every task: the window is to hold all of it. */
const WINDOW_BITS = 24

const { values } = parseArgs({ options: { seed: { type: 'string' }, 'dry-run': { type: 'boolean' } } })
const seeds = values.seed === undefined ? SEEDS : [Number(values.seed)]
const { list, ...answers } = await makeRecordings(seeds, (line) => console.log(line))
const text = JSON.stringify(answers)
const packed = brotliCompressSync(text, {
  params: {
    [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: Buffer.byteLength(text),
  },
})
const hash = createHash('sha256').update(text).digest('hex')
console.log(`${list.length} recordings: ${text.length} bytes, ${packed.length} packed, sha256 ${hash}`)
if (values['dry-run'] !== true) {
  mkdirSync(dirname(LIST_FILE), { recursive: true })
  writeFileSync(LIST_FILE, `${JSON.stringify(list, null, 2)}\n`)
  writeFileSync(ANSWERS_FILE, packed)
}
