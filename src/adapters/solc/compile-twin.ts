import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'

/** Code of a twin: what a transaction brings, and what is there afterwards. */
export interface CompiledTwin {
  readonly creation: Hex
  readonly runtime: Hex
}

/** The contract’s name, whatever the file’s. */
const CONTRACT = 'Twin'
const WHY_CHARS_MAX = 600

interface SolcOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, SolcContract>>>>
}

interface SolcContract {
  readonly abi: readonly { readonly type: string; readonly inputs?: readonly unknown[] }[]
  readonly evm: {
    readonly bytecode: { readonly object: string; readonly linkReferences: object }
    readonly deployedBytecode: { readonly object: string; readonly immutableReferences: object }
  }
}

/**
 * Compiles the contract `Twin` of a file, which imports what is in its folder and nothing else. The same source is the same code everywhere:
 * without metadata, and nothing that a constructor could write into it.
 *
 * @throws RsdpError E_NO_SOLC, E_TWIN
 */
export async function compileTwin(file: string): Promise<CompiledTwin> {
  const { default: solc } = await import('solc').catch((cause: unknown) => {
    throw noSolc(cause)
  })
  const name = basename(file)
  const input = {
    language: 'Solidity',
    sources: { [name]: { content: readFileSync(file, 'utf8') } },
    settings: {
      // what chains of these years have
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 800 },
      viaIR: true,
      metadata: { appendCBOR: false },
      outputSelection: { [name]: { [CONTRACT]: ['abi', 'evm.bytecode', 'evm.deployedBytecode'] } },
    },
  }
  const found = (path: string): { contents: string } | { error: string } => {
    const at = normalize(path)
    const isInside = !at.startsWith('..') && !at.startsWith('/')
    const place = join(dirname(file), at)
    return isInside && existsSync(place)
      ? { contents: readFileSync(place, 'utf8') }
      : { error: 'not in the folder of the application' }
  }
  const compile = solc.compile as (input: string, imports: object) => string
  const output = JSON.parse(compile(JSON.stringify(input), { import: found })) as SolcOutput
  const error = output.errors?.find(({ severity }) => severity === 'error')
  if (error !== undefined) throw noTwin(file, error.formattedMessage)
  const contract = output.contracts?.[name]?.[CONTRACT]
  if (contract === undefined) throw noTwin(file, `it has no contract ${CONTRACT}`)
  const { bytecode, deployedBytecode } = contract.evm
  if (bytecode.object === '') throw noTwin(file, `${CONTRACT} leaves functions out`)
  const isGiven = contract.abi.some(({ type, inputs = [] }) => type === 'constructor' && inputs.length > 0)
  const isWritten = Object.keys(deployedBytecode.immutableReferences).length > 0
  const isLinked = Object.keys(bytecode.linkReferences).length > 0
  if (isGiven || isWritten || isLinked)
    throw noTwin(file, 'its code would not be the same everywhere: no constructor, immutable or library')
  return { creation: `0x${bytecode.object}`, runtime: `0x${deployedBytecode.object}` }
}

function noTwin(file: string, why: string): RsdpError {
  return new RsdpError({
    code: 'E_TWIN',
    message: `${file} is no twin: ${why.replaceAll(/\s*\n\s*/g, ' ').slice(0, WHY_CHARS_MAX)}`,
    hint: 'rsdp app new --twin shows one',
    exit: EXIT.precondition,
  })
}

function noSolc(cause: unknown): RsdpError {
  return new RsdpError({
    code: 'E_NO_SOLC',
    message: 'a twin needs the package solc, which is not installed',
    hint: 'npm install solc@0.8.37',
    exit: EXIT.precondition,
    cause,
  })
}
