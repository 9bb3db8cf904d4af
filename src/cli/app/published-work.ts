import type { Connection } from '../../adapters/evm/connection.ts'
import { fromHex } from '../../codec/hex.ts'
import { findReducerByHash } from '../../reducers/catalog.ts'
import { invariant } from '../../types/errors.ts'
import type { Digest, Hex } from '../../types/ids.ts'

/** What a task has computed, for people. */
export interface PublishedWork {
  /** `name@version` of a stock reducer, or the id of a bundle. */
  readonly reducer: string
  readonly reducerParams: Hex
  /** With the names of their fields; null where the reducer is not at hand. */
  readonly params: unknown
  readonly heights: number
  readonly epochHeights: number
  readonly calldataInputs: boolean
  readonly provable: boolean
}

/** Of a task that is published. Its parameters are in the log of the chain only. */
export async function publishedWork(connection: Connection, taskId: bigint): Promise<PublishedWork> {
  const { contracts, deployment } = connection
  const { board } = contracts
  const found = board.queryFilter(board.filters.TaskPublished(taskId), deployment.fromBlock)
  const [published] = await connection.read(found)
  invariant(published !== undefined, `task ${taskId} has an event of its publication`)
  const { reducer, reducerParams, heights, epochHeights, calldataInputs, twin } = published.args.params
  return {
    ...describeWork(reducer.toLowerCase() as Digest, reducerParams.toLowerCase() as Hex),
    heights: Number(heights),
    epochHeights: Number(epochHeights),
    calldataInputs,
    provable: BigInt(twin) !== 0n,
  }
}

/** Params by their names, as far as the reducer is one of this package and reads them. */
export function describeWork(
  hash: Digest,
  reducerParams: Hex,
): Pick<PublishedWork, 'reducer' | 'reducerParams' | 'params'> {
  const stock = findReducerByHash(hash)
  const params = stock?.params.decode(fromHex(reducerParams)) ?? null
  return { reducer: stock?.id ?? hash, reducerParams, params }
}
