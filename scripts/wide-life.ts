/**
 * A whole life of a cluster on the real contracts for each number of members: sign-up, drawing, heights, convictions E1 to
 * E4, claims of all, release, audit. Says how long each part took, and its gas. Ends with exit 1 if a sum is not right to the
 * wei or the auditor finds anything.
 *
 *   node scripts/wide-life.ts 64 128
 */
import { integerArgument } from '../src/cli/run-script.ts'
import { checkWideLife } from '../test/helpers/wide-check.ts'
import { liveWide } from '../test/helpers/wide-life.ts'

for (const text of process.argv.slice(2)) {
  const seats = integerArgument('seats', text, 8, 128)
  const startedMs = performance.now()
  const life = await liveWide(seats, (line) => console.log(`  ${line}`))
  checkWideLife(life, seats)
  const gas = Object.entries(life.gas).map(([what, used]) => `${what} ${used}`)
  console.log(
    `${seats} members: ${Math.round((performance.now() - startedMs) / 1_000)} s; gas: ${gas.join(', ')}`,
  )
}
