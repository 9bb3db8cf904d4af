/**
 * Judges every method on both parts of each data set and writes models/results.json; trains the committed models.
 *
 *   ./rsdp --script scripts/train/results.ts <folder> [set…]
 *
 * With sets, only their figures are made anew.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { JUDGES } from '../../src/learning/judge.ts'
import type { NabBoard } from '../../src/learning/judge-series.ts'
import { TRAINERS } from '../../src/learning/models.ts'
import type { SplitFile } from '../../src/learning/models.ts'
import type { Figure } from '../../src/learning/result.ts'
import { modelHash } from '../../src/services/sentinel/model.ts'

const [folder = '.', ...only] = process.argv.slice(2)
const models = new URL('../../models/', import.meta.url)
const read = (path: string): string => {
  const bytes = readFileSync(`${folder}/${path}`)
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}
const json = (name: string): unknown => JSON.parse(readFileSync(new URL(name, models), 'utf8'))
const split = json('split.json') as SplitFile
const inputs = { read, split, board: json('nab-board.json') as NabBoard }

interface Results {
  readonly figures: Record<
    string,
    { readonly code: string; readonly chosen: Figure[]; readonly judged: Figure[] }
  >
  readonly models: Record<string, { readonly hash: string; readonly bytes: number }>
}
const file = new URL('results.json', models)
const results = (existsSync(file) ? json('results.json') : { figures: {}, models: {} }) as Results
const code = codeHash()

const isWanted = (name: string): boolean => only.length === 0 || only.includes(name)
for (const [name, train] of TRAINERS) {
  if (!isWanted(name)) continue
  const text = train(read, split)
  writeFileSync(new URL(name, models), text)
  results.models[name] = { hash: modelHash(text), bytes: text.length }
  console.log(name, text.length)
}
for (const [set, judge] of Object.entries(JUDGES)) {
  if (!isWanted(set)) continue
  results.figures[set] = { code, chosen: judge(inputs, 'chosen'), judged: judge(inputs, 'judged') }
  console.log(set)
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`)
}
writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`)

/** Name of the code that a figure comes from: keccak-256 over the sources that fit, score and judge, in the order of their paths. */
function codeHash(): string {
  const root = new URL('../../', import.meta.url)
  const files = globSync('src/{learning,services/sentinel}/*.ts', { cwd: root }).sort()
  return modelHash(files.map((path) => readFileSync(new URL(path, root), 'utf8')).join('')).slice(0, 18)
}
