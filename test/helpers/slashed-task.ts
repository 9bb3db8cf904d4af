import { readEvidenceCall } from '../../src/audit/evidence/call.ts'
import type { AuditReport, Conviction, Penalty } from '../../src/audit/report.ts'
import { membersOf } from '../../src/codec/bitmap.ts'
import { OFFENCES } from '../../src/audit/evidence/verdict.ts'
import type { Address, Hex } from '../../src/types/ids.ts'
import type { FaultyNetwork } from './faulty-network.ts'

/** A conviction as the slasher emitted it. */
export type ChainConviction = Omit<Conviction, 'because'> & { readonly evidence: Hex }

/** What the contracts of a network hold at one block: all that a test compares is of the same moment. */
export class ChainMoment {
  readonly #network: FaultyNetwork
  readonly block: number

  constructor(network: FaultyNetwork, { head }: Pick<AuditReport, 'head'>) {
    this.#network = network
    this.block = head
  }

  async convictions(taskId: bigint): Promise<ChainConviction[]> {
    const { slasher } = this.#network.connection.contracts
    const logs = await slasher.queryFilter(slasher.filters.Convicted(taskId), 0, this.block)
    return logs.map(({ args, blockNumber, transactionHash }) => ({
      member: Number(args.member),
      offence: OFFENCES[Number(args.offence)] as Conviction['offence'],
      height: args.height,
      first: args.first as Hex,
      second: args.second as Hex,
      percent: Number(args.percent),
      reporter: args.reporter.toLowerCase() as Address,
      block: blockNumber,
      transaction: transactionHash as Hex,
      evidence: args.evidence as Hex,
    }))
  }

  /** Penalties of a task; of all tasks without one. */
  async penalties(taskId?: bigint): Promise<Penalty[]> {
    const { board } = this.#network.connection.contracts
    const logs = await board.queryFilter(board.filters.Penalised(taskId), 0, this.block)
    return logs.map(({ args, blockNumber, transactionHash }) => ({
      member: Number(args.member),
      operator: args.operator.toLowerCase() as Address,
      percent: Number(args.percent),
      amount: args.amount,
      credited:
        BigInt(args.reporter) === 0n
          ? null
          : { reporter: args.reporter.toLowerCase() as Address, amount: args.credit },
      block: blockNumber,
      transaction: transactionHash as Hex,
    }))
  }

  lockOf(taskId: bigint, key: Address): Promise<bigint> {
    return this.#network.connection.contracts.registry.lockOf(taskId, key, { blockTag: this.block })
  }

  creditOf(account: Address): Promise<bigint> {
    return this.#network.connection.contracts.registry.creditOf(account, { blockTag: this.block })
  }

  burnt(): Promise<bigint> {
    return this.#network.connection.contracts.registry.burnt({ blockTag: this.block })
  }
}

/** Members whose CONFIRM of the wrong value stands in a proof of a wrong reduction; of other proofs nobody. */
export function misledBy(evidence: Hex): readonly number[] {
  const call = readEvidenceCall(evidence)
  return call?.name === 'wrongReduction' ? membersOf(call.confirmers.members) : []
}
