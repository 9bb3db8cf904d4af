import { readDeployment } from '../../adapters/evm/deployment.ts'
import { POLICY_KEYS } from '../../policy/explain.ts'
import type { Policy } from '../../policy/policy.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { isLocalChain } from '../local/chains.ts'
import type { PolicyOptions } from '../options.ts'
import type { PolicyInForce } from '../policy-file.ts'
import { loadPolicy } from '../policy-file.ts'
import type { CommandContext } from '../run-command.ts'

/** The policy in force. As text it is a policy file. */
export async function policyShow(options: PolicyOptions, { output }: CommandContext): Promise<ExitCode> {
  const { policy, source } = await inForce(options)
  output.result({ source, policy }, JSON.stringify(policy, null, 2))
  return EXIT.ok
}

/** What each key means, with its value. */
export async function policyExplain(options: PolicyOptions, { output }: CommandContext): Promise<ExitCode> {
  const { policy, source } = await inForce(options)
  const keys = Object.entries(POLICY_KEYS).map(([key, meaning]) => ({
    key,
    value: policy[key as keyof Policy],
    meaning,
  }))
  const lines = keys.map(({ key, value, meaning }) => `${key} = ${JSON.stringify(value)}\n    ${meaning}`)
  output.result({ source, keys }, [`policy: ${source}`, ...lines].join('\n'))
  return EXIT.ok
}

async function inForce(options: PolicyOptions): Promise<PolicyInForce> {
  const { chainId } = await readDeployment(options.deployment)
  return loadPolicy(options, isLocalChain(chainId))
}
