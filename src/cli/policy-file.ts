import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readRegularFile } from '../adapters/files/regular-file.ts'
import type { Policy } from '../policy/policy.ts'
import { defaultPolicy } from '../policy/policy.ts'
import { parsePolicy } from '../policy/schema.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'

export interface PolicyInForce {
  readonly policy: Policy
  /** Its file, or which default. */
  readonly source: string
}

/** The policy of `--policy`, else of the data directory, else the default of such a chain. @throws RsdpError E_POLICY */
export function loadPolicy(
  { dataDir, policy: given }: { readonly dataDir?: string; readonly policy?: string },
  isLocalChain: boolean,
): PolicyInForce {
  const own = dataDir === undefined ? null : join(dataDir, 'policy.json')
  const path = given ?? (own !== null && existsSync(own) ? own : null)
  if (path !== null) return { policy: readPolicy(path), source: path }
  const source = isLocalChain ? 'default of local chains' : 'default'
  return { policy: defaultPolicy(isLocalChain), source }
}

function readPolicy(path: string): Policy {
  let value: unknown
  try {
    value = JSON.parse(readRegularFile(path).toString('utf8'))
  } catch (cause) {
    throw malformed(path, [(cause as Error).message])
  }
  const parsed = parsePolicy(value)
  if (!parsed.ok) throw malformed(path, parsed.problems)
  return parsed.policy
}

function malformed(path: string, problems: readonly string[]): RsdpError {
  return new RsdpError({
    code: 'E_POLICY',
    message: `${path} is not a policy: ${problems.join('; ')}`,
    hint: 'begin with what rsdp policy show prints; rsdp policy explain says what each key means',
    exit: EXIT.usage,
    details: { path, problems },
  })
}
