import type { CallName, ContractName, EventName } from '../ports/history-events.ts'
import type { StepKind } from './report.ts'

/** Where the same fact stands in an event and in the call that emits it. */
export interface Pairing {
  readonly step: StepKind
  /** Contracts that are called; they need not be the one that emits. */
  readonly contracts: readonly ContractName[]
  /** Per call: event argument → call argument. */
  readonly calls: Partial<Record<CallName, Readonly<Record<string, string>>>>
  /** Event argument that is the sender of the transaction. */
  readonly sender: string | null
}

const same = (...names: string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, name]))

/** Every kind of proof names whom it accuses in the same way; what it proves is judged apart. */
const accusing = (...names: string[]): Pairing['calls'] => ({
  equivocation: same(...names),
  amnesia: same(...names),
  illegalLog: same(...names),
  forkedLog: same(...names),
  unjustifiedVote: same(...names),
  wrongReduction: same(...names),
  wrongCheckpoint: same(...names),
  twoParents: same(...names),
})

export const PAIRINGS: { readonly [N in EventName]: Pairing } = {
  WalletSet: {
    step: 'cluster',
    contracts: ['NodeRegistry'],
    calls: { register: same(), addStake: same(), acceptAccount: same('operator') },
    sender: 'wallet',
  },
  AccountOffered: {
    step: 'cluster',
    contracts: ['NodeRegistry'],
    calls: { offerAccount: { wallet: 'newWallet' } },
    sender: null,
  },
  PayoutSet: {
    step: 'cluster',
    contracts: ['NodeRegistry'],
    calls: { setPayout: same('payout') },
    sender: null,
  },
  KeyRegistered: {
    step: 'cluster',
    contracts: ['NodeRegistry'],
    calls: { register: same('publicKey'), rotateKey: same('publicKey') },
    sender: null,
  },
  KeyRotated: {
    step: 'cluster',
    contracts: ['NodeRegistry'],
    calls: { rotateKey: { oldKey: 'key' } },
    sender: null,
  },
  KeyFrozen: {
    step: 'cluster',
    contracts: ['NodeRegistry'],
    calls: { freeze: same('key') },
    sender: null,
  },
  Jailed: { step: 'cluster', contracts: ['Slasher'], calls: accusing(), sender: null },
  StakeLocked: {
    step: 'cluster',
    contracts: ['TaskBoard'],
    calls: { join: same('taskId', 'key') },
    sender: null,
  },
  StakeUnlocked: {
    step: 'money',
    contracts: ['TaskBoard'],
    calls: { quit: same('taskId', 'key'), release: same('taskId', 'key') },
    sender: null,
  },
  TaskPublished: {
    step: 'task',
    contracts: ['TaskBoard'],
    calls: { publish: same('params') },
    sender: 'client',
  },
  Joined: { step: 'cluster', contracts: ['TaskBoard'], calls: { join: same('taskId', 'key') }, sender: null },
  Left: { step: 'cluster', contracts: ['TaskBoard'], calls: { quit: same('taskId', 'key') }, sender: null },
  ClusterFormed: { step: 'cluster', contracts: ['TaskBoard'], calls: { form: same('taskId') }, sender: null },
  FormFeeEarned: { step: 'money', contracts: ['TaskBoard'], calls: { form: same('taskId') }, sender: null },
  FormFeePaid: { step: 'money', contracts: ['TaskBoard'], calls: { claim: same('taskId') }, sender: null },
  TaskRevoked: { step: 'end', contracts: ['TaskBoard'], calls: { revoke: same('taskId') }, sender: null },
  Claimed: {
    step: 'money',
    contracts: ['TaskBoard'],
    calls: { claim: same('taskId') },
    sender: null,
  },
  Refunded: {
    step: 'money',
    contracts: ['TaskBoard'],
    calls: { claim: same('taskId') },
    sender: 'client',
  },
  Burnt: { step: 'money', contracts: ['TaskBoard'], calls: { claim: same('taskId') }, sender: null },
  Released: {
    step: 'money',
    contracts: ['TaskBoard'],
    calls: { release: same('taskId', 'key') },
    sender: null,
  },
  LedgerEvent: {
    step: 'events',
    contracts: ['TaskBoard'],
    calls: { postEvent: same('taskId', 'data') },
    sender: 'originator',
  },
  SystemEntry: {
    step: 'events',
    contracts: ['Slasher'],
    calls: accusing('taskId'),
    sender: null,
  },
  Checkpointed: {
    step: 'checkpoint',
    contracts: ['PhaseLog'],
    calls: {
      checkpoint: same(
        'taskId',
        'first',
        'bitmap',
        'sharedSeq',
        'sharedHead',
        'batch',
        'exceptions',
        'notes',
        'inputs',
      ),
    },
    sender: 'submitter',
  },
  Republished: {
    step: 'checkpoint',
    contracts: ['PhaseLog'],
    calls: { republish: same('taskId', 'height', 'hints', 'notes') },
    sender: null,
  },
  TaskFinalized: {
    step: 'result',
    contracts: ['TaskBoard'],
    calls: { finalize: same('taskId', 'result') },
    sender: null,
  },
  Convicted: {
    step: 'penalty',
    contracts: ['Slasher'],
    calls: accusing('taskId', 'member'),
    sender: 'reporter',
  },
  Penalised: {
    step: 'penalty',
    contracts: ['Slasher', 'TaskBoard'],
    calls: { ...accusing(), release: same('taskId', 'key') },
    sender: null,
  },
  StakeSlashed: {
    step: 'penalty',
    contracts: ['Slasher', 'TaskBoard'],
    calls: { ...accusing(), release: same(), quit: same('taskId', 'key') },
    sender: null,
  },
  LogOpened: {
    step: 'penalty',
    contracts: ['Slasher'],
    calls: { openLog: same('taskId', 'member') },
    sender: null,
  },
  Refuted: {
    step: 'result',
    contracts: ['Slasher'],
    calls: { refute: same('taskId') },
    sender: null,
  },
}

/** Arguments that a check recomputes where no event repeats them: signatures by recovery, roots by folding, terms by hashing. */
export const RECOMPUTED_ARGS: ReadonlySet<string> = new Set([
  'publicKey',
  'termsHash',
  'signature',
  'signatures',
  'previousRoot',
  'inputsRoot',
  'inputs',
])

/** Arguments with a packed layout (docs/decisions.md, section 5). */
export const PACKED_ARGS: ReadonlySet<string> = new Set(['batch', 'exceptions', 'notes', 'inputs'])
