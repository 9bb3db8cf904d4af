import type { ServeAddress } from './flags.ts'
import type { CautionOptions, FeeOptions, OnDataDirOptions, StakeOptions, WalletOptions } from './options.ts'

/** Options of the commands that run a node, prepare it, ask it and give it orders, after parsing. */
export interface NodeRunOptions extends FeeOptions {
  readonly dataDir: string
  readonly keyFile?: string
  readonly passwordFile?: string
  /** `libp2p`, or the URL of a broker. */
  readonly transport: string
  readonly listen: readonly string[]
  readonly apiPort: number
  /** Of metrics alone; absent: the API serves them. */
  readonly metricsPort?: number
  /** Where clients from anywhere reach the gateways of this node; absent: nowhere. */
  readonly serve?: ServeAddress
  /** Of the dashboard; absent: none is served. */
  readonly uiPort?: number
  /** Endpoint that the dashboard asks; absent: the node's first. */
  readonly uiRpcUrl?: string
  /** File that says where the node stands and what it has for services. */
  readonly host?: string
  /** Reducers whose states come over the API. */
  readonly feed?: readonly string[]
  readonly join: boolean
  /** Absent: policy.json of the data directory, or the default. */
  readonly policy?: string
  readonly pollMs: number
  readonly fault?: string
  /** File of links that are slow or cut, on a local chain only. */
  readonly links?: string
  /** Absent: the provider of the demo is replayed from the decided states, on a local chain. */
  readonly provider?: string
  /** Folders of applications. */
  readonly app?: readonly string[]
  /** Folders of bundles. */
  readonly bundles?: readonly string[]
  /** URL below which bundles lie under their ids. */
  readonly bundleMirror?: string
  readonly rpcUrl: string
  readonly deployment: string
}
export interface NodeStatusOptions extends OnDataDirOptions {
  /** Seconds; absent: as it is now. */
  readonly wait?: number
}
export interface WatchOptions extends OnDataDirOptions {
  /** Seconds. */
  readonly every: number
}
export interface NodeInitOptions extends OnDataDirOptions {
  readonly passwordFile?: string
}
export interface NodeRegisterOptions extends StakeOptions {
  readonly dataDir: string
  readonly nodePasswordFile?: string
  readonly stake?: string
  readonly allowPerTask?: string
  readonly allowTotal?: string
  readonly announce: readonly string[]
}
export interface NodeUpdateOptions extends WalletOptions, CautionOptions {
  readonly announce: readonly string[]
}
export interface NodeRotateOptions extends NodeUpdateOptions {
  /** Of the new key. */
  readonly dataDir: string
  readonly nodePasswordFile?: string
}
export interface NodeFreezeOptions extends WalletOptions, CautionOptions {}
export interface NodeStopOptions extends OnDataDirOptions {
  readonly timeout: number
}
export interface NodeLeaveOptions extends OnDataDirOptions {
  readonly yes: boolean
}
export interface NodeTrustStoreOptions extends OnDataDirOptions {
  readonly yes: boolean
  readonly stakeAtRisk: boolean
}
export interface NodePrivateOptions {
  readonly dataDir: string
  readonly listen: readonly string[]
}
export interface NodeSystemdOptions extends OnDataDirOptions {
  readonly deployment: string
  readonly user: string
  readonly passwordFile?: string
  /** Of the unit; absent: `/etc/rsdp/NAME.env`. */
  readonly envFile?: string
}
