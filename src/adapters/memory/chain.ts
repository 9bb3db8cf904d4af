import { appendEvent } from '../../codec/events.ts'
import { accusedOf } from '../../codec/evidence.ts'
import { concatHex, keccak, uint, utf8Hex } from '../../codec/hex.ts'
import type { Domain } from '../../codec/objects.ts'
import { domainSeparator, valueHash } from '../../codec/objects.ts'
import { appendRoot, clusterId, encodeSnapshot, rootStart, termsHash } from '../../codec/roots.ts'
import type { Terms } from '../../codec/roots.ts'
import type { ChainEvent, CheckpointCall, PreparedCall, RepublishCall } from '../../ports/chain.ts'
import type { RecoverSigner } from '../../ports/keyring.ts'
import { invariant } from '../../types/errors.ts'
import { OFFENCES } from '../../types/evidence.ts'
import type { Cluster } from '../../types/cluster.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { PostedEvent } from '../../types/ledger.ts'
import type { Moment } from '../../types/moment.ts'
import type { TaskParams, TaskStatus } from '../../types/task.ts'
import type { Included, Transaction } from './blocks.ts'
import { Blocks } from './blocks.ts'
import type { MemoryChainInit } from './chain-init.ts'
import type { AcceptedCheckpoint, ChainCall, ChainTask, Registration } from './chain-task.ts'
import { publishedTask } from './chain-task.ts'
import { dutyOf } from './duty.ts'
import { judgeCheckpoint } from './judge-checkpoint.ts'
import type { EvidenceCall, TwinModel } from './judge-evidence.ts'
import { judgeEvidence } from './judge-evidence.ts'
import { check, refusalOf } from './refused.ts'
import type { TimeWindows } from './task-status.ts'
import { RUNNING, statusOf, takesEvidence } from './task-status.ts'

const CLIENT: Address = `0x${'c1'.repeat(20)}`
const NO_TWIN: Digest = `0x${'00'.repeat(32)}`
/** A stand-in for the hash of the code there. */
export const twinCodeAt = (twin: Address): Digest => keccak(twin)
const NOBODY: Address = `0x${'00'.repeat(20)}`
/** Convictions of less are told to reducers only if they are a member's first (Convictions.isNews). */
const GRAVE_PERCENT = 20
const PLENTY_WEI = 2n ** 128n - 1n

/**
 * A small model of the trust layer: blocks on demand, registered keys, tasks, ledger events, and the rules by which
 * `checkpoint` and `finalize` are accepted. No money. (Above 400 lines: calls of one contract that share its state.)
 */
export class MemoryChain {
  readonly domain: Domain
  /** All contracts are one here. */
  readonly board: Address
  readonly reorgDepth: number
  readonly closeGrace: number
  readonly windows: TimeWindows | null
  readonly tasks = new Map<bigint, ChainTask>()
  readonly accepted: AcceptedCheckpoint[] = []
  readonly twin: TwinModel | null
  readonly #recover: RecoverSigner
  readonly #separator: Digest
  readonly #registered = new Map<Address, Registration>()
  readonly #events: ChainEvent[] = []
  readonly #calls: ChainCall[] = []
  readonly #blocks: Blocks
  readonly #clock: () => number

  constructor(init: MemoryChainInit) {
    this.domain = init.domain
    this.board = init.domain.verifyingContract
    this.reorgDepth = init.reorgDepth
    this.closeGrace = init.closeGrace
    this.windows = init.windows ?? null
    this.#clock = init.clock ?? (() => 0)
    this.twin = init.twin ?? null
    this.#recover = init.recover
    this.#separator = domainSeparator(init.domain)
    this.#blocks = new Blocks({
      maps: [this.tasks, this.#registered],
      lists: [this.#events, this.accepted],
    })
  }

  get head(): number {
    return this.#block
  }

