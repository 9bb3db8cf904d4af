import type { TaskHistory } from '../ports/chain-history.ts'
import type { Address } from '../types/ids.ts'
import { signedUpAt } from '../types/life.ts'
import { isReached } from '../types/moment.ts'
import { momentOf, shown } from './clock.ts'
import type { Movement } from './money.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Registration } from './registrations.ts'
import type { PublishedTask } from './task.ts'

/** In so many times `reorgDepth` before the end of sign-up, and its last `seedDelaySeconds`, a quit is late. */
const LATE_DEPTHS = 2n

/** Every withdrawn sign-up: a late one burns ⌈lock / 100⌉, an earlier one nothing, and exactly that left the lock. */
export function checkQuits(
  history: TaskHistory,
  reconciler: Reconciler,
  { params }: PublishedTask,
  registrations: ReadonlyMap<Address, Registration>,
): readonly { readonly quit: Reconciled<'Left'>; readonly burnt: bigint; readonly movements: Movement[] }[] {
  const { stakePerNode } = params
  const { reorgDepth, seedDelaySeconds } = history.expected.windows
  const end = signedUpAt(params)
  const lateFrom = { number: end.number - LATE_DEPTHS * reorgDepth, time: end.time - seedDelaySeconds }
  const slashed = reconciler.all('StakeSlashed')
  return reconciler.all('Left').map((quit) => {
    const { bench, args, block, transactionHash } = quit
    const isLate = isReached(lateFrom, momentOf(history, block))
    const burnt = isLate ? (stakePerNode + 99n) / 100n : 0n
    const why = `sign-up is over at ${shown(end)}`
    bench.equal('Left.burnt', burnt, args.burnt, why)
    const move = slashed.find((one) => one.transactionHash === transactionHash && one.args.key === args.key)
    if (move === undefined) {
      if (burnt > 0n) bench.mismatch('StakeSlashed', `${burnt} from the lock`, 'nothing', 'a late quit()')
    } else {
      move.bench.equal('StakeSlashed.taskId', history.taskId, move.args.taskId, 'the task that was asked for')
      const operator = registrations.get(args.key)?.operator ?? args.operator
      move.bench.equal('StakeSlashed.operator', operator, move.args.operator, 'who registered the key')
      move.bench.equal('StakeSlashed.amount', burnt, move.args.amount, why)
    }
    const shared = { block: Number(block), transaction: transactionHash, amount: burnt, why: 'late quit' }
    const movements = burnt === 0n ? [] : [{ ...shared, from: `lock of ${args.key}`, to: 'burnt' }]
    return { quit, burnt, movements }
  })
}
