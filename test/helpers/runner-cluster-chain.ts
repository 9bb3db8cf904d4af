import type {
  Chain,
  ChainEvent,
  CheckpointCall,
  FinalState,
  EventPage,
  PreparedCall,
  RepublishCall,
  SendOutcome,
  TwinCall,
} from '../../src/ports/chain.ts'
import { accusedOf } from '../../src/codec/evidence.ts'
import type { Terms } from '../../src/codec/roots.ts'
import { utf8Hex } from '../../src/codec/hex.ts'
import { RsdpError } from '../../src/types/errors.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Evidence } from '../../src/types/evidence.ts'
import type { Address, Digest, Hex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { TaskStatus } from '../../src/types/task.ts'
import { DOMAIN } from './runner-cluster.ts'
import { digestOf } from './store-kit.ts'
import type { Moment } from '../../src/types/moment.ts'

type Registration = NonNullable<Awaited<ReturnType<Chain['registration']>>>

/** An event without the block that it gets. */
export type Happening = ChainEvent extends infer E ? (E extends ChainEvent ? Omit<E, 'block'> : never) : never

/** A passing or lasting fault of the chain. */
export function chainFault(code: `E_${string}`): RsdpError {
  return new RsdpError({ code, message: code, hint: 'test', exit: EXIT.unreachable })
}

/** Of every task, unless a test says otherwise. */
export const TERMS: Terms = {
  client: `0x${'cc'.repeat(20)}`,
  paramsHash: digestOf('params'),
  twinCodeHash: NIL,
}

export const MINED: SendOutcome = { kind: 'mined', block: 1, hash: NIL, gasUsed: 21_000n }

/** A chain that a test tells what happens. Calls are text: what a call would do is up to the test. */
export class ScriptedChain implements Chain {
  readonly domain = DOMAIN
  readonly reorgDepth = 2
  readonly board = DOMAIN.verifyingContract
  readonly lockTailBlocks = 10
  readonly lockTailSeconds = 0
  seedDelaySeconds = 0
  /** Time of the latest block. */
  time = 0
  headBlock = 10
  /** By block. */
  readonly events: ChainEvent[] = []
  readonly sent: string[] = []
  readonly checkpoints: CheckpointCall[] = []
  readonly results: FinalState[] = []
  status: TaskStatus = 'Active'
  log = { last: 0, root: NIL, turn: 0 }
  registered: Registration | null = {
    operator: `0x${'0e'.repeat(20)}`,
    active: true,
    freeStakeWei: 1_000n,
    lockedStakeWei: 0n,
    allowance: { perTaskWei: 1_000n, totalWei: 1_000n, runningWei: 0n },
  }
  closed = 0
  /** Throws or waits before anything is answered; by name of the method. */
  before: (method: string, call?: string) => Promise<void> | void = () => undefined
  outcome: (call: string) => SendOutcome = () => MINED
  /** Hash of a block; another one is another history. */
  hashOf = (block: number): Digest => digestOf(`block ${block}`)

  /** Something happens in the next block, which is final at once for a cursor `reorgDepth` behind. */
  happen(...happenings: Happening[]): void {
    this.headBlock += 1
    for (const happening of happenings) this.events.push({ ...happening, block: this.headBlock })
  }

  /** Makes everything so far final. */
  mine(blocks = this.reorgDepth): void {
    this.headBlock += blocks
  }

  async head(): Promise<number> {
    await this.before('head')
    return this.headBlock
  }

  async latest(): Promise<Moment> {
    await this.before('latest')
    return { number: BigInt(this.headBlock), time: BigInt(this.time) }
  }

  async eventsAfter(after: number, afterHash: Digest | null, blocksMax: number): Promise<EventPage | null> {
    await this.before('eventsAfter')
    if (afterHash !== null && afterHash !== this.hashOf(after)) throw chainFault('E_REORG')
    const block = Math.min(after + blocksMax, this.headBlock - this.reorgDepth)
    if (block <= after) return null
    const events = this.events.filter((event) => event.block > after && event.block <= block)
    return { events, block, hash: this.hashOf(block), time: this.time }
  }

  async taskStatus(): Promise<TaskStatus> {
    await this.before('taskStatus')
    return this.status
  }

  async logHead(): Promise<{ last: number; root: Digest; turn: number }> {
    await this.before('logHead')
    return this.log
  }

  /** Keys signed up at the head, by task. */
  readonly joined = new Map<string, Address[]>()

  signups(taskId: bigint): Promise<readonly Address[]> {
    return Promise.resolve(this.joined.get(String(taskId)) ?? [])
  }

  /** What the chain says now: what was published, unless a test says otherwise. */
  termsNow: (taskId: bigint) => Terms | null = () => TERMS

  async terms(taskId: bigint): Promise<Terms | null> {
    await this.before('terms')
    return this.termsNow(taskId)
  }

  /** Code at any address. */
  codeNow: Hex = '0x'

  async code(): Promise<Hex> {
    await this.before('code')
    return this.codeNow
  }

  /** Terms hashes that joins have named. */
  readonly agreed: Digest[] = []

  prepareJoin(taskId: bigint, key?: Address, termsHash: Digest = NIL): PreparedCall {
    this.agreed.push(termsHash)
    this.#joiner = key ?? null
    return prepared(`join ${taskId}`)
  }

  #joiner: Address | null = null

  prepareForm(taskId: bigint, seed: Moment): Promise<PreparedCall> {
    const since = seed.time === 0n ? '' : ` and second ${seed.time}`
    return Promise.resolve(prepared(`form ${taskId} by ${seed.number}${since}`))
  }

  prepareCheckpoint(call: CheckpointCall): PreparedCall {
    this.checkpoints.push(call)
    return prepared(`checkpoint ${call.taskId} from ${call.first}`)
  }

  readonly republished: RepublishCall[] = []

  prepareRepublish(call: RepublishCall): PreparedCall {
    this.republished.push(call)
    return prepared(`republish ${call.taskId} up to ${call.height}`)
  }

  prepareFinalize(taskId: bigint, result: FinalState): PreparedCall {
    this.results.push(result)
    return prepared(`finalize ${taskId}`)
  }

  /** What comes before a proof. */
  steps: readonly string[] = []
  /** What the contract says to proofs. */
  verdict: (call: string) => string | null = () => null
  twin: (call: TwinCall) => Promise<Uint8Array | null> = () => Promise.resolve(null)

  prepareSteps(taskId: bigint, evidence: Evidence): PreparedCall[] {
    return this.steps.map((step) => prepared(`${step} ${taskId} ${accusedOf(evidence)}`))
  }

  /** What the calldata of accepted checkpoints says, by height. */
  readonly checkpointsSent = new Map<number, CheckpointCall>()

  async checkpointSent(_: bigint, __: number, height: number): Promise<CheckpointCall | null> {
    await this.before('checkpointSent')
    return this.checkpointsSent.get(height) ?? null
  }

  prepareEvidence(taskId: bigint, evidence: Evidence): PreparedCall {
    return prepared(`evidence ${taskId} ${evidence.kind} ${accusedOf(evidence)}`)
  }

  async refusal(call: PreparedCall): Promise<string | null> {
    await this.before('refusal')
    return this.verdict(Buffer.from(call.data.slice(2), 'hex').toString())
  }

  async twinAggregate(call: TwinCall): Promise<Uint8Array | null> {
    await this.before('twinAggregate')
    return this.twin(call)
  }

  async send(call: PreparedCall): Promise<SendOutcome> {
    const text = Buffer.from(call.data.slice(2), 'hex').toString()
    await this.before('send', text)
    this.sent.push(text)
    const outcome = this.outcome(text)
    const [what, taskId = ''] = text.split(' ')
    if (what === 'join' && outcome.kind === 'mined' && this.#joiner !== null)
      this.joined.set(taskId, [this.#joiner])
    return outcome
  }

  gasBalance(): Promise<bigint> {
    return Promise.resolve(1n)
  }

  async registration(): Promise<Registration | null> {
    await this.before('registration')
    return this.registered
  }

  close(): void {
    this.closed += 1
  }
}

function prepared(text: string): PreparedCall {
  return { to: `0x${'ca'.repeat(20)}`, data: utf8Hex(text) }
}
