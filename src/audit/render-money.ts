import { columns, section } from './layout.ts'
import type { Naming } from './names.ts'
import type { Money } from './settle.ts'
import { formatTokens } from './tokens.ts'
import type { TokenUnit } from './tokens.ts'

/** The two sums of a task: of its escrow, and of the stake that it locked. */
export function describeSums(money: Money, unit: TokenUnit | null): readonly (readonly [string, string])[] {
  const { escrow, paid, burntPay, inEscrow, locked, freed, credited, burntStake, inLocks } = money
  const show = (amount: bigint): string => formatTokens(amount, unit)
  return [
    [
      'money',
      `escrow ${show(escrow)} = paid out ${show(paid)} + burnt ${show(burntPay)} + left ${show(inEscrow)}`,
    ],
    [
      'stake',
      `locked ${show(locked)} = free again ${show(freed)} + credited ${show(credited)} + burnt ${show(burntStake)} + left ${show(inLocks)}`,
    ],
  ]
}

/** The ledger: who paid whom and why, and what nobody has taken yet. */
export function describeLedger({ movements, left }: Money, unit: TokenUnit | null, named: Naming): string[] {
  const cell = (heading: string, of: (one: (typeof movements)[number]) => string) => ({
    ...{ heading, rank: 0, cells: movements.map(of) },
  })
  const ledger = columns([
    cell('block', ({ block }) => `${block}`),
    cell('amount', ({ amount }) => formatTokens(amount, unit)),
    cell('from', ({ from }) => named(from)),
    cell('to', ({ to }) => named(to)),
    cell('why', ({ why }) => named(why)),
  ])
  const open = left.map(
    ({ account, owner, amount, why }) =>
      `${formatTokens(amount, unit)} in the ${named(account)} for ${named(owner)}: ${named(why)}`,
  )
  return [...(movements.length === 0 ? [] : ['', 'ledger:', ...ledger]), ...section('not taken', open)]
}
