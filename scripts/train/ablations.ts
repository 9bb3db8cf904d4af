/**
 * Writes models/ablations.json: what augmentation, transfer, adversarial training, more data and honest folds are worth, and how
 * well a failure is predicted.
 *
 *   ./rsdp --script scripts/train/ablations.ts <folder>
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { runAblations } from '../../src/learning/ablations/ablations.ts'
import type { SplitFile } from '../../src/learning/models.ts'

const [folder = '.'] = process.argv.slice(2)
const models = new URL('../../models/', import.meta.url)
const read = (path: string): string => {
  const bytes = readFileSync(`${folder}/${path}`)
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}
const split = JSON.parse(readFileSync(new URL('split.json', models), 'utf8')) as SplitFile
const results = runAblations(read, split)
writeFileSync(new URL('ablations.json', models), `${JSON.stringify(results, null, 1)}\n`)
console.log(JSON.stringify(results, null, 1))