  get #block(): number {
    return this.#blocks.head
  }

  /** Unix seconds. */
  timeOf(block: number): number {
    return this.#blocks.timeOf(block)
  }

  get #now(): Moment {
    return { number: BigInt(this.#block), time: BigInt(this.timeOf(this.#block)) }
  }

  hashOf(block: number): Digest {
    return keccak(concatHex(utf8Hex('block'), this.#nameOf(block)))
  }

  /** Of a block on its branch: another one in its place, after a re-org, has another name. */
  #nameOf(block: number): Hex {
    const branch = this.#blocks.branchOf(block)
    return concatHex(this.domain.salt, uint(block, 8), branch === 0 ? '0x' : uint(branch, 8))
  }

  /** What stands for a block's randomness: independent of its hash, as on a real chain. */
  mixHashOf(block: number): Digest {
    return keccak(concatHex(utf8Hex('mixHash'), this.#nameOf(block)))
  }

  /** Registers a staked key; its weight in every cluster is given, not bought, and it may lock what it wants. */
  register(key: Address, operator: Address, weight: number): void {
    this.#next(`register ${key}`, () => {
      this.#registered.set(key, { operator, weight, perTaskWei: PLENTY_WEI, totalWei: PLENTY_WEI })
    })
  }

  registration(key: Address): Registration | null {
    return this.#registered.get(key) ?? null
  }

  /** What the operator's wallet lets a key lock by itself. */
  setAllowance(key: Address, perTaskWei: bigint, totalWei: bigint): void {
    this.#next(`setAllowance ${key}`, () => {
      const registration = this.#registered.get(key)
      invariant(registration !== undefined, `${key} is registered`)
      this.#registered.set(key, { ...registration, perTaskWei, totalWei })
    })
  }

  /** Locks that a key has sent. Nothing is released here, and no lock shrinks. */
  runningWei(key: Address): bigint {
    const tasks = [...this.tasks.values()].filter(({ byKey }) => byKey.has(key))
    return tasks.reduce((sum, { params }) => sum + params.stakePerNode, 0n)
  }

  termsOf(taskId: bigint): Terms | null {
    const task = this.tasks.get(taskId)
    if (task === undefined) return null
    const { twin } = task.params
    const twinCodeHash = BigInt(twin) === 0n ? NO_TWIN : twinCodeAt(twin)
    return { client: task.client, paramsHash: this.#paramsHash(taskId), twinCodeHash }
  }

  /** A stand-in: nothing here reads parameters back from their hash. */
  #paramsHash(taskId: bigint): Digest {
    return keccak(utf8Hex(`params of ${taskId}`))
  }

  publish(taskId: bigint, params: TaskParams, client = CLIENT): void {
    this.#next(`publish ${taskId}`, () => this.#publish(taskId, params, client))
  }

  #publish(taskId: bigint, params: TaskParams, client: Address): void {
    this.tasks.set(taskId, publishedTask(params, client))
    this.#emit({ kind: 'taskPublished', taskId, client, params, paramsHash: this.#paramsHash(taskId) })
  }

  /** A task of before this world has a result: for those that go on from it. */
  handOver(taskId: bigint, result: Uint8Array): void {
    this.#next(`result ${taskId}`, () => this.#emit({ kind: 'taskFinalized', taskId, height: 1, result }))
  }

  /** The client ends a task. */
  revoke(taskId: bigint): void {
    this.#next(`revoke ${taskId}`, () => this.#revoke(taskId))
  }

  #revoke(taskId: bigint): void {
    const task = this.#task(taskId)
    const { cluster, last, params, limit } = task
    task.revokedAt = this.#now
    task.limit = cluster === null ? 0 : Math.min(limit, last + params.epochHeights)
    this.#emit({ kind: 'taskRevoked', taskId })
  }

  statusOf(taskId: bigint): TaskStatus {
    const task = this.tasks.get(taskId)
    return task === undefined ? 'None' : statusOf(task, this.#now, this)
  }

  /** A ledger event of a task (paper, section 6). */
  post(taskId: bigint, data: Uint8Array): void {
    this.#next(`post ${taskId}`, () => {
      this.#append(taskId, { kind: 'posted', originator: this.#task(taskId).client, data })
    })
  }

  #append(taskId: bigint, event: PostedEvent): void {
    const { events, eventsHashes } = this.#task(taskId)
    const seq = events.push(event)
    eventsHashes.push(appendEvent(eventsHashes.at(-1) ?? NIL, event))
    const { kind: ledgerKind, originator, data } = event
    this.#emit({ kind: 'ledgerEvent', taskId, seq, ledgerKind, originator, data })
  }

  /** The next block, with all transactions that wait. Says which of them it accepts. */
  mine(): readonly string[] {
    return this.#blocks.mine(this.#clock())
  }

  /** Puts a transaction into the next block. */
  include(transaction: Transaction): void {
    this.#blocks.include(transaction)
  }

  /** A re-org: the last blocks are gone, and those mined from now on are others. Gives the transactions they held. */
  revert(depth: number): readonly Included[] {
    return this.#blocks.revert(depth)
  }

  prepare(call: ChainCall): PreparedCall {
    const index = this.#calls.push(call) - 1
    return { to: this.domain.verifyingContract, data: `0x${uint(index, 8)}` }
  }

  /** Puts a call into the next block; `done` gets null, or the name of the error it was refused with. */
  submit(from: Address, data: Hex, done: (error: string | null) => void): void {
    const call = this.#call(data)
    this.include({ what: dutyOf(call), run: () => this.#run(from, call), done })
  }

  #next(what: string, run: () => void): void {
    this.include({ what, run, done: () => undefined })
  }

  /** Events of the blocks first … last. */
  eventsIn(first: number, last: number): ChainEvent[] {
    return this.#events.filter(({ block }) => block >= first && block <= last)
  }

  /** Whose turn it is to submit at the next block. */
  turn(taskId: bigint): number {
    return this.#turnAt(taskId, this.#block + 1)
  }

  #turnAt(taskId: bigint, block: number): number {
    const { cluster, params, last, lastAt } = this.#task(taskId)
    if (cluster === null) return 0
    const waited = Math.floor((block - Number(lastAt.number)) / params.turnBlocks)
    return (Math.floor(last / params.epochHeights) + waited) % cluster.members.length
  }

  #task(taskId: bigint): ChainTask {
    const task = this.tasks.get(taskId)
    invariant(task !== undefined, `no task ${taskId}`)
    return task
  }

  #emit(event: DistributiveOmit<ChainEvent, 'block'>): void {
    this.#events.push({ ...event, block: this.#block })
  }

  /** Why a call would be refused now. Only proofs are tried before they are sent. */
  refusal(data: Hex): string | null {
    const call = this.#call(data)
    return call.kind === 'evidence' ? refusalOf(() => void this.#judge(call)) : null
  }

  #call(data: Hex): ChainCall {
    const call = this.#calls[Number(data)]
    invariant(call !== undefined, `no such call ${data}`)
    return call
  }

  #run(from: Address, call: ChainCall): void {
    switch (call.kind) {
      case 'join':
        this.#join(from, call)
        break
      case 'form':
        this.#form(call.taskId, call.mixHash)
        break
      case 'checkpoint':
        this.#checkpoint(from, call.call)
        break
      case 'republish':
        this.#republish(call.call)
        break
      case 'finalize':
        this.#finalize(call)
        break
      case 'evidence':
        this.#convict(from, call)
        break
    }
  }

  #convict(reporter: Address, call: EvidenceCall): void {
    const { taskId, evidence } = call
    const percent = this.#judge(call)
    const member = accusedOf(evidence)
    const { convictions } = this.#task(taskId)
    const before = convictions.get(member) ?? 0
    convictions.set(member, percent)
    this.#emit({ kind: 'convicted', taskId, member, offence: evidence.kind, percent, reporter })
    if (before === 0 || (before < GRAVE_PERCENT && percent >= GRAVE_PERCENT)) {
      const data = Uint8Array.of(member, OFFENCES.indexOf(evidence.kind), percent)
      this.#append(taskId, { kind: 'system', originator: NOBODY, data })
    }
  }

  #judge(call: EvidenceCall): number {
    const recover = this.#recover
    check(takesEvidence(this.#task(call.taskId), this.#now, this), 'WindowOver')
    return judgeEvidence(this.#task(call.taskId), call, {
      separator: this.#separator,
      recover,
      twin: this.twin,
    })
  }

  #join(from: Address, { taskId, key, agreed }: Extract<ChainCall, { kind: 'join' }>): void {
    const task = this.#task(taskId)
    const { params, signups } = task
    const registration = this.#registered.get(key)
    check(registration !== undefined, 'NotRegistered')
    check(this.#block < params.joinDeadline && this.statusOf(taskId) === 'Open', 'WrongStatus')
    const terms = this.termsOf(taskId)
    const expected = terms === null ? null : termsHash(this.domain.chainId, this.board, taskId, terms)
    check(agreed === expected, 'OtherTerms')
    check(!signups.includes(key), 'AlreadyJoined')
    check(signups.length < params.maxNodes, 'Full')
    if (from === key) this.#useAllowance(task, key, registration)
    signups.push(key)
    this.#emit({ kind: 'taskJoined', taskId, key, operator: registration.operator })
  }

  #useAllowance({ params, byKey }: ChainTask, key: Address, { perTaskWei, totalWei }: Registration): void {
    const { stakePerNode } = params
    const isWithin = stakePerNode <= perTaskWei && this.runningWei(key) + stakePerNode <= totalWei
    check(isWithin, 'AllowanceExceeded')
    byKey.add(key)
  }

  #form(taskId: bigint, mixHash: Digest): void {
    const task = this.#task(taskId)
    const { params, signups } = task
    const seedBlock = params.joinDeadline + this.reorgDepth
    check(this.statusOf(taskId) === 'Open' && this.#block > seedBlock, 'WrongStatus')
    check(signups.length >= params.minNodes, 'TooFew')
    check(mixHash === this.mixHashOf(seedBlock), 'NotTheHeader')
    const seed = keccak(concatHex(mixHash, uint(taskId, 32)))
    const members = signups.map((key, index) => {
      const { operator, weight } = this.#registered.get(key) as Registration
      return { index, key, operator, weight }
    })
    const totalWeight = members.reduce((sum, { weight }) => sum + weight, 0)
    const id = clusterId(taskId, this.#paramsHash(taskId), encodeSnapshot(members), seed)
    task.cluster = { id, seed, members, totalWeight }
    task.root = rootStart(id)
    task.lastAt = this.#now
    this.#emit({ kind: 'clusterFormed', taskId, cluster: task.cluster })
  }

  #checkpoint(from: Address, call: CheckpointCall): void {
    const task = this.#task(call.taskId)
    const { cluster } = task
    const status = this.statusOf(call.taskId)
    check(cluster !== null && RUNNING.has(status), 'WrongStatus')
    const isTheirs = status === 'Finalizing' || this.#isTheirTurn(from, call.taskId, cluster)
    const court = { separator: this.#separator, recover: this.#recover }
    const accepted = judgeCheckpoint({ ...task, cluster }, call, isTheirs, court)
    const { last, root, roots, eventSeq, missed, signers } = accepted
    for (const member of missed) task.missed.set(member, (task.missed.get(member) ?? 0) + 1)
    task.last = last
    task.root = root
    task.eventSeq = eventSeq
    if (status === 'Finalizing') task.late += roots.length
    else task.lastAt = this.#now
    const { taskId, first, bitmap, sharedSeq, sharedHead, batch, notes } = call
    this.accepted.push({ taskId, first, last, root, roots, signers, call, block: this.#block })
    const published = { bitmap, sharedSeq, sharedHead, batch, notes }
    this.#emit({ kind: 'checkpointed', taskId, first, height: last, root, ...published })
  }

  /** The key of the member whose turn it is in the block that is being mined. */
  #isTheirTurn(from: Address, taskId: bigint, { members }: Cluster): boolean {
    return from === members[this.#turnAt(taskId, this.#block)]?.key
  }

  #republish({ taskId, height, hints, notes }: RepublishCall): void {
    const task = this.#task(taskId)
    check(task.cluster !== null, 'NotOpen')
    check(height >= 1 && height <= task.last, 'NotAccepted')
    this.#emit({ kind: 'republished', taskId, height, hints, notes })
  }

  #finalize(call: Extract<ChainCall, { kind: 'finalize' }>): void {
    const task = this.#task(call.taskId)
    check(task.cluster !== null && task.result === null, 'WrongStatus')
    const isOver = !RUNNING.has(this.statusOf(call.taskId))
    check(task.last > 0 && (isOver || task.last === task.params.heights), 'NotFinal')
    const { inputsRoot, inputs, previousRoot, state } = call.result
    const { eventSeq } = task
    const eventsHash = task.eventsHashes[eventSeq] ?? NIL
    const value = valueHash({ stateHash: keccak(state), inputsRoot, inputs, eventSeq, eventsHash })
    check(appendRoot(previousRoot, value) === task.root, 'WrongResult')
    task.result = state
    this.#emit({ kind: 'taskFinalized', taskId: call.taskId, height: task.last, result: state })
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
