import type { AbiValue, TaskHistory } from '../ports/chain-history.ts'
import type {
  CallArgs,
  CallName,
  EventArgs,
  EventName,
  EventRecord,
  LogPlace,
  TransactionRecord,
} from '../ports/history-events.ts'
import { bitmapBytes } from '../codec/bitmap.ts'
import { byteLength } from '../codec/hex.ts'
import type { Address, Digest, Hex } from '../types/ids.ts'
import { differences } from './diff.ts'
import type { Bench, Judge } from './judge.ts'
import { show } from './judge.ts'
import { PACKED_ARGS, PAIRINGS, RECOMPUTED_ARGS } from './pairs.ts'
import type { Binding } from './transactions.ts'
import { bind } from './transactions.ts'

type Args = Record<string, AbiValue>

/** One height of a batch, without its list. */
const HEIGHT_BYTES = 67

/** An event whose arguments are compared by name. */
type AnyEvent = LogPlace & { readonly name: EventName; readonly args: unknown }

/** An event after comparison with the call that emitted it. */
export interface Reconciled<N extends EventName> {
  readonly bench: Bench
  /** What later checks use: of two facts that differ, the one that the transaction hash binds. */
  readonly args: EventArgs[N]
  /** Arguments of the call; null if it is not served or went through another contract. */
  readonly call: CallArgs[CallName] | null
  readonly callName: CallName | null
  /** Who called, recovered from the signed transaction; null if its contents are not bound or the call was indirect. */
  readonly sender: Address | null
  readonly transactionHash: Digest
  readonly block: bigint
  readonly logIndex: bigint
}

/** Compares events with their transactions, each transaction bound once. */
export class Reconciler {
  readonly #judge: Judge
  readonly #history: TaskHistory
  readonly #known = new Map<EventName, readonly Reconciled<EventName>[]>()
  readonly #bindings = new Map<Digest, Binding>()

  constructor(judge: Judge, history: TaskHistory) {
    this.#judge = judge
    this.#history = history
  }

  /** All events of one name, compared, in chain order. */
  all<N extends EventName>(name: N): Reconciled<N>[] {
    const known =
      this.#known.get(name) ??
      this.#history.events.filter((event) => event.name === name).map((event) => this.#reconcile(event))
    this.#known.set(name, known)
    return known as unknown as Reconciled<N>[]
  }

  /** Size of the cluster. */
  get #members(): number {
    return Number(this.#history.views.task.members)
  }

  #reconcile<N extends EventName>(event: EventRecord<N>): Reconciled<N> {
    const given = event.args as unknown as Args
    const { transaction } = event
    const binding: Binding = transaction === null ? { kind: 'unknown' } : this.#bind(transaction)
    const pairing = PAIRINGS[event.name]
    const call = transaction === null ? null : this.#callOf(event, transaction, binding)
    const pairs = call === null ? {} : (pairing.calls[call.name] ?? {})

    const args: Args = { ...given }
    if (binding.kind === 'bound') {
      for (const [ours, theirs] of Object.entries(pairs)) args[ours] = call?.args[theirs] ?? ''
      if (pairing.sender !== null && call !== null) args[pairing.sender] = binding.sender
    }
    const bench = this.#judge.at(pairing.step, placeOf(event.name, args, this.#members))
    if (call !== null) compare(bench, event, call, pairs, binding, this.#members)
    if (transaction === null) {
      const calls = Object.keys(pairing.calls).map((name) => `${name}()`)
      bench.missing(calls.join(' or '), `the node does not serve transaction ${event.transactionHash}`)
    } else {
      bench.equal(
        `${event.name}.blockNumber`,
        transaction.block,
        event.block,
        'the transaction is in this block',
      )
    }
    if (binding.kind === 'bound' && call !== null && pairing.sender !== null) {
      bench.equal(
        `${event.name}.${pairing.sender}`,
        binding.sender,
        given[pairing.sender] ?? '',
        'recovered from the signed transaction',
      )
    }
    if (binding.kind === 'broken' && transaction !== null && call !== null) {
      this.#suspect(bench, transaction.hash, call, pairs)
    }
    this.#judge.counts.events += 1
    return {
      bench,
      args: args as unknown as EventArgs[N],
      call: call === null ? null : (call.args as unknown as CallArgs[CallName]),
      callName: call?.name ?? null,
      sender: binding.kind === 'bound' && call !== null ? binding.sender : null,
      transactionHash: event.transactionHash,
      block: event.block,
      logIndex: event.logIndex,
    }
  }

