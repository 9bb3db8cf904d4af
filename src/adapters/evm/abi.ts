import { Interface } from 'ethers'
import type { BundleStoreInterface } from '../../../types/ethers-contracts/BundleStore.ts'
import type { NodeRegistryInterface } from '../../../types/ethers-contracts/NodeRegistry.ts'
import type { ResultsInterface } from '../../../types/ethers-contracts/Results.ts'
import type { PhaseLogInterface } from '../../../types/ethers-contracts/PhaseLog.ts'
import type { SlasherInterface } from '../../../types/ethers-contracts/Slasher.ts'
import type { TaskBoardInterface } from '../../../types/ethers-contracts/TaskBoard.ts'
import type { TaskLineInterface } from '../../../types/ethers-contracts/TaskLine.ts'
import type { TaskLinesInterface } from '../../../types/ethers-contracts/TaskLines.ts'
import type { StakeTokenInterface } from '../../../types/ethers-contracts/dev/StakeToken.ts'
import { readArtifact } from './artifact.ts'

export interface Abis {
  readonly StakeToken: StakeTokenInterface
  readonly NodeRegistry: NodeRegistryInterface
  readonly PhaseLog: PhaseLogInterface
  readonly Slasher: SlasherInterface
  readonly Results: ResultsInterface
  readonly TaskBoard: TaskBoardInterface
  readonly BundleStore: BundleStoreInterface
  readonly TaskLine: TaskLineInterface
  readonly TaskLines: TaskLinesInterface
}

let loaded: Abis | null = null

/** The contracts' interfaces as the compiler wrote them. @throws RsdpError E_NO_ARTIFACTS */
export function abis(): Abis {
  // what the bindings say about the interfaces was generated from the same artifacts
  loaded ??= {
    StakeToken: load('dev/StakeToken.sol/StakeToken') as StakeTokenInterface,
    NodeRegistry: load('NodeRegistry.sol/NodeRegistry') as NodeRegistryInterface,
    PhaseLog: load('PhaseLog.sol/PhaseLog') as PhaseLogInterface,
    Slasher: load('Slasher.sol/Slasher') as SlasherInterface,
    Results: load('Results.sol/Results') as ResultsInterface,
    TaskBoard: load('TaskBoard.sol/TaskBoard') as TaskBoardInterface,
    BundleStore: load('BundleStore.sol/BundleStore') as BundleStoreInterface,
    TaskLine: load('TaskLine.sol/TaskLine') as TaskLineInterface,
    TaskLines: load('TaskLines.sol/TaskLines') as TaskLinesInterface,
  }
  return loaded
}

const load = (name: string): Interface => new Interface(readArtifact(name).abi)
