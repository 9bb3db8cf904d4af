import type { Interface } from 'ethers'
import type { AbiValue, ExpectedDeployment, TaskViews } from '../../ports/chain-history.ts'
import type { ContractName } from '../../ports/history-events.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import { MEMBERS_MAX } from '../../types/ids.ts'
import type { Moment } from '../../types/moment.ts'
import { abis } from './abi.ts'
import { decodeResult, zeroResult } from './history-abi.ts'
import type { HistoryRpc } from './history-rpc.ts'
import { badAnswer } from './history-rpc.ts'

/** What the contracts of a deployment answer about a task, as of a block. */
export class HistoryViews {
  readonly #rpc: HistoryRpc
  readonly #contracts: ExpectedDeployment['contracts']

  constructor(rpc: HistoryRpc, contracts: ExpectedDeployment['contracts']) {
    this.#rpc = rpc
    this.#contracts = contracts
  }

  async all(taskId: bigint, head: bigint): Promise<Omit<TaskViews, 'locks'>> {
    const view = async <T>(contract: ContractName, name: string, ...args: bigint[]): Promise<T> =>
      (await this.one(contract, name, args, head)) as unknown as T
    const [windows, reduction, task, deploymentId, domain, bounty, formWindow] = await Promise.all([
      view<TaskViews['windows']>('TaskBoard', 'windows'),
      view<Pick<TaskViews, 'twinCodeHash'>>('TaskBoard', 'reductionOf', taskId),
      view<TaskViews['task']>('TaskBoard', 'task', taskId),
      view<Digest>('PhaseLog', 'deploymentId'),
      view<Digest>('PhaseLog', 'domainSeparator'),
      view<bigint>('NodeRegistry', 'bounty'),
      view<bigint>('TaskBoard', 'formWindow'),
    ])
    const [last, status, claimsOpenAt, signers, tainted, tally, result, convictions] = await Promise.all([
      view<TaskViews['head']>('PhaseLog', 'head', taskId),
      view<TaskViews['status']>('TaskBoard', 'statusOf', taskId),
      view<Moment>('TaskBoard', 'claimsOpenAt', taskId),
      view<bigint>('PhaseLog', 'signersOf', taskId),
      view<boolean>('Slasher', 'isTainted', taskId),
      view<TaskViews['tally']>('PhaseLog', 'tally', taskId),
      this.result(taskId, head),
      this.#convictions(taskId, Number(task.members), head),
    ])
    return {
      ...{
        twinCodeHash: reduction.twinCodeHash,
        deploymentId,
        domainSeparator: domain,
        windows,
        task,
        bounty,
      },
      ...{ formWindow, head: last, convictions, status, claimsOpenAt, signers, tainted, result, tally },
    }
  }

  async result(taskId: bigint, head: bigint): Promise<TaskViews['result']> {
    const address = (await this.one('Slasher', 'results', [], head)) as Address
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
    const views = await Promise.all(
      seats.map((member) => this.one('TaskBoard', 'convictionOf', [taskId, member], head)),
    )
    return views as unknown as TaskViews['convictions']
  }

  async locks(taskId: bigint, keys: readonly Address[], head: bigint): Promise<TaskViews['locks']> {
    const lock = async (key: Address): Promise<[Address, bigint]> => [
      key,
      (await this.one('NodeRegistry', 'lockOf', [taskId, key], head)) as bigint,
    ]
    return new Map(await Promise.all(keys.map(lock)))
  }

  async one(
    contract: ContractName,
    name: string,
    args: readonly (bigint | Address)[],
    head: bigint,
  ): Promise<AbiValue> {
    return this.#viewAt(this.#contracts[contract].address, abis()[contract], name, args, head)
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
}