  /** The call behind an event, if it was made directly and is one that emits it. */
  #callOf(
    event: AnyEvent,
    transaction: TransactionRecord,
    binding: Binding,
  ): { readonly name: CallName; readonly args: Args } | null {
    const { step, contracts, calls } = PAIRINGS[event.name]
    const { call, to, hash } = transaction
    const direct = contracts.some((contract) => to === this.#history.expected.contracts[contract].address)
    if (direct && 'args' in call && call.name in calls) {
      return { name: call.name, args: call.args as unknown as Args }
    }
    const bench = this.#judge.at(step, placeOf(event.name, event.args as Args, this.#members))
    const names = Object.keys(calls).join('|')
    if (binding.kind === 'broken') {
      const argument = 'malformed' in call && call.malformed !== '' ? call.malformed : 'selector'
      const name = call.name ?? names
      const field = `${name}().${direct ? argument : 'to'}`
      bench.calldata(hash, field, 'the call that was signed', 'another', 'the transaction hash binds it')
    } else if (direct) {
      const actual = `a call of ${call.name ?? 'something else'}`
      const why = 'no other call emits this event'
      bench.mismatch(`${event.name}.transactionHash`, `a call of ${names}`, actual, why)
    }
    return null
  }

  #bind(transaction: TransactionRecord): Binding {
    const known = this.#bindings.get(transaction.hash)
    if (known !== undefined) return known
    const binding = bind(transaction, this.#judge.recover)
    this.#bindings.set(transaction.hash, binding)
    if (binding.kind === 'bound') {
      this.#judge.counts.transactions += 1
      const name = transaction.call.name ?? 'transaction'
      this.#judge
        .at('task', transaction.hash)
        .equal(`${name}().from`, binding.sender, transaction.from, 'recovered from the signed transaction')
    }
    return binding
  }

  /** Calldata does not have its hash: unless a check finds the argument, those that nothing else repeats are blamed. */
  #suspect(
    bench: Bench,
    hash: Digest,
    call: { readonly name: CallName; readonly args: Args },
    pairs: Readonly<Record<string, string>>,
  ): void {
    const pinned = new Set(Object.values(pairs))
    const unpinned = Object.keys(call.args).filter((name) => !pinned.has(name) && !RECOMPUTED_ARGS.has(name))
    const suspects = unpinned.length > 0 ? unpinned : ['transaction']
    const earlier = this.#judge.broken.get(hash)
    if (earlier !== undefined && earlier.suspects.length <= suspects.length) return
    this.#judge.broken.set(hash, { bench, suspects: suspects.map((name) => `${call.name}().${name}`) })
  }
}

/** Argument by argument; the side that the transaction hash does not bind is blamed. */
function compare(
  bench: Bench,
  event: AnyEvent,
  call: { readonly name: CallName; readonly args: Args },
  pairs: Readonly<Record<string, string>>,
  binding: Binding,
  members: number,
): void {
  const given = event.args as Args
  for (const [ours, theirs] of Object.entries(pairs)) {
    const packed = PACKED_ARGS.has(ours) ? { name: ours, members } : null
    const ofEvent = given[ours] ?? ''
    const ofCall = call.args[theirs] ?? ''
    if (binding.kind === 'broken') {
      const why = `${event.name}.${ours} says so, and the transaction hash is not right`
      for (const { path, better, other } of differences(ofEvent, ofCall, '', packed)) {
        bench.calldata(event.transactionHash, `${call.name}().${theirs}${path}`, better, other, why)
      }
    } else {
      for (const { path, better, other } of differences(ofCall, ofEvent, '', packed)) {
        bench.mismatch(`${event.name}.${ours}${path}`, better, other, `${call.name}() was called with it`)
      }
    }
  }
}

/** Which of several events of one name. */
function placeOf(name: EventName, args: Args, members: number): string {
  const shown = (field: string): string => show(args[field])
  switch (name) {
    case 'Checkpointed': {
      const first = BigInt(shown('first'))
      const height = HEIGHT_BYTES + bitmapBytes(members)
      const heights = BigInt(Math.floor(byteLength(shown('batch') as Hex) / height))
      return `task ${shown('taskId')}, heights ${first}–${first + heights - 1n}`
    }
    case 'Refuted':
      return `task ${shown('taskId')}, height ${shown('height')}`
    case 'Republished':
      return `task ${shown('taskId')}, heights up to ${shown('height')}`
    case 'LedgerEvent':
    case 'SystemEntry':
      return `seq ${shown('seq')}`
    case 'Convicted':
    case 'Penalised':
    case 'LogOpened':
      return `task ${shown('taskId')}, member ${shown('member')}`
    case 'KeyRegistered':
    case 'Jailed':
    case 'StakeSlashed':
    case 'KeyFrozen':
    case 'Joined':
    case 'Left':
    case 'StakeLocked':
    case 'StakeUnlocked':
    case 'Released':
      return `key ${shown('key')}`
    case 'KeyRotated':
      return `key ${shown('newKey')}`
    case 'WalletSet':
    case 'AccountOffered':
    case 'PayoutSet':
    case 'Claimed':
      return `operator ${shown('operator')}`
    case 'FormFeeEarned':
    case 'FormFeePaid':
      return `account ${shown('former')}`
    case 'Refunded':
    case 'Burnt':
    case 'TaskPublished':
    case 'TaskRevoked':
    case 'ClusterFormed':
    case 'TaskFinalized':
      return ''
  }
}
