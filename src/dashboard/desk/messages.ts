import type { TokenUnit } from '../../audit/tokens.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import type { LogRow } from './log-rows.ts'

/** What the page asks its audit worker, and what that answers: plain data. */
export interface DeskCalls {
  /** Opens a deployment over an endpoint. */
  readonly open: { readonly ask: OpenAsk; readonly answer: OpenAnswer }
  /** How many tasks there are, and all stakes, at the present block. */
  readonly look: { readonly ask: null; readonly answer: LookAnswer }
  readonly audit: { readonly ask: AuditAsk; readonly answer: AuditAnswer }
  /** What a proof that no log is left out would read. */
  readonly weigh: {
    readonly ask: null
    readonly answer: { readonly headers: number; readonly bytes: number }
  }
  /** States as their reducer reads them. */
  readonly decode: {
    readonly ask: { readonly reducer: string; readonly states: readonly Hex[] }
    readonly answer: readonly DecodedState[]
  }
}
export type DeskCall = keyof DeskCalls

export interface OpenAsk {
  readonly rpcUrl: string
  /** Text of the deployment file. */
  readonly deployment: string
}

export interface OpenAnswer {
  readonly chainId: string
  readonly deploymentId: Digest
  /** Of the stake token; null: it does not say, and amounts are wei. */
  readonly unit: TokenUnit | null
}

export interface StakeRow {
  readonly operator: string
  /** Token wei, decimal. */
  readonly free: string
  readonly locked: string
  readonly unbonding: string
}

export interface LookAnswer {
  readonly block: number
  readonly tasks: number
  readonly stakes: readonly StakeRow[]
}

/** The objects of a conviction side by side. */
export interface ExplainedSlash {
  readonly transaction: string
  readonly member: number
  readonly isProved: boolean
  readonly because: string
  readonly objects: readonly {
    readonly field: string
    readonly values: readonly string[]
    readonly differ: boolean
  }[]
}

export interface AuditAsk {
  readonly task: string
  /** Who vouches for a head, if the logs are to be proved: whoever pinned its hash, or another endpoint. Null: no proof. */
  readonly vouched: { readonly head: Digest } | { readonly rpcUrl: string } | null
}

export interface AuditAnswer {
  readonly block: number
  /** `data` of `rsdp audit --json`, with `--complete` if somebody vouches for a head: the same bytes. */
  readonly json: string
  readonly slashes: readonly ExplainedSlash[]
  /** All logs that were read, in the order of the chain. */
  readonly log: readonly LogRow[]
  /** Heights per checkpoint; null before the task is found right. */
  readonly epochHeights: number | null
}

export interface DecodedState {
  readonly hash: Digest
  /** By the reducer's own description; null if it is not at hand, or does not read these bytes. */
  readonly fields: readonly (readonly [path: string, value: string])[] | null
}

/** A request with its number, and the answer with the same. */
export interface DeskRequest {
  readonly id: number
  readonly call: DeskCall
  readonly ask: unknown
}

export type DeskReply =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | {
      readonly id: number
      readonly ok: false
      readonly code: string
      readonly message: string
      readonly hint: string
    }
