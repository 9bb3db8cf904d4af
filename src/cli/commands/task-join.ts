import { EvmChain } from '../../adapters/evm/evm-chain.ts'
import { join } from '../../adapters/evm/operator.ts'
import { stockTwins } from '../../adapters/evm/stock-twins.ts'
import { keccak } from '../../codec/hex.ts'
import { foreignTwinCode } from '../../node/foreign-twin.ts'
import { impurity } from '../../policy/twin-code.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { findReducerByHash } from '../../reducers/catalog.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import type { TaskSendOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { inTokens, readToken } from '../stake-view.ts'
import { allTasks } from '../task-events.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'
import { parseAddress } from '../account.ts'
import { parseTaskId, unknownTask } from './task-list.ts'

/** Signs a key up with its operator's wallet, which no allowance and no policy bounds: a person looks at the terms. */
export function taskJoin(
  id: string,
  keyText: string,
  options: TaskSendOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const key = parseAddress(keyText)
  return withWallet(options, context, async ({ connection, wallet, agreed }) => {
    const { output } = context
    const chain = new EvmChain(connection, null, 0)
    const published = (await allTasks(chain)).get(taskId)?.published
    const terms = await chain.terms(taskId)
    if (published === undefined || terms === null) throw unknownTask(id)
    const { params, client, paramsHash } = published
    if (terms.client !== client || terms.paramsHash !== paramsHash) throw changed(taskId)
    const token = await readToken(connection)
    const reward = (params.rewardPerHeight * BigInt(params.heights)) / BigInt(params.maxNodes)
    const twinCode = await foreignTwinCode(chain, params, terms, stockTwins())
    const go = await agreed([
      `join     task ${taskId} of ${client} with ${key}`,
      `reducer  ${findReducerByHash(params.reducer)?.id ?? params.reducer}, twin ${twinText(params.twin, terms.twinCodeHash, twinCode)}`,
      `lock     ${inTokens(params.stakePerNode, token)} until the evidence window after block ${params.endBlock} is over`,
      `reward   at least ${inTokens(reward, token)} for all ${params.heights} heights`,
    ])
    const facts = { taskId, key, ...terms, lockWei: params.stakePerNode }
    if (!go) {
      output.result({ dryRun: true, ...facts, transaction: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const done = await join(wallet, taskId, key, terms)
    output.result(
      { dryRun: false, ...facts, transaction: done },
      `signed up ${key} for task ${taskId} in block ${done.block}  ${done.hash}`,
    )
    return EXIT.ok
  })
}

function twinText(twin: Address, codeHash: Digest, code: Hex | null): string {
  if (BigInt(twin) === 0n) return 'none'
  const stock = stockTwins().get(codeHash)
  if (stock !== undefined) return `stock, of ${stock}`
  return code !== null && keccak(code) === codeHash && impurity(code) === null
    ? `pure, ${twin}: it says the same to everybody`
    : `FOREIGN, ${twin}: its client can have it say what it likes`
}

function changed(taskId: bigint): RsdpError {
  return new RsdpError({
    code: 'E_OTHER_TERMS',
    message: `the chain has another task under number ${taskId} than its events say`,
    hint: 'a re-organisation may just have happened: look again, or ask another RPC endpoint',
    exit: EXIT.mismatch,
    details: { taskId },
  })
}
