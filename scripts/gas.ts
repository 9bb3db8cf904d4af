/**
 * Measures what the contracts cost, and writes it down: test/vectors/gas.json, which the tests hold the contracts to, and
 * the tables of the docs. Run it after a change that is meant to cost something: npm run gas
 */
import { writeFileSync } from 'node:fs'
import hre from 'hardhat'
import { pagesWith } from '../test/contracts/cost-tables.ts'
import type { Costs } from '../test/contracts/cost-of.ts'
import { TWIN_SIZES, twinCostsAt } from '../test/contracts/cost-twins.ts'
import { SIZES, SNAPSHOT, costsAt, penalties, readSnapshot } from '../test/contracts/costs.ts'
import type { Snapshot } from '../test/contracts/costs.ts'

const HUNDRED = 100

/** To the nearest hundred; stays as it was if it is as good: signatures have a few zero bytes more or less at each run. */
function figure(cost: number, old = NaN): number {
  return Math.abs(cost - old) <= HUNDRED ? old : HUNDRED * Math.round(cost / HUNDRED)
}

await hre.tasks.getTask('build').run({ quiet: true })
const before = readSnapshot()
const gas: Record<string, Record<string, number>> = {}
const note = (n: number, costs: Costs): void => {
  for (const [name, cost] of Object.entries(costs))
    gas[name] = { ...gas[name], [n]: figure(cost, before.gas[name]?.[n]) }
}
for (const n of SIZES) note(n, await costsAt(n))
for (const n of TWIN_SIZES) note(n, await twinCostsAt(n))
const after: Snapshot = { gas, penalties: await penalties() }
writeFileSync(SNAPSHOT, `${JSON.stringify(after, null, 2)}\n`)
for (const { file, after: text } of pagesWith(after)) writeFileSync(file, text)
const changed = Object.entries(gas).filter(([name, costs]) =>
  Object.entries(costs).some(([n, cost]) => cost !== before.gas[name]?.[n]),
)
for (const [name, costs] of changed) {
  const figures = Object.entries(costs).map(([n, cost]) => `${before.gas[name]?.[n] ?? '–'} → ${cost}`)
  console.log(`${name}:  ${figures.join('  ')}`)
}
console.log(`${Object.keys(gas).length} cases at n = ${SIZES.join(', ')}, ${changed.length} of them changed`)
