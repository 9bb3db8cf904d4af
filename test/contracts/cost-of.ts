/** Gas of whole transactions, each alone in its block, so that every slot and account is cold. */
import type { TransactionResponse } from 'ethers'
import type { World } from './world.ts'

/** Case → gas. A case begins with the function's name. */
export type Costs = Readonly<Record<string, number>>

export async function gasOf(sent: Promise<TransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait()
  if (receipt === null) throw new Error('not mined')
  return Number(receipt.gasUsed)
}

/** What `story` gives; afterwards the chain is as before. */
export async function undone<T>(w: World, story: () => Promise<T>): Promise<T> {
  const before = await w.connection.networkHelpers.takeSnapshot()
  const result = await story()
  await before.restore()
  return result
}

/** What a call costs now; afterwards the chain is as before. */
export const aside = (w: World, call: () => Promise<TransactionResponse>): Promise<number> =>
  undone(w, () => gasOf(call()))
