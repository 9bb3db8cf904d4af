import type { TaskHistory } from '../ports/chain-history.ts'
import type { Address } from '../types/ids.ts'
import type { Reconciler } from './reconcile.ts'
import type { Registration } from './registrations.ts'

/** A key that joins no more tasks since it was convicted. */
export interface Jailed {
  readonly key: Address
  readonly block: bigint
}

/** Convictions of keys of the operators who signed up, in this task or another. */
export function checkJail(
  { expected }: TaskHistory,
  reconciler: Reconciler,
  registrations: ReadonlyMap<Address, Registration>,
): readonly Jailed[] {
  return reconciler.all('Jailed').map(({ args, bench, block }) => {
    const { key, operator } = args
    const owner = registrations.get(key)?.operator
    if (owner !== undefined) bench.equal('Jailed.operator', owner, operator, 'who registered the key')
    const until = block + expected.jail
    bench.equal('Jailed.untilBlock', until, args.untilBlock, 'the jail time of the deployment')
    return { key, block }
  })
}
