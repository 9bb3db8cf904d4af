import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import { readOutcome } from '../../adapters/evm/reads.ts'
import { publishedWork } from '../app/published-work.ts'
import { openDeployment } from '../local/wallets.ts'
import type { ChainOptions } from '../options.ts'
import { toJson } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { inTokens, readToken } from '../stake-view.ts'
import { parseTaskId, summary, unknownTask } from './task-list.ts'

/** Where one task stands, as the contracts say at this block. */
export async function taskStatus(
  id: string,
  options: ChainOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const { board } = connection.contracts
    const task = await summary(connection, taskId)
    if (task.status === 'None') throw unknownTask(id)
    const block = await connection.read(connection.provider.getBlockNumber())
    const view = await connection.read(board.task(taskId))
    const signups = (await connection.read(board.signupsOf(taskId))).map(
      (key) => key.toLowerCase() as Address,
    )
    const token = await readToken(connection)
    const outcome = await readOutcome(connection, taskId)
    const work = await publishedWork(connection, taskId)
    const facts = {
      ...task,
      block,
      signups,
      formBlock: Number(view.formBlock),
      events: Number(view.eventsPosted),
      revokedBlock: view.revokedBlock === 0n ? null : Number(view.revokedBlock),
      escrowWei: view.escrow,
      former: view.formFee === 0n ? null : view.former.toLowerCase(),
      formFeeWei: view.formFee,
      stakePerNodeWei: view.stakePerNode,
      resultHash: task.finalized ? view.resultHash : null,
      outcome,
      ...work,
    }
    const rows: readonly (readonly [string, string])[] = [
      ['task', `${id}  ${task.status} at block ${block}`],
      ['client', task.client],
      ['reducer', work.reducer],
      ['params', work.params === null ? work.reducerParams : toJson(work.params)],
      ...(facts.revokedBlock === null ? [] : [['revoked', `in block ${facts.revokedBlock}`] as const]),
      [
        'cluster',
        task.members === 0 ? 'not drawn yet' : `${task.members} members since block ${facts.formBlock}`,
      ],
      ['sign-ups', String(signups.length)],
      ['height', `${task.height} accepted by the chain`],
      ['events', String(facts.events)],
      ['escrow', inTokens(facts.escrowWei, token)],
      ...(facts.former === null
        ? []
        : [['drawing', `${inTokens(facts.formFeeWei, token)} earned by ${facts.former}`] as const]),
      ['lock', `${inTokens(facts.stakePerNodeWei, token)} a member`],
      ['result', `${facts.resultHash ?? 'not published yet'}  ${outcome}`],
    ]
    output.result(facts, rows.map(([what, value]) => `${what.padEnd(9)} ${value}`).join('\n'))
    return EXIT.ok
  } finally {
    connection.close()
  }
}
