import { openHistory } from '../../adapters/evm/open-history.ts'
import { fromHex, keccak } from '../../codec/hex.ts'
import { findReducerByHash } from '../../reducers/catalog.ts'
import type { AnyReducer } from '../../reducers/catalog.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { NIL } from '../../types/ids.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import type { Outcome } from '../../types/task.ts'
import { OUTCOMES } from '../../types/task.ts'
import { openDeployment } from '../local/wallets.ts'
import type { TaskResultOptions } from '../options.ts'
import { toJson } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { parseTaskId } from './task-list.ts'

/**
 * The published result of a task, held against the hash that the contract took it by, and decoded if its reducer is
 * known. Exit 5 if none is published yet. How the result came about is for `audit` to say.
 */
export async function taskResult(
  id: string,
  options: TaskResultOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  const history = openHistory(options.rpcUrl, connection.deployment)
  try {
    const { events, views } = await history.read(taskId)
    const published = events.find((event) => event.name === 'TaskPublished')
    const finalized = events.find((event) => event.name === 'TaskFinalized')
    if (views.task.resultHash === NIL || finalized === undefined) throw notFinal(id)
    const { result, height } = finalized.args
    requireHash(id, result, views.task.resultHash)
    const described = options.app === undefined ? null : await appReducer(options.app)
    const decoded = published === undefined ? null : decode(described, published.args.params.reducer, result)
    const outcome = OUTCOMES[Number(views.result.outcome)] ?? 'pending'
    const facts = {
      taskId,
      outcome,
      height,
      resultHash: views.task.resultHash,
      result,
      block: finalized.block,
    }
    output.result(
      { ...facts, reducer: decoded?.reducer ?? null, value: decoded?.value ?? null },
      [
        `task     ${id}  result of height ${height}, published in block ${finalized.block}`,
        `hash     ${views.task.resultHash}`,
        `reducer  ${decoded?.reducer ?? 'unknown here'}`,
        `result   ${decoded === null ? result : toJson(decoded.value)}`,
        `outcome  ${outcome}: ${MEANING[outcome]}`,
      ].join('\n'),
    )
    return EXIT.ok
  } finally {
    history.close()
    connection.close()
  }
}

const MEANING: Readonly<Record<Outcome, string>> = {
  pending: 'it may still be challenged, so nothing should be built on it yet',
  final: 'the evidence window has passed, it stays as it is',
  tainted: 'a height below it is refuted, or too few of its signers stand: build nothing on it',
}

interface AppReducer {
  readonly id: Digest
  readonly reducer: AnyReducer
}

/** The reducer of an application's folder, which reads its own states. */
async function appReducer(folder: string): Promise<AppReducer> {
  const { describedApp, readApp } = await import('../app/folder.ts')
  const { id } = await readApp(folder)
  return { id, reducer: (await describedApp(folder)).reducer }
}

/** Null if the reducer is not known here, or the bytes are none of its states. */
function decode(
  app: AppReducer | null,
  hash: Digest,
  result: Hex,
): { readonly reducer: string; readonly value: unknown } | null {
  const reducer = app?.id === hash ? app.reducer : findReducerByHash(hash)
  const value = reducer?.state.decode(fromHex(result)) ?? null
  return reducer === null || value === null ? null : { reducer: reducer.id, value }
}

function requireHash(id: string, result: Hex, expected: Digest): void {
  const seen = keccak(result)
  if (seen === expected) return
  throw new RsdpError({
    code: 'E_RESULT_HASH',
    message: `the endpoint shows a result of task ${id} with hash ${seen}, the contract took ${expected}`,
    hint: 'ask another RPC endpoint',
    exit: EXIT.mismatch,
    details: { seen, expected },
  })
}

function notFinal(id: string): RsdpError {
  return new RsdpError({
    code: 'E_NOT_FINAL',
    message: `task ${id} has no published result yet`,
    hint: `wait for it: rsdp task watch ${id}`,
    exit: EXIT.timeout,
  })
}
