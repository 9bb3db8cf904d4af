import { expect } from 'chai'
import type { LifeResult } from './story.ts'

const STAKE_WEI = 1_000n * 10n ** 18n

/** Nothing is lost and nothing made: the escrow and every stake come back, to the wei, and the auditor agrees. */
export function checkLife({ verdict, convictions, end }: LifeResult, nodes: number, liars = 0): void {
  expect(verdict).equal('verified')
  expect(convictions).equal(liars)
  if (end === null) return
  const { escrowWei, earnedWei, clientWei, burntWei, withdrawnWei, slashedWei } = end
  expect(slashedWei > 0n).equal(liars > 0)
  expect(end.verdict).equal('verified')
  expect(end.boardVerdicts).deep.equal(['verified'])
  expect(end.boardFindings).deep.equal([])
  expect(end.outcome).equal('final')
  expect(earnedWei > 0n).equal(true)
  expect(earnedWei + clientWei + burntWei).equal(escrowWei)
  expect(withdrawnWei + slashedWei).equal(BigInt(nodes) * STAKE_WEI)
}
