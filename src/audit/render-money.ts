import type { Money } from './settle.ts'

/** Who paid whom and why, what nobody has taken yet, and the two sums. */
export function describeMoney(money: Money): string[] {
  const { movements, left, escrow, paid, burntPay, inEscrow } = money
  const { locked, freed, credited, burntStake, inLocks } = money
  return [
    ...movements.map(
      ({ block, from, to, amount, why }) => `block ${block}  ${amount}  ${from} → ${to}  ${why}`,
    ),
    ...left.map(({ account, owner, amount, why }) => `not taken  ${amount}  ${account} of ${owner}  ${why}`),
    `escrow ${escrow} = paid out ${paid} + burnt ${burntPay} + left ${inEscrow}`,
    `locked ${locked} = free again ${freed} + credited ${credited} + burnt ${burntStake} + left ${inLocks}`,
  ]
}
