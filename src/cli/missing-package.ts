import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'

/** The packages of local chains and deployments, which an installation may leave out. */
const OPTIONAL = /'(hardhat|@nomicfoundation\/[\w-]+)'/

/** A module that an installation without optional dependencies lacks, as an error of ours; null for every other error. */
export function missingPackage(error: unknown): RsdpError | null {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND')
    return null
  const name = OPTIONAL.exec(error.message)?.[1]
  if (name === undefined) return null
  return new RsdpError({
    code: 'E_NO_HARDHAT',
    message: `local chains and deployments need ${name}, which is not installed`,
    hint: 'install rsdp without --omit=optional',
    exit: EXIT.precondition,
    details: { package: name },
    cause: error,
  })
}
