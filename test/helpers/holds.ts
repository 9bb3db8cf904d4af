import fc from 'fast-check'

/** The same cases at each run, unless RSDP_SEED says otherwise; a failure prints the seed and the shrunk case. */
const SEED = Number(process.env['RSDP_SEED'] ?? 20261121)

/** Cases of each property; a campaign asks for more than a test run needs. */
const RUNS = process.env['RSDP_RUNS']

/** Checks a property over many random cases. */
export function holds<T extends unknown[]>(property: fc.IProperty<T>, runs = 200): void {
  fc.assert(property, { seed: SEED, numRuns: RUNS === undefined ? runs : Number(RUNS) })
}

/** The same for a property that waits. */
export async function holdsAsync<T extends unknown[]>(
  property: fc.IAsyncProperty<T>,
  runs = 200,
): Promise<void> {
  await fc.assert(property, { seed: SEED, numRuns: RUNS === undefined ? runs : Number(RUNS) })
}
