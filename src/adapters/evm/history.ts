import type {
  BoardBooks,
  ChainHistory,
  ExpectedDeployment,
  HistoryWindows,
  TaskHistory,
  TaskViews,
  TokenNames,
} from '../../ports/chain-history.ts'
import type { ContractName, EventRecord, TransactionRecord } from '../../ports/history-events.ts'
import { keccak, utf8Hex } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import { goesOn } from '../../types/task.ts'
import { BlockTimes } from './block-times.ts'
import { readBooks } from './board-books.ts'
import type { Deployment } from './deployment-schema.ts'
import { rebuildHeader } from './header.ts'
import type { SourcedLog } from './history-events.ts'
import { callersOf, decodeAll, keysOf, operatorsOf, topicsOf } from './history-events.ts'
import { HistoryLogs } from './history-logs.ts'
import type { RpcRequest } from './history-rpc.ts'
import { HistoryRpc } from './history-rpc.ts'
import { readTransaction } from './history-transactions.ts'
import { HistoryViews } from './history-views.ts'
import type { KeepsLogs } from './log-memory.ts'
import { readTokenNames } from './token-names.ts'
import { troubleIn } from './trouble.ts'

/** Fresh blocks tried for one reading. */
const ATTEMPTS = 4
/** Transactions asked for at a time. */
const PARALLEL = 50

export class EvmHistory implements ChainHistory {
  readonly #rpc: HistoryRpc
  readonly #views: HistoryViews
  readonly #logs: HistoryLogs
  readonly #expected: ExpectedDeployment
  readonly #deployment: Deployment

