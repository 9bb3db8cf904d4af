import type { Hex } from '../../types/ids.ts'
import type { Moment } from '../../types/moment.ts'
import { abis } from './abi.ts'
import type { Connection } from './connection.ts'

/** Calldata of `form`, with the header of the first block that has reached `seed`. Throws E_RPC_DOWN, E_HEADER. */
export async function encodeForm(connection: Connection, taskId: bigint, seed: Moment): Promise<Hex> {
  const number = await firstSince(connection, seed)
  const { header } = await connection.header(number)
  // the block of the moment's own number needs no proof that it is the first
  const parent = number === Number(seed.number) ? '0x' : (await connection.header(number - 1)).header
  return abis().TaskBoard.encodeFunctionData('form', [taskId, header, parent]) as Hex
}

/** Number of the first block that has reached a moment; the last one if none has: the board says that it is too early. */
async function firstSince(connection: Connection, since: Moment): Promise<number> {
  let low = Number(since.number)
  // a block that is not there is the endpoint's fault, or too early
  if ((await connection.momentOf(low)).time >= since.time) return low
  let high = Number((await connection.latest()).number)
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((await connection.momentOf(middle)).time < since.time) low = middle + 1
    else high = middle
  }
  return low
}
