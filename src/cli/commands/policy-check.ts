import { join } from 'node:path'
import { connect } from '../../adapters/evm/connect.ts'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import { stockTwins } from '../../adapters/evm/stock-twins.ts'
import { foreignTwinCode } from '../../node/foreign-twin.ts'
import type { Chain } from '../../ports/chain.ts'
import { judge } from '../../policy/judge.ts'
import type { Offer } from '../../policy/offer.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { findReducerByHash } from '../../reducers/catalog.ts'
import { chanceOf } from '../../types/chance.ts'
import type { Address, Digest } from '../../types/ids.ts'
import { goesOn } from '../../types/task.ts'
import { keyOrAddress } from '../account.ts'
import { isLocalChain } from '../local/chains.ts'
import { openDeployment } from '../local/wallets.ts'
import type { PolicyCheckOptions } from '../options.ts'
import { loadPolicy } from '../policy-file.ts'
import type { CommandContext } from '../run-command.ts'
import { allTasks } from '../task-events.ts'
import { parseTaskId, unknownTask } from './task-list.ts'

/** What each rule of a node's policy says to a task at this block. Exit 3 if one of them says no. */
export async function policyCheck(
  id: string,
  options: PolicyCheckOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const deployment = await readDeployment(options.deployment)
  const { policy, source } = loadPolicy(options, isLocalChain(deployment.chainId))
  const key = ownKey(options)
  const chain = await connect({ rpcUrl: options.rpcUrl, deployment, confirmations: 0 })
  try {
    const offer = await readOffer(chain, taskId, key)
    if (offer === null) throw unknownTask(id)
    const bundle = await bundleOf(offer.params.reducer, options)
    const findings = judge(policy, { ...offer, bundle }, stockTwins())
    const joins = findings.every(({ holds }) => holds)
    const lines = findings.map(
      ({ rule, holds, text }) => `${holds ? '✔' : '✖'} ${holds ? 'yes' : 'no '} ${rule.padEnd(13)} ${text}`,
    )
    const verdict = `${key} ${joins ? 'signs up' : 'does not sign up'} for task ${taskId} (policy: ${source})`
    output.result({ taskId, key, source, joins, findings }, [...lines, verdict].join('\n'))
    return joins ? EXIT.ok : EXIT.precondition
  } finally {
    chain.close()
  }
}

/** Who has published the reducer, if it is none of this package: a node that has it asks its policy about them. */
async function bundleOf(reducer: Digest, options: PolicyCheckOptions): Promise<Offer['bundle']> {
  if (findReducerByHash(reducer) !== null) return null
  const { findBundle } = await import('../app/find-bundle.ts')
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const found = await findBundle(reducer, [], connection)
    return { authors: found?.authors ?? [] }
  } finally {
    connection.close()
  }
}

async function readOffer(chain: Chain, taskId: bigint, key: Address): Promise<Omit<Offer, 'bundle'> | null> {
  const tasks = await allTasks(chain)
  const { published } = tasks.get(taskId) ?? {}
  const [terms, registration] = [await chain.terms(taskId), await chain.registration(key)]
  if (published === undefined || terms === null) return null
  if (registration === null) throw unregistered(key)
  const head = await chain.head()
  const { freeStakeWei: freeWei, lockedStakeWei: lockedWei, allowance } = registration
  const pendingWei = [...tasks.values()]
    .filter(({ isSettled, keys }) => !isSettled && keys.has(key))
    .reduce((sum, { published: { params } }) => sum + params.stakePerNode, 0n)
  const stake = { freeWei, lockedWei, pendingWei }
  const { lockTailBlocks, lockTailSeconds } = chain
  const time = Number((await chain.latest()).time)
  const chance = chanceOf(Number(chain.domain.chainId))
  const { params } = published
  const isLine = goesOn(params) && ((await chain.isLine?.(terms.client)) ?? false)
  const twinCode = await foreignTwinCode(chain, params, terms, stockTwins())
  const task = { params, terms, twinCode, isLine, chance }
  return { ...task, head, time, lockTailBlocks, lockTailSeconds, stake, allowance }
}

/** Address of the node's signing key, which takes no password. @throws RsdpError E_NO_KEY, E_KEY_FORMAT */
function ownKey({ dataDir, keyFile }: PolicyCheckOptions): Address {
  return keyOrAddress(keyFile ?? join(dataDir, 'key'))
}

function unregistered(key: Address): RsdpError {
  return new RsdpError({
    code: 'E_KEY_UNREGISTERED',
    message: `the signing key ${key} is not registered on this deployment`,
    hint: 'register it with its operator’s wallet: rsdp node register',
    exit: EXIT.precondition,
    details: { key },
  })
}
