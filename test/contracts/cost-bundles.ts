/** Gas of the bundle store's calls: a bundle of usual length, the longest of one data contract, the longest of all. */
import { hexlify, keccak256 } from 'ethers'
import type { Costs } from './cost-of.ts'
import { aside, gasOf } from './cost-of.ts'
import type { World } from './world.ts'

const USUAL = 11_000
const FULL = 24_575
const PARTS = [1, 2, 3, 4]

/** No byte is zero: those cost more. */
const bytesOf = (length: number, seed: number): string =>
  hexlify(Uint8Array.from({ length }, (_, i) => 1 + ((i * 31 + seed) % 255)))

export async function bundleCosts(w: World): Promise<Costs> {
  const store = w.bundles.connect(w.client)
  const usual = bytesOf(USUAL, 1)
  const first = await gasOf(store.publish(usual))
  const again = await aside(w, () => w.bundles.connect(w.mallory).publish(usual))
  const parts = PARTS.map((seed) => bytesOf(FULL, seed))
  const longest = await aside(w, () => store.publish(parts[0]!))
  for (const part of parts) await store.publish(part)
  const ids = parts.map((part) => keccak256(part))
  return {
    'publish, a bundle of 11,000 bytes': first,
    'publish, a bundle of 11,000 bytes that is here': again,
    'publish, a bundle of 24,575 bytes': longest,
    'publishParts, four of 24,575 bytes': await gasOf(store.publishParts(ids)),
  }
}
