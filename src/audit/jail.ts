import type { TaskHistory } from '../ports/chain-history.ts'
import type { Address } from '../types/ids.ts'
import type { Moment } from '../types/moment.ts'
import { isTimed, momentOf } from './clock.ts'
import type { Reconciler } from './reconcile.ts'
import type { Registration } from './registrations.ts'

/** A key that joins no more tasks since it was convicted. */
export interface Jailed {
  readonly key: Address
  readonly at: Moment
}

/** Convictions of keys of the operators who signed up, in this task or another. */
export function checkJail(
  history: TaskHistory,
  reconciler: Reconciler,
  registrations: ReadonlyMap<Address, Registration>,
): readonly Jailed[] {
  const { jail, jailSeconds } = history.expected.windows
  return reconciler.all('Jailed').map(({ args, bench, block }) => {
    const { key, operator } = args
    const owner = registrations.get(key)?.operator
    if (owner !== undefined) bench.equal('Jailed.operator', owner, operator, 'who registered the key')
    const at = momentOf(history, block)
    const why = 'the jail time of the deployment'
    bench.equal('Jailed.untilBlock', block + jail, args.untilBlock, why)
    if (isTimed(history)) bench.equal('Jailed.untilTime', at.time + jailSeconds, args.untilTime, why)
    return { key, at }
  })
}
