import type { TaskHistory } from '../ports/chain-history.ts'
import type { Address } from '../types/ids.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Registration } from './registrations.ts'

/** A key that may not be drawn up to a block. */
export interface Jailed {
  readonly key: Address
  readonly block: bigint
  readonly logIndex: bigint
  readonly until: bigint
}

const FOR_EVER = 2n ** 40n - 1n
/** Proofs after which a key is only refused for a while. */
const LESSER: ReadonlySet<string> = new Set(['illegalLog', 'forkedLog', 'unjustifiedVote'])

/** Keys refused because of a conviction, in this task or another: for as long as the kind of the proof says. */
export function checkJail(
  history: TaskHistory,
  reconciler: Reconciler,
  registrations: ReadonlyMap<Address, Registration>,
): readonly Jailed[] {
  return reconciler.all('KeyJailed').map((source) => {
    const { args, bench, block, logIndex } = source
    const owner = registrations.get(args.key)?.operator
    if (owner === undefined)
      bench.mismatch('KeyJailed.key', 'a registered key', args.key, 'no other is convicted')
    else bench.equal('KeyJailed.operator', owner, args.operator, 'who registered the key')
    const until = expectedEnd(history, source)
    if (until !== null) bench.equal('KeyJailed.untilBlock', until, args.untilBlock, 'the kind of the proof')
    return { key: args.key, block, logIndex, until: until ?? args.untilBlock }
  })
}

/** Null if the proof went through another contract. */
function expectedEnd({ expected }: TaskHistory, { callName, block }: Reconciled<'KeyJailed'>): bigint | null {
  if (callName === null) return null
  return LESSER.has(callName) ? block + expected.jail : FOR_EVER
}
