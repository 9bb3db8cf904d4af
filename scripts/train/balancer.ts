/**
 * E-M1 and E-M3: trains a balancer on the first half of a trace of requests, and judges it once on the second half, beside rules.
 * Writes models/balancer.json, docs/balance-results.json and the tables of docs/balancing.md. Needs the data set `azure-requests`.
 *
 *   RSDP_DATA_DIR=<folder> ./rsdp --script scripts/train/balancer.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { keccak, toHex } from '../../src/codec/hex.ts'
import { encodeTable } from '../../src/services/sentinel/policy.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { BalanceRow } from '../../test/helpers/balance-results.ts'
import { BALANCE_FILE, BALANCE_PAGE, TABLE_FILE, withBalance } from '../../test/helpers/balance-results.ts'
import type { BalanceOutcome, Request } from '../../test/helpers/balance-world.ts'
import { BALANCERS, chooserOf, serve, train } from '../../test/helpers/balance-world.ts'

const folder = process.env['RSDP_DATA_DIR']
if (folder === undefined) {
  console.error('RSDP_DATA_DIR does not name the folder of the data sets')
  process.exit(EXIT.precondition)
}
const LOADS = [0.1, 0.2, 0.4]
const SEEDS = 10

const requests = readTrace(`${folder}/azure-requests/AzureLLMInferenceTrace_code.csv.gz`)
const middle = Math.floor(requests.length / 2)
const table = train(requests.slice(0, middle), LOADS, 20)
const bytes = encodeTable(table)
const about = 'mean response ms by size, use and connections; first half of the Azure trace "code", 20 passes'
writeFileSync(TABLE_FILE, `${JSON.stringify({ about, hash: keccak(bytes), bytes: toHex(bytes) }, null, 2)}\n`)

const rows = LOADS.flatMap((load) =>
  BALANCERS.map((balancer): BalanceRow => {
    const runs = Array.from({ length: SEEDS }, (_, seed) =>
      rounded(serve(requests.slice(middle), load, seed + 1, chooserOf(balancer, table))),
    )
    return { load, balancer, runs }
  }),
)
writeFileSync(BALANCE_FILE, `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`)
writeFileSync(BALANCE_PAGE, withBalance(readFileSync(BALANCE_PAGE, 'utf8')))

/** Work is a twentieth of the tokens that go in, and ten times those that come out. */
function readTrace(file: string): Request[] {
  const [, ...lines] = gunzipSync(readFileSync(file)).toString().trim().split('\n')
  return lines.map((line) => {
    const [time = '', context, generated] = line.split(',')
    const atMs = Date.parse(`${time.replace(' ', 'T').slice(0, 23)}Z`)
    return { atMs, work: Number(context) / 20 + 10 * Number(generated) }
  })
}

function rounded(outcome: BalanceOutcome): BalanceOutcome {
  const entries = Object.entries(outcome) as [keyof BalanceOutcome, number][]
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Number(value.toFixed(4))]),
  ) as unknown as BalanceOutcome
}
