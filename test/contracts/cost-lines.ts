/** Gas of a line's calls: what its owner pays, and what a keeper does once per task. */
import { opened, planOf } from './lines.ts'
import type { Costs } from './cost-of.ts'
import { aside, gasOf } from './cost-of.ts'
import type { World } from './world.ts'
import { blockNumber, mineTo } from './world.ts'

export async function lineCosts(w: World): Promise<Costs> {
  const plan = await planOf(w)
  const l = await opened(w, plan)
  const { line } = l
  const mine = line.connect(w.client)
  const costs: Record<string, number> = {
    open: await aside(w, () => w.lines.open(plan)),
    fund: await aside(w, () => mine.fund(1)),
    announce: await aside(w, () => mine.announce(plan)),
    closeLine: await aside(w, () => mine.closeLine()),
    renew: await gasOf(line.connect(w.mallory).renew(plan)),
  }
  const first = await w.board.tasks()
  const [published] = await w.board.queryFilter(w.board.filters.TaskPublished(first))
  await mineTo(w, published!.args.params.joinDeadline + 1n)
  costs['renew, after one that expired'] = await aside(w, () => line.connect(w.mallory).renew(plan))
  costs['collect'] = await gasOf(line.collect(first))
  await mine.closeLine()
  await mineTo(w, (await blockNumber(w)) + BigInt(plan.params.endBlock))
  return { ...costs, 'withdraw, the rest of a line': await gasOf(mine.withdraw()) }
}
