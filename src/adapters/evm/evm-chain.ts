import { isError } from 'ethers'
import { toHex } from '../../codec/hex.ts'
import type { Domain } from '../../codec/objects.ts'
import type { Terms } from '../../codec/roots.ts'
import type {
  Chain,
  CheckpointCall,
  EventPage,
  FinalState,
  PreparedCall,
  ProofContext,
  RepublishCall,
  SendOutcome,
  TwinCall,
} from '../../ports/chain.ts'
import { RsdpError, invariant } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Evidence } from '../../types/evidence.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import type { Moment } from '../../types/moment.ts'
import type { Outcome, TaskStatus } from '../../types/task.ts'
import { TASK_STATUSES } from '../../types/task.ts'
import { twinAggregate } from './ask-twin.ts'
import type { Connection } from './connection.ts'
import { checkpointSent } from './checkpoint-sent.ts'
import { EventDecoder } from './decode-events.ts'
import { EventPages } from './endpoints/event-pages.ts'
import type { EndpointStatus } from './endpoints/pool.ts'
import { encodeEvidenceCall, encodeSteps } from './evidence-call.ts'
import { encodeForm } from './form-call.ts'
import { readAllowance, readOutcome, readTerms } from './reads.ts'
import type { Wallet } from './wallet.ts'
import { revertOf } from './wallet.ts'

/** INodeRegistry.KeyStatus.Active */
const ACTIVE = 1n

/** What a node sends once, the contracts take once. */
const NODE_CALL = { purpose: 'node', isRepeatable: true }

/** For the turn of another process with this key. */
const JOURNAL_WAIT_MS = 120_000

/** The chain port over one RPC endpoint or several. */
export class EvmChain implements Chain {
  readonly domain: Domain
  readonly reorgDepth: number
  readonly board: Address
  readonly lockTailBlocks: number
  readonly lockTailSeconds: number
  readonly seedDelaySeconds: number
  readonly connection: Connection
  /** Sends with the signing key; null without one. */
  readonly wallet: Wallet | null
  readonly #decoder: EventDecoder
  readonly #pages: EventPages

