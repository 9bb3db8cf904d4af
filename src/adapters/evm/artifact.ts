import { readFileSync } from 'node:fs'
import type { JsonFragment } from 'ethers'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'

/** What the compiler made of a contract: more than is named here. */
export interface Artifact {
  readonly abi: readonly JsonFragment[]
  readonly deployedBytecode: Hex
  /** Where the constructor writes what it is given, by variable. */
  readonly immutableReferences: Readonly<
    Record<string, readonly { readonly start: number; readonly length: number }[]>
  >
}

/**
 * From the compiler's files. The page's build puts the interfaces in the place of this module: a browser has no files.
 *
 * @param name below `contracts`: `TaskBoard.sol/TaskBoard`. @throws RsdpError E_NO_ARTIFACTS
 */
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
