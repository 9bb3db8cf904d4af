/** E-M8: liars against votes of profile `paper`, by whose votes weigh how much: `npm run campaign:trust`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { EXIT } from '../src/types/exit-codes.ts'
import type { TrustCell } from '../test/helpers/trust-results.ts'
import { ordered, readCells, RESULTS_FILE, TRUST_PAGE, withTables } from '../test/helpers/trust-results.ts'
import type { Arm, Kind } from '../test/helpers/trust-world.ts'
import { ARMS, KINDS, TrustWorld } from '../test/helpers/trust-world.ts'

const USAGE = `Liars against the vote of profile paper. Cells go into docs/trust-results.json, run by run.

  npm run campaign:trust -- --n 7 --liars 0,1,2,3 --seeds 1..5

  --n N          members (default 7)
  --liars LIST   numbers of liars (default 0, 1, those below a third, half)
  --kinds LIST   ${KINDS.join(', ')} (default all)
  --arms LIST    ${ARMS.join(', ')} (default all)
  --seeds A..B   (default 1..5)
  --heights N    (default 200)
  --page         write the tables of docs/trust.md from the file, and run nothing
  --help

exit codes: 0 done, 2 usage`

const options = optionsOf()
const cells = existsSync(RESULTS_FILE) ? readCells() : []
if (options.page) {
  writeFileSync(TRUST_PAGE, withTables(readFileSync(TRUST_PAGE, 'utf8'), cells))
  process.exit(EXIT.ok)
}
for (let seed = options.from; seed <= options.to; seed += 1)
  for (const liars of options.liars)
    for (const kind of liars === 0 ? KINDS.slice(0, 1) : options.kinds)
      for (const arm of options.arms) run(seed, liars, kind, arm)

function run(seed: number, liars: number, kind: Kind, arm: Arm): void {
  const { n, heights } = options
  const isSame = (cell: TrustCell): boolean =>
    cell.n === n && cell.liars === liars && cell.kind === kind && cell.arm === arm
  const before = cells.find((cell) => isSame(cell) && cell.heights === heights)
  if (before?.runs.some((one) => one.seed === seed) === true) return
  const outcome = rounded(new TrustWorld({ seed, n, liars, kind, arm, heights }).run())
  console.log(`seed ${seed}  n ${n}  ${liars} ${kind}  ${arm}  ${JSON.stringify(outcome)}`)
  const others = cells.filter((cell) => !isSame(cell))
  const runs = [...(before?.runs ?? []), { seed, ...outcome }].sort((a, b) => a.seed - b.seed)
  cells.splice(0, cells.length, ...others, { n, liars, kind, arm, heights, runs })
  writeFileSync(
    RESULTS_FILE,
    `[\n${ordered(cells)
      .map((cell) => JSON.stringify(cell))
      .join(',\n')}\n]\n`,
  )
}

function rounded<T extends object>(outcome: T): T {
  const entries = Object.entries(outcome) as [string, number][]
  return Object.fromEntries(entries.map(([name, value]) => [name, Number(value.toFixed(4))])) as T
}

function optionsOf(): {
  n: number
  liars: number[]
  kinds: Kind[]
  arms: Arm[]
  from: number
  to: number
  heights: number
  page: boolean
} {
  const { values } = parseArgs({
    options: {
      n: { type: 'string', default: '7' },
      liars: { type: 'string' },
      kinds: { type: 'string', default: KINDS.join() },
      arms: { type: 'string', default: ARMS.join() },
      seeds: { type: 'string', default: '1..5' },
      heights: { type: 'string', default: '200' },
      page: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const n = Number(values.n)
  const [from = NaN, to = NaN] = values.seeds.split('..').map(Number)
  const liars = values.liars?.split(',').map(Number) ?? [0, 1, Math.ceil(n / 3) - 1, Math.floor(n / 2)]
  const kinds = KINDS.filter((kind) => values.kinds.split(',').includes(kind))
  const arms = ARMS.filter((arm) => values.arms.split(',').includes(arm))
  const heights = Number(values.heights)
  const isSound = [n, from, to, heights, ...liars].every(Number.isInteger) && n >= 4
  if (values.help || !isSound) {
    console.log(USAGE)
    process.exit(values.help ? EXIT.ok : EXIT.usage)
  }
  return { n, liars: [...new Set(liars)], kinds, arms, from, to, heights, page: values.page }
}
