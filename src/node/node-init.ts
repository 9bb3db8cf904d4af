import type { HeightBodies } from '../ports/body-source.ts'
import type { Bundles } from '../ports/bundles.ts'
import type { Chain } from '../ports/chain.ts'
import type { Clock } from '../ports/clock.ts'
import type { Freezes } from '../ports/freezes.ts'
import type { Keyring, RecoverSigner } from '../ports/keyring.ts'
import type { Logger } from '../ports/logger.ts'
import type { ReducerRunner } from '../ports/reducer-runner.ts'
import type { DecidedState, StateSource } from '../ports/state-source.ts'
import type { Store } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import type { StockTwins } from '../policy/offer.ts'
import type { Policy } from '../policy/policy.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Address, MemberIndex } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'
import type { TaskSeat } from './faults.ts'

/** What the application has to know to bring its state to a task. */
export interface SourceRequest {
  readonly taskId: bigint
  /** `name@version`, or the id of a bundle. */
  readonly reducer: string
  readonly params: TaskParams
  /** Contract that publishes the task as one of a line; null: the task is none of a line. */
  readonly line: Address | null
  readonly self: MemberIndex
  readonly members: number
  /** Heights decided before a restart, ascending from 1: not to be held on to, for a task may have tens of thousands. */
  readonly decided: readonly DecidedState[]
  /** Decided heights from one on, ascending, at most `count`: read anew. Throws once the node has stopped. */
  readonly statesFrom: (height: number, count: number) => readonly DecidedState[]
  readonly cluster: Cluster
  /** Listed states of a decided height. */
  readonly inputsAt: (height: number) => NonNullable<DecidedState['inputs']>
  /** What was decided at a height, for who audits it; null before that. */
  readonly bodiesAt: (height: number) => HeightBodies | null
  /** Asks for the next height at once, where the task opens heights on demand; may be called at any time. */
  readonly wish: () => void
}

export interface NodeInit {
  readonly keyring: Keyring
  readonly recover: RecoverSigner
  readonly store: Store
  readonly chain: Chain
  readonly transport: Transport
  readonly runner: ReducerRunner
  readonly clock: Clock
  readonly logger: Logger
  /** The application's state for a task, or null if it has none for this reducer: the node then does not sign up. */
  readonly sourceFor: (request: SourceRequest) => StateSource | null
  /** A task of a line was drawn without this node, which was a member of one before. */
  readonly onDrawnElsewhere?: (line: Address, taskId: bigint, predecessor: bigint) => void
  /** Reducers for which this node signs up: `name@version`, or ids of its bundles. */
  readonly reducers: readonly string[]
  /** Reducers of others that this node has. */
  readonly bundles?: Bundles
  /** In which tasks it votes NIL; absent: a restart forgets it. */
  readonly freezes?: Freezes
  /** Sign up for published tasks by itself. */
  readonly autoJoin: boolean
  /** When it does. */
  readonly policy: Policy
  readonly stockTwins: StockTwins
  /** Pause between two looks at the chain. */
  readonly pollMs: number
  /** A fault that must end the process. Called once. */
  readonly onFatal: (error: unknown) => void
  /** Signs past its store, on purpose. */
  readonly isFaulty?: boolean
  /** Drawn for a task; called before anything is sent for it. */
  readonly onSeated?: (seat: TaskSeat) => void
}
