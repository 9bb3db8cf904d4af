/**
 * Writes models/split.json: which servers, files, engines and attack names everything is chosen on, and which are judged once.
 * The rule is in src/learning/split.ts. Data set folders as those of the READMEs they come with.
 *
 *   ./rsdp --script scripts/train/split.ts <folder>
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { ATTACK_GROUPS } from '../../src/learning/connections.ts'
import { segmentsOf } from '../../src/learning/measures.ts'
import { heldOut, laterTime, splitNames } from '../../src/learning/split.ts'

const folder = process.argv[2] ?? '.'
const servers = readdirSync(`${folder}/asd`).flatMap((file) => /^(.*)_test\.csv\.gz$/.exec(file)?.[1] ?? [])
const series = Object.keys(
  JSON.parse(readFileSync(`${folder}/nab/labels_windows.json`, 'utf8')) as Record<string, unknown>,
)
const machine = 'machine-3-4'
const labels = gunzipSync(readFileSync(`${folder}/smd/${machine}_test_label.csv.gz`))
  .toString()
  .trim()
  .split('\n')
  .map((label) => Number(label) === 1)

const split = {
  rule: 'src/learning/split.ts: order by keccak-256 of "rsdp-split-1:set:name"; written before any model was fitted',
  asd: splitNames('asd', servers),
  smd: { machine, judgedFromTestRow: laterTime(segmentsOf(labels)) },
  nab: splitNames('nab', series),
  kdd99: {
    chosen: 'rows 0, 2, 4, …',
    judged: 'rows 1, 3, 5, …',
    heldOutNames: Object.values(ATTACK_GROUPS).flatMap((names) => heldOut('kdd99', names)),
  },
  cmapss: { chosen: 'engines 1 to 80', judged: 'engines 81 to 100' },
  'training-shells': { rule: 'people whose place in the order ends in an even digit are chosen' },
}
writeFileSync(new URL('../../models/split.json', import.meta.url), `${JSON.stringify(split, null, 2)}\n`)
