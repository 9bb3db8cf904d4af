import type { ExpectedDeployment } from '../../ports/chain-history.ts'
import type { ContractName } from '../../ports/history-events.ts'
import type { Address, Digest } from '../../types/ids.ts'
import type { SourcedLog } from './history-events.ts'
import {
  BOARD_EVENTS,
  KEY_EVENTS,
  LOG_EVENTS,
  OPERATOR_EVENTS,
  SLASHER_EVENTS,
  STAKE_EVENTS,
  topicsOf,
} from './history-events.ts'
import type { HistoryRpc, LogQuery } from './history-rpc.ts'
import { badAnswer } from './history-rpc.ts'

/** Logs of a deployment's contracts, from its first block up to one. */
export class HistoryLogs {
  readonly #rpc: HistoryRpc
  readonly #contracts: ExpectedDeployment['contracts']
  readonly #fromBlock: bigint

  constructor(rpc: HistoryRpc, contracts: ExpectedDeployment['contracts'], fromBlock: bigint) {
    this.#rpc = rpc
    this.#contracts = contracts
    this.#fromBlock = fromBlock
  }

  async ofTask(taskId: bigint, head: bigint): Promise<SourcedLog[]> {
    const contracts = this.#contracts
    const task: Digest = `0x${taskId.toString(16).padStart(64, '0')}`
    const board = topicsOf('TaskBoard', BOARD_EVENTS)
    const log = topicsOf('PhaseLog', LOG_EVENTS)
    const slasher = topicsOf('Slasher', SLASHER_EVENTS)
    const stakes = topicsOf('NodeRegistry', STAKE_EVENTS)
    const { TaskBoard, PhaseLog, NodeRegistry, Slasher } = contracts
    const logs = await together([
      this.of('TaskBoard', { address: TaskBoard.address, topics: [board, [task]] }, head),
      this.of('PhaseLog', { address: PhaseLog.address, topics: [log, [task]] }, head),
      this.of('NodeRegistry', { address: NodeRegistry.address, topics: [stakes, null, [task]] }, head),
      this.of('Slasher', { address: Slasher.address, topics: [slasher, [task]] }, head),
    ])
    return logs.flat()
  }

  /** @param callers keys or wallets: whose, only the registry tells */
  async ofKeys(
    signedUp: readonly Address[],
    callers: readonly Address[],
    told: readonly Address[],
    head: bigint,
  ): Promise<SourcedLog[]> {
    const keys = [...new Set([...signedUp, ...callers])]
    if (keys.length === 0) return []
    const { address } = this.#contracts.NodeRegistry
    const topics = [topicsOf('NodeRegistry', KEY_EVENTS), null, keys.map(topicOf)]
    const [ofKeys, accounts, ofTold] = await together([
      this.of('NodeRegistry', { address, topics }, head),
      this.#accountsOf(callers, head),
      this.#ofOperators(told.map(topicOf), head),
    ])
    // the operator is the first topic of KeyRegistered, too: of two that differ, one is right
    const operators = new Set([...ofKeys, ...accounts].flatMap(({ topics: [, operator] }) => operator ?? []))
    for (const operator of told) operators.delete(topicOf(operator))
    const ofOthers = await this.#ofOperators([...operators], head)
    const inOrder = [...ofTold, ...ofOthers].sort(
      (a, b) => Number(a.block - b.block) || Number(a.logIndex - b.logIndex),
    )
    return [...ofKeys, ...inOrder]
  }

  async #ofOperators(operators: readonly Digest[], head: bigint): Promise<SourcedLog[]> {
    if (operators.length === 0) return []
    const { address } = this.#contracts.NodeRegistry
    return this.of(
      'NodeRegistry',
      { address, topics: [topicsOf('NodeRegistry', OPERATOR_EVENTS), operators] },
      head,
    )
  }

  /** Logs by which addresses became wallets. */
  async #accountsOf(wallets: readonly Address[], head: bigint): Promise<SourcedLog[]> {
    if (wallets.length === 0) return []
    const { address } = this.#contracts.NodeRegistry
    const topics = [topicsOf('NodeRegistry', ['WalletSet']), null, wallets.map(topicOf)]
    return this.of('NodeRegistry', { address, topics }, head)
  }

  async of(contract: ContractName, query: LogQuery, head: bigint): Promise<SourcedLog[]> {
    const logs = await this.#rpc.logs(query, this.#fromBlock, head)
    const stranger = logs.find(({ address }) => address !== query.address)
    if (stranger !== undefined) throw badAnswer('eth_getLogs', `a log of ${stranger.address}`)
    return logs.map((log) => ({ ...log, contract }))
  }
}

const topicOf = (address: Address): Digest => `0x${address.slice(2).padStart(64, '0')}`

/** Results of all, or the first failure, once nothing is under way any more: what the others have read is kept. */
async function together<T extends readonly unknown[] | []>(
  reads: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(reads)
  return Promise.all(reads)
}
