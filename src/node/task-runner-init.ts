import type { Domain } from '../codec/objects.ts'
import type { BundleRunner } from '../ports/bundles.ts'
import type { Chain } from '../ports/chain.ts'
import type { Freezes } from '../ports/freezes.ts'
import type { Keyring, RecoverSigner } from '../ports/keyring.ts'
import type { Logger } from '../ports/logger.ts'
import type { ReducerRunner } from '../ports/reducer-runner.ts'
import type { StateSource } from '../ports/state-source.ts'
import type { Store } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import type { Memory } from '../protocol/standing.ts'
import type { CheckpointBox } from '../protocol/state.ts'
import type { Cluster } from '../types/cluster.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'

/** What one running task needs of the node around it. */
export interface TaskRunnerInit {
  readonly taskId: bigint
  readonly cluster: Cluster
  readonly self: MemberIndex
  readonly params: TaskParams
  /** Id of the reducer: `name@version`, or that of a bundle. */
  readonly reducer: string
  /** The reducer is a bundle: this runs it, and judges inputs. */
  readonly sandbox?: BundleRunner | undefined
  readonly domain: Domain
  readonly keyring: Keyring
  readonly recover: RecoverSigner
  readonly store: Store
  readonly transport: Transport
  readonly runner: ReducerRunner
  /** Where the reducer's twin can be asked. */
  readonly chain: Pick<Chain, 'twinAggregate' | 'checkpointSent'>
  readonly source: StateSource
  readonly freezes?: Freezes | undefined
  readonly logger: Logger
  /** A checkpoint has signatures of quorum weight. */
  readonly onCertified: (checkpoint: CheckpointBox) => void
  /** What the store has of what the key signed in this task, as far as the store can tell. */
  readonly memory: Memory
  /** Signs past its store, on purpose: what others hold of it is no surprise. */
  readonly isFaulty: boolean
  /** Evidence is on disk that was not there before. */
  readonly onEvidence: () => void
  /** A fault of our own or of the disk: the node must stop before it signs anything else. */
  readonly onFatal: (error: unknown) => void
}
