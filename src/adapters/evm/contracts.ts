import type { ContractRunner } from 'ethers'
import { Contract } from 'ethers'
import type { BundleStore } from '../../../types/ethers-contracts/BundleStore.ts'
import type { NodeRegistry } from '../../../types/ethers-contracts/NodeRegistry.ts'
import type { PhaseLog } from '../../../types/ethers-contracts/PhaseLog.ts'
import type { Slasher } from '../../../types/ethers-contracts/Slasher.ts'
import type { TaskBoard } from '../../../types/ethers-contracts/TaskBoard.ts'
import type { TaskLines } from '../../../types/ethers-contracts/TaskLines.ts'
import type { StakeToken } from '../../../types/ethers-contracts/dev/StakeToken.ts'
import type { Abis } from './abi.ts'
import { abis } from './abi.ts'
import type { Deployment } from './deployment.ts'

/** The deployment's contracts for reading. What is sent goes through a wallet, as encoded calls. */
export interface Contracts {
  readonly token: StakeToken
  readonly registry: NodeRegistry
  readonly log: PhaseLog
  readonly slasher: Slasher
  readonly board: TaskBoard
  readonly bundles: BundleStore
  readonly lines: TaskLines
}

export function bindContracts({ contracts }: Deployment, runner: ContractRunner): Contracts {
  const { StakeToken, NodeRegistry, PhaseLog, Slasher, TaskBoard, BundleStore, TaskLines } = abis()
  // ethers' Contract gets its methods at run time; the bindings know them
  const bind = (address: string, abi: Abis[keyof Abis]): unknown => new Contract(address, abi, runner)
  return {
    token: bind(contracts.StakeToken.address, StakeToken) as StakeToken,
    registry: bind(contracts.NodeRegistry.address, NodeRegistry) as NodeRegistry,
    log: bind(contracts.PhaseLog.address, PhaseLog) as PhaseLog,
    slasher: bind(contracts.Slasher.address, Slasher) as Slasher,
    board: bind(contracts.TaskBoard.address, TaskBoard) as TaskBoard,
    bundles: bind(contracts.BundleStore.address, BundleStore) as BundleStore,
    lines: bind(contracts.TaskLines.address, TaskLines) as TaskLines,
  }
}
