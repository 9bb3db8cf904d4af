import { expect } from 'chai'
import type { WideLife } from './wide-life.ts'

/** The highest that a transaction may have, EIP-7825. */
const GAS_MAX = 2n ** 24n

/** What has to hold of a life, whatever the number of members: seats, convictions, money to the wei, the audit. */
export function checkWideLife(life: WideLife, seats: number): void {
  const { cluster, convicted, audit, board, gas } = life
  expect(cluster.members).length(seats)
  expect([...convicted.values()].sort()).deep.equal(['E1', 'E2', 'E3', 'E4'])
  expect(audit.findings).deep.equal([])
  expect(audit.convictions.map(({ offence, member }) => [member, offence]).sort()).deep.equal(
    [...convicted].sort(),
  )
  checkMoney(life)
  expect(board.findings).deep.equal([])
  expect(board.escrows).equal(0n)
  for (const [what, used] of Object.entries(gas)) expect(used <= GAS_MAX, `gas of ${what}`).equal(true)
}

/** Nobody is paid for another: what was paid in is what was paid out and burnt. */
function checkMoney({
  convicted,
  escrowWei,
  paidWei,
  clientWei,
  burntWei,
  releasedWei,
  lockWei,
}: WideLife): void {
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
  expect(sum(paidWei) + clientWei + burntWei).equal(escrowWei)
  for (const [seat, amount] of paidWei.entries())
    expect(amount > 0n, `seat ${seat} is paid`).equal(!convicted.has(seat))
  for (const [seat, amount] of releasedWei.entries())
    expect(amount === lockWei, `seat ${seat} has its lock`).equal(!convicted.has(seat))
}
