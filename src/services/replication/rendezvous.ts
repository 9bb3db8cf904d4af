import { concatHex, keccak, uint } from '../../codec/hex.ts'
import type { Hex } from '../../types/ids.ts'

/**
 * The services that hold a key, best first: highest keccak(key ‖ number) (rendezvous hashing, Thaler and Ravishankar, 1998).
 * When a service comes or goes only the keys move that it gets or had: 1/n of them.
 *
 * @param key as a client names it
 * @param services numbers of the stores that share the keys, in any order
 * @param count how many hold each key
 */
export function holdersOf(key: Hex, services: readonly number[], count = 1): number[] {
  return services
    .map((service) => ({ service, rank: keccak(concatHex(keccak(key), `0x${uint(service, 2)}`)) }))
    .sort((a, b) => (a.rank > b.rank ? -1 : 1))
    .slice(0, count)
    .map(({ service }) => service)
}