  constructor(connection: Connection, wallet: Wallet | null, reorgDepth: number) {
    this.connection = connection
    this.wallet = wallet
    this.reorgDepth = reorgDepth
    this.domain = connection.domain
    const { contracts, windows } = connection.deployment
    this.board = contracts.TaskBoard.address
    this.lockTailBlocks = windows.closeGrace + windows.evidence
    this.lockTailSeconds = windows.graceSeconds + windows.evidenceSeconds
    this.seedDelaySeconds = windows.seedDelaySeconds
    this.#decoder = new EventDecoder(connection.deployment)
    const { filter } = this.#decoder
    this.#pages = new EventPages({
      pool: connection.pool,
      filter,
      reorgDepth,
      fromBlock: connection.deployment.fromBlock,
    })
  }

  /** Of several endpoints, the block up to which they are compared. */
  head(): Promise<number> {
    return this.#pages.head()
  }

  /** The endpoints, and what is wrong with them. */
  endpoints(): readonly EndpointStatus[] {
    return this.connection.pool.status()
  }

  latest(): Promise<Moment> {
    return this.connection.latest()
  }

  async eventsAfter(after: number, afterHash: Digest | null, blocksMax: number): Promise<EventPage | null> {
    const page = await this.#pages.after(after, afterHash, blocksMax)
    if (page === null) return null
    const { number: block, hash, time } = page.last
    return { events: this.#decoder.decode(page.logs), block, hash, time }
  }

  async taskStatus(taskId: bigint): Promise<TaskStatus> {
    const [status] = await this.connection.read(this.connection.contracts.board.statusOf(taskId))
    const name = TASK_STATUSES[Number(status)]
    invariant(name !== undefined, `TaskBoard knows status ${status}`)
    return name
  }

  outcomeOf(taskId: bigint): Promise<Outcome> {
    return readOutcome(this.connection, taskId)
  }

  isLine(account: Address): Promise<boolean> {
    return this.connection.read(this.connection.contracts.lines.isLine(account))
  }

  /** `turn` is −1 where the log has no turns: before the cluster is formed. */
  async logHead(taskId: bigint): Promise<{ last: number; root: Digest; turn: number }> {
    const { log } = this.connection.contracts
    const block = await this.head()
    const head = await this.connection.read(log.head(taskId))
    const turn = await this.#turnAt(taskId, block + 1)
    return { last: Number(head.last), root: head.root as Digest, turn }
  }

  async signups(taskId: bigint): Promise<readonly Address[]> {
    const keys = await this.connection.read(this.connection.contracts.board.signupsOf(taskId))
    return keys.map(lower)
  }

  async joinedElsewhere(taskId: bigint, key: Address, block: number): Promise<boolean> {
    const journal = this.wallet?.journal
    if (journal === undefined || journal.path === null) return false
    const { board } = this.connection.contracts
    const topics = board.interface.encodeFilterTopics('Joined', [taskId, key])
    const filter = { address: this.board, topics, fromBlock: block, toBlock: block }
    const [log] = await this.connection.read(this.connection.provider.getLogs(filter))
    const hash = log?.transactionHash
    const sent =
      hash === undefined ? null : await this.connection.read(this.connection.provider.getTransaction(hash))
    if (sent === null || sent.from.toLowerCase() !== key) return false
    await journal.lock(JOURNAL_WAIT_MS)
    try {
      // what was forgotten is older than what is kept: the last one stays
      return sent.nonce > Math.max(-1, ...journal.intents().map(({ nonce }) => nonce))
    } finally {
      journal.unlock()
    }
  }

  terms(taskId: bigint): Promise<Terms | null> {
    return readTerms(this.connection, taskId)
  }

  prepareJoin(taskId: bigint, key: Address, termsHash: Digest): PreparedCall {
    const { board } = this.connection.contracts
    return this.#onBoard(board.interface.encodeFunctionData('join', [taskId, key, termsHash]))
  }

  async prepareForm(taskId: bigint, seed: Moment): Promise<PreparedCall> {
    return this.#onBoard(await encodeForm(this.connection, taskId, seed))
  }

  prepareCheckpoint(call: CheckpointCall): PreparedCall {
    const data = this.connection.contracts.log.interface.encodeFunctionData('checkpoint', [
      call.taskId,
      call.first,
      call.batch,
      call.bitmap,
      call.sharedSeq,
      call.sharedHead,
      call.exceptions,
      call.notes,
      call.inputs,
      call.signatures,
    ])
    return { to: this.connection.deployment.contracts.PhaseLog.address, data: data as Hex }
  }

  prepareRepublish({ taskId, height, hints, notes }: RepublishCall): PreparedCall {
    const { log } = this.connection.contracts
    const data = log.interface.encodeFunctionData('republish', [taskId, height, hints, notes])
    return { to: this.connection.deployment.contracts.PhaseLog.address, data: data as Hex }
  }

  prepareFinalize(taskId: bigint, { state, previousRoot, inputsRoot, inputs }: FinalState): PreparedCall {
    const { board } = this.connection.contracts
    const args = [taskId, toHex(state), previousRoot, inputsRoot, inputs] as const
    return this.#onBoard(board.interface.encodeFunctionData('finalize', [...args]))
  }

  prepareSteps(taskId: bigint, evidence: Evidence, context: ProofContext): readonly PreparedCall[] {
    const { address } = this.connection.deployment.contracts.Slasher
    return encodeSteps(taskId, evidence, context).map((data) => ({ to: address, data }))
  }

  prepareEvidence(taskId: bigint, evidence: Evidence, context: ProofContext): PreparedCall {
    const { address } = this.connection.deployment.contracts.Slasher
    return { to: address, data: encodeEvidenceCall(taskId, evidence, context) }
  }

  checkpointSent(taskId: bigint, block: number, height: number): Promise<CheckpointCall | null> {
    return checkpointSent(this.connection, taskId, block, height)
  }

  async refusal({ to, data }: PreparedCall): Promise<string | null> {
    const from = this.#requireWallet().address
    return this.#revertOf(() => this.connection.provider.call({ from, to, data, blockTag: 'latest' }))
  }

  async code(address: Address): Promise<Hex> {
    return (await this.connection.read(this.connection.provider.getCode(address))) as Hex
  }

  twinAggregate({ twin, ...call }: TwinCall): Promise<Uint8Array | null> {
    return twinAggregate(async (data) => {
      let answer: Hex | null = null
      await this.#revertOf(async () => {
        answer = (await this.connection.provider.call({ to: twin, data })) as Hex
      })
      return answer
    }, call)
  }

  /** Name of the error with which a call reverts; null if it does not. */
  async #revertOf(call: () => Promise<unknown>): Promise<string | null> {
    try {
      await call()
      return null
    } catch (error) {
      const revert = revertOf(error)
      if (revert !== null) return revert.name
      throw this.connection.fault(error)
    }
  }

  async send(call: PreparedCall): Promise<SendOutcome> {
    const wallet = this.#requireWallet()
    const submitted = await wallet.submit(call, 0n, NODE_CALL).finally(() => wallet.release(true))
    if (submitted.kind === 'reverted') return { kind: 'reverted', error: submitted.revert.name }
    const { blockNumber, hash, gasUsed } = submitted.receipt
    return { kind: 'mined', block: blockNumber, hash: hash as Digest, gasUsed }
  }

  gasBalance(): Promise<bigint> {
    return this.#requireWallet().balance()
  }

  async registration(key: Address): ReturnType<Chain['registration']> {
    const { registry } = this.connection.contracts
    const operator = lower(await this.connection.read(registry.keyOwner(key)))
    if (BigInt(operator) === 0n) return null
    const status = await this.connection.read(registry.keyStatus(key))
    const { free, locked } = await this.connection.read(registry.account(operator))
    const allowance = await readAllowance(this.connection, key)
    return { operator, active: status === ACTIVE, freeStakeWei: free, lockedStakeWei: locked, allowance }
  }

  close(): void {
    this.connection.close()
  }

  #onBoard(data: string): PreparedCall {
    return { to: this.connection.deployment.contracts.TaskBoard.address, data: data as Hex }
  }

  #requireWallet(): Wallet {
    if (this.wallet !== null) return this.wallet
    throw new RsdpError({
      code: 'E_NO_KEY',
      message: 'this connection has no signing key',
      hint: 'name a key file',
      exit: EXIT.precondition,
    })
  }

  async #turnAt(taskId: bigint, block: number): Promise<number> {
    try {
      return Number(await this.connection.contracts.log.turnAt(taskId, block))
    } catch (error) {
      if (isError(error, 'CALL_EXCEPTION') && error.data !== null) return -1
      throw this.connection.fault(error)
    }
  }
}

const lower = (address: string): Address => address.toLowerCase() as Address
