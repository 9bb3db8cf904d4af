/** What every call costs and every proof takes, measured, and as it was measured last. */
import { readFileSync } from 'node:fs'
import { network } from 'hardhat'
import { bundleCosts } from './cost-bundles.ts'
import { checkpointCosts } from './cost-checkpoints.ts'
import { largestDrawing, registryCosts, taskCosts } from './cost-calls.ts'
import type { Penalty } from './cost-proofs.ts'
import type { Costs } from './cost-of.ts'
import { undone } from './cost-of.ts'
import { lineCosts } from './cost-lines.ts'
import { historyCosts, penaltiesOf, proofCosts, timeSlotsCost } from './cost-proofs.ts'
import { deployWorld, registeredMany } from './world.ts'

/** What `npm run gas` measured last: test/vectors/gas.json. */
export interface Snapshot {
  /** Case → members of the cluster → gas, to the nearest hundred. */
  readonly gas: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** What is proven → what it costs the convicted. */
  readonly penalties: Readonly<Record<string, Penalty>>
}

export const SIZES = [4, 7, 13, 31, 64, 100, 128]
export const SNAPSHOT = new URL('../vectors/gas.json', import.meta.url)

export const readSnapshot = (): Snapshot => JSON.parse(readFileSync(SNAPSHOT, 'utf8')) as Snapshot

/** Every external function that somebody outside may call, on a chain of its own with n operators of one key each. */
export async function costsAt(n: number): Promise<Costs> {
  const w = await deployWorld(await network.create())
  const actors = await registeredMany(w, n)
  const costs: Costs[] = []
  for (const measure of [
    registryCosts,
    taskCosts,
    checkpointCosts,
    proofCosts,
    historyCosts,
    timeSlotsCost,
    largestDrawing,
    bundleCosts,
    lineCosts,
  ]) {
    costs.push(await undone(w, () => measure(w, actors)))
  }
  return Object.assign({}, ...costs) as Costs
}

/** Percent of the lock, and what happens to the key, of everything that can be proven; in a cluster of four. */
export async function penalties(): Promise<Readonly<Record<string, Penalty>>> {
  const w = await deployWorld(await network.create())
  return penaltiesOf(w, await registeredMany(w, 4))
}
