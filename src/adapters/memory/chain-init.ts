import type { Domain } from '../../codec/objects.ts'
import type { RecoverSigner } from '../../ports/keyring.ts'
import type { TwinModel } from './judge-evidence.ts'
import type { TimeWindows } from './task-status.ts'

/** What a chain in memory is made with. */
export interface MemoryChainInit {
  readonly domain: Domain
  readonly reorgDepth: number
  /** Blocks for which a revoked task still accepts heights. */
  readonly closeGrace: number
  /** Time of the next block, unix seconds. Absent: blocks alone count. */
  readonly clock?: () => number
  /** Absent: proofs are taken for ever. */
  readonly windows?: TimeWindows
  readonly recover: RecoverSigner
  /** Absent: wrong reductions get no verdict. */
  readonly twin?: TwinModel
}
