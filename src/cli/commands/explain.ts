import type { Connection } from '../../adapters/evm/connection.ts'
import { accountOf } from '../../adapters/evm/reads.ts'
import { RsdpError } from '../../types/errors.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest } from '../../types/ids.ts'
import { explainConviction, openCourt } from '../court.ts'
import { openDeployment } from '../local/wallets.ts'
import type { ChainOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'

/** Which convictions are asked for: those of a transaction, or those of a key or operator. */
type Question =
  | { readonly transaction: Digest; readonly account: null }
  | { readonly transaction: null; readonly account: Address }

/** Explains a slash: by its transaction, or all of a node's, by its key, operator or wallet. Exit 6 if one does not hold. */
export async function explain(
  what: string,
  options: ChainOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const asked = parseQuestion(what)
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  const { question, taskIds } = await find(connection, asked).finally(() => connection.close())
  const found: { readonly data: unknown; readonly lines: readonly string[]; readonly holds: boolean }[] = []
  for (const taskId of taskIds) {
    const opened = await openCourt(taskId, options)
    for (const [i, conviction] of opened.report.convictions.entries()) {
      const member = opened.court.cluster.members[conviction.member]
      const { transaction, account } = question
      const isAsked =
        transaction === null
          ? [member?.key, member?.operator].includes(account)
          : conviction.transaction === transaction
      const evidence = opened.evidence[i]
      if (!isAsked || evidence === undefined) continue
      const { explanation, lines } = explainConviction(opened, conviction, evidence)
      found.push({ data: { conviction, explanation }, lines, holds: 'proved' in explanation.verdict })
    }
  }
  const nothing = `${what} was part of no conviction`
  const text = found.map(({ lines }) => lines.join('\n')).join('\n\n')
  output.result({ convictions: found.map(({ data }) => data) }, found.length === 0 ? nothing : text)
  return found.every(({ holds }) => holds) ? EXIT.ok : EXIT.mismatch
}

function parseQuestion(text: string): Question {
  const lower = text.toLowerCase()
  if (/^0x[0-9a-f]{64}$/.test(lower)) return { transaction: lower as Digest, account: null }
  if (/^0x[0-9a-f]{40}$/.test(lower)) return { transaction: null, account: lower as Address }
  throw new RsdpError({
    code: 'E_USAGE',
    message: `'${text}' is neither a transaction hash nor an address`,
    hint: 'rsdp explain 0x… takes the transaction of a slash, or the key, operator or wallet of a node',
    exit: EXIT.usage,
  })
}

/** The question about a wallet is one about its operator. */
async function find(
  connection: Connection,
  asked: Question,
): Promise<{ readonly question: Question; readonly taskIds: bigint[] }> {
  const operator = asked.account === null ? null : await accountOf(connection, asked.account)
  const question: Question = operator === null ? asked : { transaction: null, account: operator }
  return { question, taskIds: await tasksOf(connection, question) }
}

/** Tasks in which what is asked about was convicted. */
async function tasksOf(connection: Connection, { transaction, account }: Question): Promise<bigint[]> {
  const { board } = connection.contracts
  const { fromBlock } = connection.deployment
  const logs = await connection.read(board.queryFilter(board.filters.Penalised(), fromBlock))
  const asked = logs.filter(({ args, transactionHash }) =>
    account === null
      ? transactionHash === transaction
      : [args.key.toLowerCase(), args.operator.toLowerCase()].includes(account),
  )
  return [...new Set(asked.map(({ args }) => args.taskId))]
}
