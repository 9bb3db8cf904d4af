import type { Interface } from 'ethers'
import type {
  AbiValue,
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
import { MEMBERS_MAX } from '../../types/ids.ts'
import type { Moment } from '../../types/moment.ts'
import { goesOn } from '../../types/task.ts'
import { abis } from './abi.ts'
import { BlockTimes } from './block-times.ts'
import { readBooks } from './board-books.ts'
import type { Deployment } from './deployment-schema.ts'
import { endpointsAt } from './endpoints-at.ts'
import { rebuildHeader } from './header.ts'
import { decodeResult, zeroResult } from './history-abi.ts'
import type { SourcedLog } from './history-events.ts'
import {
  BOARD_EVENTS,
  callersOf,
  decodeAll,
  KEY_EVENTS,
  keysOf,
  LOG_EVENTS,
  OPERATOR_EVENTS,
  operatorsOf,
  SLASHER_EVENTS,
  STAKE_EVENTS,
  topicsOf,
} from './history-events.ts'
import type { LogQuery, RpcRequest } from './history-rpc.ts'
import { badAnswer, HistoryRpc } from './history-rpc.ts'
import { readTransaction } from './history-transactions.ts'
import type { KeepsLogs } from './log-memory.ts'
import { readTokenNames } from './token-names.ts'
import { troubleIn } from './trouble.ts'

/** Fresh blocks tried for one reading. */
const ATTEMPTS = 4
/** Transactions asked for at a time. */
const PARALLEL = 8

/**
 * History over one RPC endpoint or several, from a deployment file alone. Nothing is checked here that a judge could check:
 * a wrong chain or a changed contract is a finding, not an error.
 *
 * @throws RsdpError E_RPC_URL, E_NO_ARTIFACTS
 */
export function openHistory(
  rpcUrl: string,
  deployment: Deployment,
  cache?: KeepsLogs,
): ChainHistory & { close(): void } {
  const { request, others, close } = endpointsAt(rpcUrl)
  const history = new EvmHistory(request, deployment, cache, others)
  return {
    read: (taskId, upTo) => history.read(taskId, upTo),
    readBooks: () => history.readBooks(),
    readToken: () => history.readToken(),
    close,
  }
}

export class EvmHistory implements ChainHistory {
  readonly #rpc: HistoryRpc
  readonly #expected: ExpectedDeployment
  readonly #fromBlock: bigint
  readonly #deployment: Deployment

  constructor(
    request: RpcRequest,
    deployment: Deployment,
    cache?: KeepsLogs,
    others?: ReadonlyMap<string, RpcRequest>,
  ) {
    this.#rpc = new HistoryRpc(request, cache, deployment.windows.reorgDepth, others)
    this.#deployment = deployment
    this.#fromBlock = BigInt(deployment.fromBlock)
    const { NodeRegistry, TaskBoard, PhaseLog, Slasher } = deployment.contracts
    this.#expected = {
      chainId: BigInt(deployment.chainId),
      deploymentId: deployment.deploymentId,
      windows: windowsOf(deployment),
      bounty: BigInt(deployment.bountyWei),
      contracts: { NodeRegistry, TaskBoard, PhaseLog, Slasher },
    }
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
    const logs = await this.#ofTask(taskId, upTo)
    const { status } = (await this.#view(
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
    const stated = await this.#views(taskId, head)
    const ofTask = await this.#ofTask(taskId, head)
    if (ofTask.length === 0 && BigInt(stated.task.client) === 0n) throw noTask(taskId, head)
    const transactions = await this.#transactions(ofTask)
    const told = decodeAll(ofTask, transactions).events
    const keys = keysOf(told)
    const ofKeys = await this.#ofKeys(keys, callersOf(told), operatorsOf(told), head)
    await this.#transactions(ofKeys, transactions)
    const views = { ...stated, locks: await this.#locks(taskId, keys, head) }
    const { events, malformed } = decodeAll([...ofTask, ...ofKeys], transactions)
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
    const logs = await this.#logs('TaskBoard', { address, topics }, head)
    const finalized = decodeAll(logs, new Map()).events.flatMap((event) =>
      event.name === 'TaskFinalized' && event.args.taskId === taskId
        ? [{ ...event.args, block: event.block }]
        : [],
    )
    const first = events.find((event) => event.name === 'Checkpointed')
    const clock = new BlockTimes(this.#rpc, true)
    await clock.note([...finalized, ...(first === undefined ? [] : [first])].map(({ block }) => block))
    const view = (contract: ContractName, name: string) => this.#view(contract, name, [taskId], head)
    const stored = (await view('TaskBoard', 'task')) as unknown as TaskViews['task']
    const { status } = (await view('TaskBoard', 'statusOf')) as unknown as TaskViews['status']
    const { last, lastAt } = (await view('PhaseLog', 'head')) as unknown as TaskViews['head']
    const { outcome } = await this.#result(taskId, head)
    const { resultHash } = stored
    return { taskId, finalized, resultHash, status, last, lastAt, outcome, times: clock.times }
  }

  async #code(head: bigint): Promise<Record<ContractName, Hex>> {
    const { contracts } = this.#expected
    return {
      NodeRegistry: await this.#rpc.code(contracts.NodeRegistry.address, head),
      TaskBoard: await this.#rpc.code(contracts.TaskBoard.address, head),
      PhaseLog: await this.#rpc.code(contracts.PhaseLog.address, head),
      Slasher: await this.#rpc.code(contracts.Slasher.address, head),
    }
  }

  async #views(taskId: bigint, head: bigint): Promise<Omit<TaskViews, 'locks'>> {
    const windows = await this.#view('TaskBoard', 'windows', [], head)
    const reduction = (await this.#view('TaskBoard', 'reductionOf', [taskId], head)) as unknown as Pick<
      TaskViews,
      'twinCodeHash'
    >
    const task = (await this.#view('TaskBoard', 'task', [taskId], head)) as unknown as TaskViews['task']
    return {
      twinCodeHash: reduction.twinCodeHash,
      deploymentId: (await this.#view('PhaseLog', 'deploymentId', [], head)) as Digest,
      domainSeparator: (await this.#view('PhaseLog', 'domainSeparator', [], head)) as Digest,
      windows: windows as unknown as TaskViews['windows'],
      task,
      bounty: (await this.#view('NodeRegistry', 'bounty', [], head)) as bigint,
      formWindow: (await this.#view('TaskBoard', 'formWindow', [], head)) as bigint,
      head: (await this.#view('PhaseLog', 'head', [taskId], head)) as unknown as TaskViews['head'],
      convictions: await this.#convictions(taskId, Number(task.members), head),
      status: (await this.#view('TaskBoard', 'statusOf', [taskId], head)) as unknown as TaskViews['status'],
      claimsOpenAt: (await this.#view('TaskBoard', 'claimsOpenAt', [taskId], head)) as unknown as Moment,
      signers: (await this.#view('PhaseLog', 'signersOf', [taskId], head)) as bigint,
      tainted: (await this.#view('Slasher', 'isTainted', [taskId], head)) as boolean,
      result: await this.#result(taskId, head),
      tally: (await this.#view('PhaseLog', 'tally', [taskId], head)) as unknown as TaskViews['tally'],
    }
  }

  async #result(taskId: bigint, head: bigint): Promise<TaskViews['result']> {
    const address = (await this.#view('Slasher', 'results', [], head)) as Address
    return (await this.#viewAt(
      address,
      abis().Results,
      'result',
      [taskId],
      head,
    )) as unknown as TaskViews['result']
  }

  async #convictions(taskId: bigint, members: number, head: bigint): Promise<TaskViews['convictions']> {
    const seats = Array.from({ length: Math.min(members, MEMBERS_MAX) }, (_, member) => BigInt(member))
    const views: AbiValue[] = []
    for (const member of seats) {
      views.push(await this.#view('TaskBoard', 'convictionOf', [taskId, member], head))
    }
    return views as unknown as TaskViews['convictions']
  }

  async #locks(taskId: bigint, keys: readonly Address[], head: bigint): Promise<TaskViews['locks']> {
    const locks = new Map<Address, bigint>()
    for (const key of keys)
      locks.set(key, (await this.#view('NodeRegistry', 'lockOf', [taskId, key], head)) as bigint)
    return locks
  }

  async #view(
    contract: ContractName,
    name: string,
    args: readonly (bigint | Address)[],
    head: bigint,
  ): Promise<AbiValue> {
    return this.#viewAt(this.#expected.contracts[contract].address, abis()[contract], name, args, head)
  }

  async #viewAt(
    address: Address,
    abi: Interface,
    name: string,
    args: readonly (bigint | Address)[],
    head: bigint,
  ): Promise<AbiValue> {
    const data = abi.encodeFunctionData(name, args) as Hex
    const answer = await this.#rpc.call(address, data, head)
    try {
      return decodeResult(abi, name, answer)
    } catch (cause) {
      // no contract there, or another one: the judge says so if there is anything to judge
      if (answer === '0x') return zeroResult(abi, name)
      throw badAnswer('eth_call', `${name}() does not decode`, cause)
    }
  }

  async #ofTask(taskId: bigint, head: bigint): Promise<SourcedLog[]> {
    const { contracts } = this.#expected
    const task: Digest = `0x${taskId.toString(16).padStart(64, '0')}`
    const board = topicsOf('TaskBoard', BOARD_EVENTS)
    const log = topicsOf('PhaseLog', LOG_EVENTS)
    const slasher = topicsOf('Slasher', SLASHER_EVENTS)
    const stakes = topicsOf('NodeRegistry', STAKE_EVENTS)
    return [
      ...(await this.#logs(
        'TaskBoard',
        { address: contracts.TaskBoard.address, topics: [board, [task]] },
        head,
      )),
      ...(await this.#logs('PhaseLog', { address: contracts.PhaseLog.address, topics: [log, [task]] }, head)),
      ...(await this.#logs(
        'NodeRegistry',
        { address: contracts.NodeRegistry.address, topics: [stakes, null, [task]] },
        head,
      )),
      ...(await this.#logs(
        'Slasher',
        { address: contracts.Slasher.address, topics: [slasher, [task]] },
        head,
      )),
    ]
  }

  /** @param callers keys or wallets: whose, only the registry tells */
  async #ofKeys(
    signedUp: readonly Address[],
    callers: readonly Address[],
    told: readonly Address[],
    head: bigint,
  ): Promise<SourcedLog[]> {
    const keys = [...new Set([...signedUp, ...callers])]
    if (keys.length === 0) return []
    const { address } = this.#expected.contracts.NodeRegistry
    const topics = [topicsOf('NodeRegistry', KEY_EVENTS), null, keys.map(topicOf)]
    const ofKeys = await this.#logs('NodeRegistry', { address, topics }, head)
    // the operator is the first topic of KeyRegistered, too: of two that differ, one is right
    const registered = ofKeys.flatMap(({ topics: [, operator] }) => operator ?? [])
    const accounts = (await this.#accountsOf(callers, head)).flatMap(
      ({ topics: [, operator] }) => operator ?? [],
    )
    const operators = [...new Set([...told.map(topicOf), ...registered, ...accounts])]
    const ofOperators = { address, topics: [topicsOf('NodeRegistry', OPERATOR_EVENTS), operators] }
    return [...ofKeys, ...(await this.#logs('NodeRegistry', ofOperators, head))]
  }

  /** Logs by which addresses became wallets. */
  async #accountsOf(wallets: readonly Address[], head: bigint): Promise<SourcedLog[]> {
    if (wallets.length === 0) return []
    const { address } = this.#expected.contracts.NodeRegistry
    const topics = [topicsOf('NodeRegistry', ['WalletSet']), null, wallets.map(topicOf)]
    return this.#logs('NodeRegistry', { address, topics }, head)
  }

  async #logs(contract: ContractName, query: LogQuery, head: bigint): Promise<SourcedLog[]> {
    const logs = await this.#rpc.logs(query, this.#fromBlock, head)
    const stranger = logs.find(({ address }) => address !== query.address)
    if (stranger !== undefined) throw badAnswer('eth_getLogs', `a log of ${stranger.address}`)
    return logs.map((log) => ({ ...log, contract }))
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

const topicOf = (address: Address): Digest => `0x${address.slice(2).padStart(64, '0')}`

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