  constructor(
    request: RpcRequest,
    deployment: Deployment,
    cache?: KeepsLogs,
    others?: ReadonlyMap<string, RpcRequest>,
  ) {
    this.#rpc = new HistoryRpc(request, cache, deployment.windows.reorgDepth, others)
    this.#deployment = deployment
    const { NodeRegistry, TaskBoard, PhaseLog, Slasher } = deployment.contracts
    this.#expected = {
      chainId: BigInt(deployment.chainId),
      deploymentId: deployment.deploymentId,
      windows: windowsOf(deployment),
      bounty: BigInt(deployment.bountyWei),
      contracts: { NodeRegistry, TaskBoard, PhaseLog, Slasher },
    }
    this.#views = new HistoryViews(this.#rpc, this.#expected.contracts)
    this.#logs = new HistoryLogs(this.#rpc, this.#expected.contracts, BigInt(deployment.fromBlock))
  }

  countTasks(): Promise<bigint> {
    return this.#atFreshBlock(
      async (head) => (await this.#views.one('TaskBoard', 'tasks', [], head)) as bigint,
    )
  }

  readBooks(): Promise<BoardBooks> {
    return this.#atFreshBlock((head) => readBooks(this.#rpc, this.#deployment, head))
  }

  readToken(): Promise<TokenNames | null> {
    const { address } = this.#deployment.contracts.StakeToken
    return this.#atFreshBlock((head) => readTokenNames(this.#rpc, address, head))
  }

  /** The present block; of several endpoints, the one up to which they are compared. */
  head(): Promise<bigint> {
    return this.#rpc.head()
  }

  /**
   * A text that changes whenever anything of a task does up to a block: its logs, its status. Null: there is no such task.
   * Asks for new blocks only.
   */
  async pulse(taskId: bigint, upTo: bigint): Promise<string | null> {
    const logs = await this.#logs.ofTask(taskId, upTo)
    const { status } = (await this.#views.one(
      'TaskBoard',
      'statusOf',
      [taskId],
      upTo,
    )) as unknown as TaskViews['status']
    if (logs.length === 0 && status === 0n) return null
    const places = logs.map(
      ({ block, logIndex, transactionHash }) => `${block}/${logIndex}/${transactionHash}`,
    )
    return keccak(utf8Hex([String(status), ...places].join(' ')))
  }

  read(taskId: bigint, upTo?: bigint): Promise<TaskHistory> {
    return upTo === undefined
      ? this.#atFreshBlock((head) => this.#readAt(taskId, head))
      : this.#readAt(taskId, upTo)
  }

  /** Full nodes forget the state of a block while its logs are read. The next time there are few logs left to read. */
  async #atFreshBlock<T>(read: (head: bigint) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await read(await this.#rpc.head())
      } catch (error) {
        if (troubleIn(error) !== 'state' || attempt === ATTEMPTS) throw error
      }
    }
  }

  async #readAt(taskId: bigint, head: bigint): Promise<TaskHistory> {
    const chainId = await this.#rpc.chainId()
    const code = await this.#code(head)
    const stated = await this.#views.all(taskId, head)
    const ofTask = await this.#logs.ofTask(taskId, head)
    if (ofTask.length === 0 && BigInt(stated.task.client) === 0n) throw noTask(taskId, head)
    const transactions = await this.#transactions(ofTask)
    const told = decodeAll(ofTask, transactions)
    const keys = keysOf(told.events)
    const ofKeys = await this.#logs.ofKeys(keys, callersOf(told.events), operatorsOf(told.events), head)
    await this.#transactions(ofKeys, transactions)
    const views = { ...stated, locks: await this.#views.locks(taskId, keys, head) }
    const toldOfKeys = decodeAll(ofKeys, transactions)
    const events = [...told.events, ...toldOfKeys.events]
    const malformed = [...told.malformed, ...toldOfKeys.malformed]
    const clock = new BlockTimes(this.#rpc, this.#expected.windows.taskSecondsMax > 0n)
    await clock.note([head, ...[...events, ...malformed].map(({ block }) => block)])
    return {
      expected: this.#expected,
      taskId,
      chainId,
      head,
      code,
      views,
      events,
      malformed,
      snapshotCode: await this.#snapshotCode(events, views, head),
      headers: await this.#headers(events, views, head, clock),
      predecessor: await this.#predecessor(events, head),
      times: clock.times,
    }
  }

  /** What was handed to the task, if its reducer is handed anything by another one. */
  async #predecessor(events: readonly EventRecord[], head: bigint): Promise<TaskHistory['predecessor']> {
    const published = events.find((event) => event.name === 'TaskPublished')
    if (published === undefined || !goesOn(published.args.params)) return null
    const { predecessor: taskId } = published.args.params
    const { address } = this.#expected.contracts.TaskBoard
    const task: Digest = `0x${taskId.toString(16).padStart(64, '0')}`
    const topics = [topicsOf('TaskBoard', ['TaskFinalized']), [task]]
    const logs = await this.#logs.of('TaskBoard', { address, topics }, head)
    const finalized = decodeAll(logs, new Map()).events.flatMap((event) =>
      event.name === 'TaskFinalized' && event.args.taskId === taskId
        ? [{ ...event.args, block: event.block }]
        : [],
    )
    const first = events.find((event) => event.name === 'Checkpointed')
    const clock = new BlockTimes(this.#rpc, true)
    await clock.note([...finalized, ...(first === undefined ? [] : [first])].map(({ block }) => block))
    const view = (contract: ContractName, name: string) => this.#views.one(contract, name, [taskId], head)
    const stored = (await view('TaskBoard', 'task')) as unknown as TaskViews['task']
    const { status } = (await view('TaskBoard', 'statusOf')) as unknown as TaskViews['status']
    const { last, lastAt } = (await view('PhaseLog', 'head')) as unknown as TaskViews['head']
    const { outcome } = await this.#views.result(taskId, head)
    const { resultHash } = stored
    return { taskId, finalized, resultHash, status, last, lastAt, outcome, times: clock.times }
  }

  async #code(head: bigint): Promise<Record<ContractName, Hex>> {
    const { contracts } = this.#expected
    const of = (name: ContractName): Promise<Hex> => this.#rpc.code(contracts[name].address, head)
    const [NodeRegistry, TaskBoard, PhaseLog, Slasher] = await Promise.all([
      of('NodeRegistry'),
      of('TaskBoard'),
      of('PhaseLog'),
      of('Slasher'),
    ])
    return { NodeRegistry, TaskBoard, PhaseLog, Slasher }
  }

  /** The transactions of logs, each once; null for those that the endpoint does not serve. */
  async #transactions(
    logs: readonly SourcedLog[],
    known = new Map<Digest, TransactionRecord | null>(),
  ): Promise<Map<Digest, TransactionRecord | null>> {
    const hashes = [...new Set(logs.map(({ transactionHash }) => transactionHash))]
    const wanted = hashes.filter((hash) => !known.has(hash))
    for (let at = 0; at < wanted.length; at += PARALLEL) {
      await Promise.all(
        wanted.slice(at, at + PARALLEL).map(async (hash) => {
          const fields = await this.#rpc.transaction(hash)
          known.set(hash, fields === null ? null : readTransaction(hash, fields, this.#expected))
        }),
      )
    }
    return known
  }

  async #snapshotCode(
    events: readonly EventRecord[],
    views: TaskViews,
    head: bigint,
  ): Promise<ReadonlyMap<Address, Hex>> {
    const pointers = new Set<Address>([views.task.snapshot])
    for (const event of events) if (event.name === 'ClusterFormed') pointers.add(event.args.pointer)
    const code = new Map<Address, Hex>()
    for (const pointer of pointers) {
      if (BigInt(pointer) !== 0n) code.set(pointer, await this.#rpc.code(pointer, head))
    }
    return code
  }

  /** A header that this program cannot rebuild is left out like one that is not served: calldata of `form` may hold it. */
  async #headers(
    events: readonly EventRecord[],
    views: TaskViews,
    head: bigint,
    clock: BlockTimes,
  ): Promise<ReadonlyMap<bigint, Hex>> {
    const { reorgDepth, seedDelaySeconds } = this.#expected.windows
    const headers = new Map<bigint, Hex>()
    for (const event of events) {
      if (event.name !== 'TaskPublished') continue
      const call = event.transaction?.call
      const all = [event.args.params]
      if (call !== undefined && 'args' in call && call.name === 'publish') all.push(call.args.params)
      for (const { joinDeadline, joinTime } of all) {
        if (BigInt(views.task.cluster) === 0n) continue
        const least = joinDeadline + reorgDepth
        const block = await clock.firstSince(least, joinTime + seedDelaySeconds, head)
        if (block === null || headers.has(block)) continue
        const served = await this.#rpc.block(block)
        const rebuilt = served === null ? null : rebuildHeader(served)
        if (rebuilt !== null) headers.set(block, rebuilt.header)
      }
    }
    return headers
  }
}

function windowsOf({ windows }: Deployment): HistoryWindows {
  const names = [
    ...(['reorgDepth', 'jail', 'closeGrace', 'evidence', 'taskSecondsMax'] as const),
    ...(['seedDelaySeconds', 'jailSeconds', 'graceSeconds', 'evidenceSeconds'] as const),
  ]
  return Object.fromEntries(names.map((name) => [name, BigInt(windows[name])])) as unknown as HistoryWindows
}

function noTask(taskId: bigint, head: bigint): RsdpError {
  return new RsdpError({
    code: 'E_NO_TASK',
    message: `no task ${taskId} up to block ${head}`,
    hint: 'check the number and the deployment file',
    exit: EXIT.precondition,
    details: { taskId: taskId.toString(), head: Number(head) },
  })
}
