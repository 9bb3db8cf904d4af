import type { Core, Cores } from './core.ts'
import { ROUNDS } from './world.ts'

/** CONFIRMs by round and value, as they are named. */
const CONFIRMS = Array.from({ length: ROUNDS }, (_, round) => round).flatMap((round) =>
  ['A', 'B', 'C'].map((value) => ({ value, name: `c${round}${value}` })),
)

/** What is wrong with a state, by rules that owe nothing to the program under check; null if it is sound. */
export function judge(all: Cores, cores: readonly Core[]): string | null {
  for (const { faults } of cores) if (faults[0] !== undefined) return faults[0]
  const settled = new Set<string>()
  for (const core of cores) if (core.settled !== null) settled.add(core.settled)
  for (const { value, name } of CONFIRMS) if (isCertified(all, cores, name)) settled.add(value)
  return settled.size > 1
    ? `two values are decided, or can be proved decided: ${[...settled].join(', ')}`
    : null
}

/** Whether the liar can complete these CONFIRMs to three of four. */
function isCertified(all: Cores, cores: readonly Core[], name: string): boolean {
  const bit = all.bitNamed(name)
  let signers = 1
  for (const { signed } of cores) if ((signed & bit) !== 0) signers += 1
  return signers >= 3
}
