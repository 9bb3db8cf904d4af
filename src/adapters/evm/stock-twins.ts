import { keccak } from '../../codec/hex.ts'
import type { Digest } from '../../types/ids.ts'
import { readArtifact } from './artifact.ts'

const TWINS = {
  'rate-limit@1': 'RateLimitTwin',
  'time-slots@1': 'TimeSlotsTwin',
  'popular-value@1': 'PopularValueTwin',
  'median@1': 'MedianTwin',
  'weighted-vote@1': 'WeightedVoteTwin',
} as const

/**
 * Id of the reducer of each twin that this package comes with, by the code hash that it has wherever it is deployed: no
 * twin has a constructor, so nothing is written into its code.
 *
 * @throws RsdpError E_NO_ARTIFACTS
 */
export function stockTwins(): ReadonlyMap<Digest, string> {
  return new Map(
    Object.entries(TWINS).map(([reducer, name]) => [
      keccak(readArtifact(`reducers/${name}.sol/${name}`).deployedBytecode),
      reducer,
    ]),
  )
}
