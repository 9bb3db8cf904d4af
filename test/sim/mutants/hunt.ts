/**
 * How many seeds it takes until a broken engine is seen.
 *
 *   ./rsdp --script test/sim/mutants/hunt.ts all 200
 *   ./rsdp --script test/sim/mutants/hunt.ts noLock 400 '{"nodes":4,"heights":16}'
 */
import { cryptoFor } from '../../../src/cli/commands/sim-crypto.ts'
import type { ScenarioOptions } from '../../../src/sim/scenario.ts'
import { hunt } from './load.ts'
import type { Mutant } from './load.ts'
import { MUTANTS } from './mutants.ts'

const [wanted = 'all', seeds = '200', options = '{}'] = process.argv.slice(2)
cryptoFor(1)
for (const [name, mutant] of Object.entries<Mutant>(MUTANTS)) {
  if (wanted !== 'all' && wanted !== name) continue
  const found = await hunt(
    mutant,
    { heights: 8, ...(JSON.parse(options) as Partial<ScenarioOptions>) },
    Number(seeds),
  )
  console.log(
    `${name}: ${found.seeds === null ? `not in ${seeds} seeds` : `${found.seeds} seeds, ${found.kind}: ${found.detail}`}`,
  )
}
