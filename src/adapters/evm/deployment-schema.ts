import { z } from 'zod'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest } from '../../types/ids.ts'

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`), `expected 0x and ${2 * bytes} hex digits`)
const address = hex(20).transform((text) => text.toLowerCase() as Address)
const digest = hex(32).transform((text) => text.toLowerCase() as Digest)
const block = z.int().nonnegative()
const seconds = block

const contract = z.object({ address, block, tx: digest, codeHash: digest })
/** An existing token was deployed by somebody else: block and tx are null. */
const token = z.object({ address, block: block.nullable(), tx: digest.nullable(), codeHash: digest })

/** `deployments/<chainId>.json`. Unknown fields are kept out, so that a newer file of the same schema can be read. */
export const deploymentSchema = z.object({
  schema: z.literal(1),
  chainId: z.int().positive(),
  deployer: address,
  deployedAt: z.string(),
  /** Nothing of this deployment happened before; where reading the history starts. */
  fromBlock: block,
  /** PhaseLog's deploymentId, which a chain started again does not repeat. */
  deploymentId: digest,
  /** How good the chance is that draws clusters on this chain: `chanceOf(chainId)`, when the file was written. */
  chance: z.enum(['good', 'weak', 'local']),
  /** Least blocks, and least seconds; both have to pass. `taskSecondsMax` 0: blocks alone count. */
  windows: z.object({
    taskBlocksMax: block,
    closeGrace: block,
    evidence: block,
    reorgDepth: block,
    jail: block,
    unbonding: block,
    taskSecondsMax: seconds,
    graceSeconds: seconds,
    evidenceSeconds: seconds,
    seedDelaySeconds: seconds,
    jailSeconds: seconds,
    unbondingSeconds: seconds,
  }),
  /** Most that a proof is worth to its reporter, token wei. */
  bountyWei: z.string().regex(/^\d+$/, 'expected a number of wei'),
  contracts: z.object({
    StakeToken: token,
    NodeRegistry: contract,
    PhaseLog: contract,
    Slasher: contract,
    TaskBoard: contract,
    BundleStore: contract,
    TaskLines: contract,
  }),
  /** Hashes of the dashboard's page that goes with this deployment: `rsdp verify-page`. Absent: none was pinned. */
  page: z.object({ sha256: digest, keccak256: digest }).optional(),
  /** Where the twin of each stock reducer is, by reducer id. Absent: none was deployed. */
  twins: z.record(z.string(), address).optional(),
})

export type Deployment = z.output<typeof deploymentSchema>
export type ContractName = keyof Deployment['contracts']

/** Checks the text of a deployment file; `path` is for the message. @throws RsdpError E_DEPLOYMENT_FILE */
export function parseDeployment(text: string, path: string): Deployment {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw malformed(path, [(cause as Error).message], cause)
  }
  const parsed = deploymentSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || 'file'}: ${message}`)
  throw malformed(path, problems, parsed.error)
}

function malformed(path: string, problems: readonly string[], cause: unknown): RsdpError {
  return new RsdpError({
    code: 'E_DEPLOYMENT_FILE',
    message: `${path} is not a deployment file: ${problems.join('; ')}`,
    hint: 'deploy again, or restore the file',
    exit: EXIT.usage,
    details: { path, problems },
    cause,
  })
}
