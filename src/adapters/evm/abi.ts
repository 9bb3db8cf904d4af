import { readFileSync } from 'node:fs'
import { Interface } from 'ethers'
import type { JsonFragment } from 'ethers'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { NodeRegistryInterface } from '../../../types/ethers-contracts/NodeRegistry.ts'
import type { PhaseLogInterface } from '../../../types/ethers-contracts/PhaseLog.ts'
import type { SlasherInterface } from '../../../types/ethers-contracts/Slasher.ts'
import type { TaskBoardInterface } from '../../../types/ethers-contracts/TaskBoard.ts'
import type { StakeTokenInterface } from '../../../types/ethers-contracts/dev/StakeToken.ts'

export interface Abis {
  readonly StakeToken: StakeTokenInterface
  readonly NodeRegistry: NodeRegistryInterface
  readonly PhaseLog: PhaseLogInterface
  readonly Slasher: SlasherInterface
  readonly TaskBoard: TaskBoardInterface
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
    TaskBoard: load('TaskBoard.sol/TaskBoard') as TaskBoardInterface,
  }
  return loaded
}

function load(name: string): Interface {
  const path = new URL(`../../../artifacts/contracts/${name}.json`, import.meta.url)
  try {
    const { abi } = JSON.parse(readFileSync(path, 'utf8')) as { readonly abi: readonly JsonFragment[] }
    return new Interface(abi)
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
