import type { Protocol } from '../types/transaction.ts'
import type { PriceOptions } from './task-prices.ts'

/** Options as the command line gives them, after parsing. */
import type { Verb } from '../types/gateway.ts'

export interface ChainOptions {
  /** One endpoint, or several separated by spaces. */
  readonly rpcUrl: string
  readonly deployment: string
  readonly json: boolean
}
export interface AuditOptions extends ChainOptions {
  readonly board: boolean
  /** Ranges of task numbers. */
  readonly tasks?: string
  readonly all: boolean
  /** A range of heights. */
  readonly heights?: string
  /** Files to write. */
  readonly csv?: string
  readonly html?: string
  /** Prove that no log was left out, invented or changed. */
  readonly complete: boolean
  /** Hash of a block up to which is audited; absent: a second endpoint confirms one. */
  readonly head?: string
  /** Every checkpoint, member and payment. */
  readonly full: boolean
  /** Amounts in the token's smallest unit. */
  readonly wei: boolean
  readonly bundles?: readonly string[]
  /** URL below which bundles lie under their ids. */
  readonly bundleMirror?: string
  /** Who keeps inputs that are not on chain. */
  readonly bodies?: readonly string[]
  /** Folder for those that were found. */
  readonly keepBodies?: string
}
export interface AuditFollowOptions extends ChainOptions {
  readonly bodies?: readonly string[]
  readonly bundles?: readonly string[]
  /** URL below which bundles lie under their ids. */
  readonly bundleMirror?: string
  readonly pollMs: number
  /** Seconds; absent: until the task ends. */
  readonly timeout?: number
  /** Go on after a lie. */
  readonly keepGoing: boolean
  readonly webhook?: string
  readonly metricsPort?: number
}
export interface FeeOptions {
  /** Most that a unit of gas may cost; absent: 500. */
  readonly maxFeeGwei?: number
}
export interface WalletOptions extends ChainOptions, FeeOptions {
  readonly keyFile?: string
  readonly passwordFile?: string
}
/** Of commands that move money or cannot be undone. */
export interface CautionOptions {
  readonly yes: boolean
  readonly dryRun: boolean
}
export interface StakeOptions extends WalletOptions, CautionOptions {}
export interface FundOptions extends WalletOptions, CautionOptions {}
export interface StakeStatusOptions extends WalletOptions {
  readonly operator?: string
}
export interface AccountOptions extends WalletOptions, CautionOptions {}
export interface KeysOptions {
  readonly keysDir: string
  readonly passwordFile?: string
  readonly json: boolean
}
export interface KeysImportOptions extends KeysOptions {
  readonly keyFile: string
  /** Absent: the new key file has the password of the old one. */
  readonly newPasswordFile?: string
}
export interface DemoOptions {
  readonly nodes: number
  readonly heights: number
  readonly factor: number
  /** False: no node lies. */
  readonly liar: boolean
  /** With the dashboard; the network then stays up until it is interrupted. */
  readonly ui: boolean
  /** Port of the dashboard; 0 picks a free one. */
  readonly uiPort: number
  readonly dataDir?: string
  readonly json: boolean
}
export interface DevOptions {
  /** `libp2p`, or the URL of a broker. */
  readonly transport: string
  readonly nodes: number
  readonly port: number
  readonly blockMs: number
  readonly dataDir: string
  readonly deployment: string
  readonly profile: 'bft' | 'paper'
  /** False: a private cluster, in profile `paper`. */
  readonly chain: boolean
  readonly selection: 'popular' | 'weighted' | 'merge'
  readonly schedule: string
  readonly app?: string
  readonly feed?: readonly string[]
  /** Port of the dashboard; 0 picks a free one. */
  readonly uiPort: number
  /** False: no dashboard. */
  readonly ui: boolean
  /** How the last node misbehaves, as `node run --fault` takes it. */
  readonly fault?: string
  readonly json: boolean
}
export interface PageOptions {
  readonly out?: string
  /** Write the hashes into the deployment file. */
  readonly pin: boolean
  readonly deployment: string
  readonly json: boolean
}
export interface VerifyPageOptions {
  readonly own: boolean
  readonly deployment: string
  readonly json: boolean
}
export interface DeployCommandOptions extends WalletOptions {
  readonly token?: string
  readonly bountyWei?: string
}
export interface OnDataDirOptions {
  readonly dataDir: string
  readonly json: boolean
}
export interface DoctorOptions extends ChainOptions {
  readonly dataDir?: string
  readonly keyFile?: string
  readonly listen: readonly string[]
}
export interface TaskPublishOptions extends WalletOptions, CautionOptions, PriceOptions {
  readonly nodes: number
  readonly heights: number
  /** Absent: as many as fit. */
  readonly epoch?: number
  readonly factor: number
  /** Absent: enough for every node to see the task. */
  readonly joinBlocks?: number
  /** Absent: what suits the deployment's windows; only where it counts seconds. */
  readonly joinSeconds?: number
  readonly endSeconds?: number
  readonly stallSeconds?: number
  /** Folder of an application; absent: the demo’s task. */
  readonly app?: string
  /** A stock reducer instead. */
  readonly reducer?: string
  /** Follow it to its end. */
  readonly watch: boolean
  /** JSON or hex; absent: those of the application's example. */
  readonly params?: string
  /** With the twin of the reducer. */
  readonly provable: boolean
}
/** A task for every turn of a line, without what belongs to one task alone. */
export interface LineOpenOptions extends WalletOptions, CautionOptions, PriceOptions {
  readonly app?: string
  readonly reducer?: string
  readonly params?: string
  readonly provable: boolean
  readonly nodes: number
  readonly heights: number
  /** Absent: as many as fit. */
  readonly epoch?: number
  readonly factor: number
  readonly joinBlocks?: number
  readonly joinSeconds?: number
  readonly endBlocks?: number
  readonly endSeconds?: number
  readonly stallSeconds?: number
  readonly beforeBlocks?: number
  readonly beforeSeconds?: number
  readonly beforeHeights?: number
  readonly paceBlocks?: number
  readonly paceSeconds?: number
  readonly fee?: string
  readonly budget?: string
}
export interface LineKeepOptions extends WalletOptions, CautionOptions {
  /** Seconds. */
  readonly every: number
  readonly paidOnly: boolean
}
/** Of commands to a machine of a task, at a node on this machine. */
export interface MachineOptions extends OnDataDirOptions {
  /** Absent: the newest of the kind. */
  readonly task?: string
}
export interface KvOptions extends MachineOptions {
  readonly ifVersion?: number
}
export interface KvWatchOptions extends MachineOptions {
  readonly after: number
}
export interface StoreWatchOptions extends MachineOptions {
  readonly key?: string
  readonly after?: number
}
export interface TxRunOptions extends MachineOptions {
  readonly put: readonly string[]
  readonly delete: readonly string[]
  readonly if: readonly string[]
  readonly protocol: Protocol
  /** Seconds. */
  readonly timeout: number
}
export interface ServiceUnlockOptions extends MachineOptions {
  readonly tx: number
}
export interface ServiceLockOptions extends ServiceUnlockOptions {
  readonly read: boolean
  readonly work: number
  readonly priority: number
  /** Seconds. */
  readonly wait: number
}
export interface StorePurgeOptions extends MachineOptions {
  readonly force: boolean
}
export interface ClaimOptions extends MachineOptions {
  /** Absent in `read`. */
  readonly as?: string
  /** Seconds; of `acquire` and `campaign`. */
  readonly ttl?: number
}
export interface WorkOptions extends MachineOptions {
  readonly as?: string
  /** Seconds; of `claim` and `renew`. */
  readonly ttl?: number
  /** Digits, up to 128 bits; of `renew`, `done` and `fail`. */
  readonly token?: string
  readonly tries?: number
  readonly body?: string
  readonly output?: string
}
export interface AppOptions {
  readonly json: boolean
}
export interface AppNewOptions extends AppOptions {
  /** With a Solidity twin of its reducer. */
  readonly twin: boolean
}
export interface AppTestOptions extends AppOptions {
  /** In which bundle and twin are compared. */
  readonly cases: number
}
export interface AppPublishOptions extends WalletOptions, CautionOptions {}
export interface DiffOptions extends OnDataDirOptions {
  /** Folder of the application whose states are to be read. */
  readonly app?: string
}
export interface AppReplayOptions extends ChainOptions {
  /** Who keeps inputs that are not on chain. */
  readonly bodies?: readonly string[]
  /** File; absent: the task's own bundle. */
  readonly bundle?: string
  readonly params?: string
  /** Folders in which the task's own bundle may be. */
  readonly bundles?: readonly string[]
  /** URL below which bundles lie under their ids. */
  readonly bundleMirror?: string
}
export interface ReducerOptions extends ChainOptions {
  readonly bundles?: readonly string[]
  /** URL below which bundles lie under their ids. */
  readonly bundleMirror?: string
}
export interface ReducerRunOptions extends ReducerOptions {
  readonly params: string
  readonly inputs: readonly string[]
}
export interface PolicyOptions {
  readonly dataDir?: string
  readonly policy?: string
  readonly deployment: string
  readonly json: boolean
}
export interface PolicyCheckOptions extends ChainOptions {
  readonly dataDir: string
  readonly keyFile?: string
  readonly policy?: string
}
export interface PermitOptions extends TaskSendOptions {
  readonly verbs: readonly Verb[]
  readonly perSecond: number
}
/** At gateways, with a key of the client’s own. */
export interface GatewayOptions {
  readonly url: readonly string[]
  readonly task: string
  readonly keyFile: string
  readonly passwordFile?: string
  /** Seconds. */
  readonly patience: number
  readonly priority: number
  readonly json: boolean
}
export interface GatewayWriteOptions extends GatewayOptions {
  readonly ifVersion?: number
}
export interface TaskSendOptions extends WalletOptions, CautionOptions {}
export interface TaskResultOptions extends ChainOptions {
  /** Folder of the application whose states are to be read. */
  readonly app?: string
}
export interface TaskWatchOptions extends ChainOptions {
  readonly timeout: number
}
export interface EvidenceShowOptions extends ChainOptions {
  readonly out?: string
}
export interface SimOptions {
  readonly seeds: string
  readonly seed?: number
  readonly workers: number
  readonly heights: number
  readonly nodes?: number
  readonly liar?: string
  readonly liars?: string
  /** Folder of an application; absent: the demo’s task. */
  readonly app?: string
  readonly reorgs?: boolean
  readonly absence?: boolean
  readonly trace: boolean
  readonly json: boolean
}
export interface SignedOptions extends OnDataDirOptions {
  readonly deployment: string
}
export interface SignedExportOptions extends SignedOptions {
  readonly out: string
  /** The store goes on signing: the file is then not the last word. */
  readonly keep: boolean
  readonly yes: boolean
}
export interface BackupCreateOptions extends SignedOptions {
  readonly out: string
}
export interface BackupVerifyOptions {
  readonly json: boolean
}
export interface LearnTrainOptions {
  /** Folder for the models; absent: they are not written. */
  readonly out?: string
  readonly split: string
  readonly json: boolean
}
export interface LearnEvaluateOptions {
  readonly part: string
  readonly split: string
  readonly board: string
  readonly json: boolean
}
export interface LearnExplainOptions {
  readonly hash: string
  /** From 1; absent: the last. */
  readonly row?: number
  readonly json: boolean
}
export interface LabRunOptions {
  readonly seeds?: string
  readonly workers: number
  readonly out?: string
  readonly json: boolean
}
export interface LabAdviseOptions {
  readonly trace?: string
  readonly seeds?: number
  readonly workers: number
  readonly out?: string
  readonly json: boolean
}
export interface LabReportOptions {
  readonly dir: string
  readonly out?: string
  readonly html?: string
  readonly json: boolean
}
export interface LabListOptions {
  readonly dir: string
  readonly json: boolean
}
