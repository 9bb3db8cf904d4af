import { readFileSync } from 'node:fs'
import { Interface } from 'ethers'
import type { JsonFragment } from 'ethers'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import type { BundleStoreInterface } from '../../../types/ethers-contracts/BundleStore.ts'
import type { NodeRegistryInterface } from '../../../types/ethers-contracts/NodeRegistry.ts'
import type { ResultsInterface } from '../../../types/ethers-contracts/Results.ts'
import type { PhaseLogInterface } from '../../../types/ethers-contracts/PhaseLog.ts'
import type { SlasherInterface } from '../../../types/ethers-contracts/Slasher.ts'
import type { TaskBoardInterface } from '../../../types/ethers-contracts/TaskBoard.ts'
import type { StakeTokenInterface } from '../../../types/ethers-contracts/dev/StakeToken.ts'

export interface Abis {
  readonly StakeToken: StakeTokenInterface
  readonly NodeRegistry: NodeRegistryInterface
  readonly PhaseLog: PhaseLogInterface
  readonly Slasher: SlasherInterface
  readonly Results: ResultsInterface
  readonly TaskBoard: TaskBoardInterface
  readonly BundleStore: BundleStoreInterface
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
  }
  return loaded
}

/** What the compiler made of a contract: more than is named here. */
export interface Artifact {
  readonly abi: readonly JsonFragment[]
  readonly deployedBytecode: Hex
  /** Where the constructor writes what it is given, by variable. */
  readonly immutableReferences: Readonly<
    Record<string, readonly { readonly start: number; readonly length: number }[]>
  >
}

const load = (name: string): Interface => new Interface(readArtifact(name).abi)

/** @param name below `contracts`: `TaskBoard.sol/TaskBoard`. @throws RsdpError E_NO_ARTIFACTS */
export function readArtifact(name: string): Artifact {
  const path = new URL(`../../../artifacts/contracts/${name}.json`, import.meta.url)
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Artifact
  } catch (cause) {
    throw new RsdpError({
      code: 'E_NO_ARTIFACTS',
      message: `no compiled contract ${name.split('/').at(-1) ?? name}`,
      hint: 'compile the contracts: npx hardhat build',
      exit: EXIT.precondition,
      cause,
    })
  }
}
