import type { Hex } from '../../types/ids.ts'
import type { Artifact } from './artifact.ts'
import { readArtifact } from './artifact.ts'
import type { ContractName } from './deployment.ts'

/**
 * Whether code on a chain is what the source here compiles to, but for what its constructor was given, which is written
 * into the code and has to be read from the contract. Metadata count: with another comment it is another code.
 *
 * @throws RsdpError E_NO_ARTIFACTS
 */
export function isCompiledCode(
  name: Exclude<ContractName, 'StakeToken'> | 'Drawing' | 'Admission',
  code: Hex,
): boolean {
  const artifact = readArtifact(`${name}.sol/${name}`)
  const { deployedBytecode } = artifact
  return (
    code.length === deployedBytecode.length && blank(code, artifact) === blank(deployedBytecode, artifact)
  )
}

function blank(code: Hex, { immutableReferences }: Artifact): string {
  const bytes = Buffer.from(code.slice(2), 'hex')
  for (const { start, length } of Object.values(immutableReferences).flat())
    bytes.fill(0, start, start + length)
  return bytes.toString('hex')
}
