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
    const windows = await this.one('TaskBoard', 'windows', [], head)
    const reduction = (await this.one('TaskBoard', 'reductionOf', [taskId], head)) as unknown as Pick<
      TaskViews,
      'twinCodeHash'
    >
    const task = (await this.one('TaskBoard', 'task', [taskId], head)) as unknown as TaskViews['task']
    return {
      twinCodeHash: reduction.twinCodeHash,
      deploymentId: (await this.one('PhaseLog', 'deploymentId', [], head)) as Digest,
      domainSeparator: (await this.one('PhaseLog', 'domainSeparator', [], head)) as Digest,
      windows: windows as unknown as TaskViews['windows'],
      task,
      bounty: (await this.one('NodeRegistry', 'bounty', [], head)) as bigint,
      formWindow: (await this.one('TaskBoard', 'formWindow', [], head)) as bigint,
      head: (await this.one('PhaseLog', 'head', [taskId], head)) as unknown as TaskViews['head'],
      convictions: await this.#convictions(taskId, Number(task.members), head),
      status: (await this.one('TaskBoard', 'statusOf', [taskId], head)) as unknown as TaskViews['status'],
      claimsOpenAt: (await this.one('TaskBoard', 'claimsOpenAt', [taskId], head)) as unknown as Moment,
      signers: (await this.one('PhaseLog', 'signersOf', [taskId], head)) as bigint,
      tainted: (await this.one('Slasher', 'isTainted', [taskId], head)) as boolean,
      result: await this.result(taskId, head),
      tally: (await this.one('PhaseLog', 'tally', [taskId], head)) as unknown as TaskViews['tally'],
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
    const views: AbiValue[] = []
    for (const member of seats) {
      views.push(await this.one('TaskBoard', 'convictionOf', [taskId, member], head))
    }
    return views as unknown as TaskViews['convictions']
  }

  async locks(taskId: bigint, keys: readonly Address[], head: bigint): Promise<TaskViews['locks']> {
    const locks = new Map<Address, bigint>()
    for (const key of keys)
      locks.set(key, (await this.one('NodeRegistry', 'lockOf', [taskId, key], head)) as bigint)
    return locks
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
