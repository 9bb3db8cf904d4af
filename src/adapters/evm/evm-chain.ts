import { Interface, isError } from 'ethers'
import { fromHex, toHex } from '../../codec/hex.ts'
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
import { LEDGER_KIND_NUMBERS } from '../../types/ledger.ts'
import type { Moment } from '../../types/moment.ts'
import type { TaskStatus } from '../../types/task.ts'
import { TASK_STATUSES } from '../../types/task.ts'
import type { Connection } from './connection.ts'
import { checkpointSent } from './checkpoint-sent.ts'
import { EventDecoder } from './decode-events.ts'
import { encodeEvidenceCall, encodeSteps } from './evidence-call.ts'
import { encodeForm } from './form-call.ts'
import { LogPages } from './log-pages.ts'
import { readAllowance, readTerms } from './reads.ts'
import type { Wallet } from './wallet.ts'
import { revertOf } from './wallet.ts'

/** INodeRegistry.KeyStatus.Active */
const ACTIVE = 1n

/** What a node sends once, the contracts take once. */
const NODE_CALL = { purpose: 'node', isRepeatable: true }

const CONTEXT =
  '(bytes32 seed, uint64 height, (address key, uint16 weight)[] members, bytes previous) context'
const INPUTS = '(uint8 member, bytes state)[]'
/** IReducer: the twin is the client's contract, not one of ours. */
const TWIN = new Interface([
  `function aggregate(bytes params, ${CONTEXT}, ${INPUTS} inputs, (uint8 kind, bytes data)[] events) view returns (bytes)`,
  `function close(bytes params, ${CONTEXT}, bytes state, ${INPUTS} remaining) view returns (bytes)`,
])

/** The chain port over an RPC endpoint. */
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
  readonly #pages = new LogPages()

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
  }

  head(): Promise<number> {
    return this.connection.read(this.connection.provider.getBlockNumber())
  }

  latest(): Promise<Moment> {
    return this.connection.latest()
  }

  async eventsAfter(after: number, afterHash: Digest | null, blocksMax: number): Promise<EventPage | null> {
    await this.connection.reverify()
    const head = await this.head()
    if (afterHash !== null) await this.#requireHistory(after, afterHash, head)
    // nothing happened before the deployment
    const from = Math.max(after + 1, this.connection.deployment.fromBlock)
    const to = Math.min(from + blocksMax - 1, head - this.reorgDepth)
    if (to < from) return null
    return this.#page(from, to)
  }

  async taskStatus(taskId: bigint): Promise<TaskStatus> {
    const [status] = await this.connection.read(this.connection.contracts.board.statusOf(taskId))
    const name = TASK_STATUSES[Number(status)]
    invariant(name !== undefined, `TaskBoard knows status ${status}`)
    return name
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

  async twinAggregate({ twin, params, context, inputs, closing }: TwinCall): Promise<Uint8Array | null> {
    const { seed, height, members, previous, events } = context
    const told = { seed, height, members, previous: toHex(previous ?? new Uint8Array()) }
    const states = inputs.map(({ member, state }) => [member, toHex(state)])
    const posted = events.map(({ kind, data }) => [LEDGER_KIND_NUMBERS[kind], toHex(data)])
    const state = await this.#askTwin(twin, 'aggregate', [params, told, states, posted])
    return closing && state !== null
      ? this.#askTwin(twin, 'close', [params, told, toHex(state), states])
      : state
  }

  async #askTwin(twin: Address, name: string, args: readonly unknown[]): Promise<Uint8Array | null> {
    const data = TWIN.encodeFunctionData(name, args)
    let answer: string = '0x'
    const error = await this.#revertOf(async () => {
      answer = await this.connection.provider.call({ to: twin, data })
    })
    if (error !== null) return null
    try {
      return fromHex(lower(String(TWIN.decodeFunctionResult(name, answer)[0])))
    } catch {
      return null // there is no twin at that address
    }
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

  /** @throws RsdpError E_REORG, or E_RPC_DOWN if the endpoint has not got as far as this node has read */
  async #requireHistory(block: number, hash: Digest, head: number): Promise<void> {
    if (head < block) {
      throw new RsdpError({
        code: 'E_RPC_DOWN',
        message: `${this.connection.shown} is at block ${head}, this node has read up to ${block}`,
        hint: 'wait, ask another RPC endpoint, or take a new data directory if the chain was started again',
        exit: EXIT.unreachable,
        details: { url: this.connection.shown, reason: 'behind', head, block },
      })
    }
    const { hash: seen } = await this.#blockOf(block)
    if (seen === hash) return
    throw new RsdpError({
      code: 'E_REORG',
      message: `block ${block} is ${seen} now and was ${hash}: history that was ${this.reorgDepth} blocks deep is gone`,
      hint: 'compare the block with other endpoints; another one may be right. If the chain has turned back: docs/operator.md, “After a deep re-org”',
      exit: EXIT.mismatch,
      details: { block, seen, expected: hash },
    })
  }

  async #blockOf(block: number): Promise<{ hash: Digest; time: number }> {
    const found = await this.connection.read(this.connection.provider.getBlock(block))
    if (found?.hash === null || found === null)
      throw this.connection.fault(new Error(`block ${block} is missing`))
    return { hash: found.hash as Digest, time: found.timestamp }
  }

  /** Events of the blocks from … to, or of the first part of them if the endpoint does not give so much at once. */
  async #page(from: number, to: number): Promise<EventPage> {
    const { address, topics } = this.#decoder.filter
    const { answer, last } = await this.#pages.read(from, to, async (toBlock) => {
      const filter = { address, topics, fromBlock: from, toBlock }
      const logs = await this.connection.read(this.connection.provider.getLogs(filter))
      return this.#decoder.decode(logs, from, toBlock)
    })
    return { events: answer, block: last, ...(await this.#blockOf(last)) }
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
