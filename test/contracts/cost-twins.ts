/** Gas of `aggregate` of each twin as a transaction, 21,000 and calldata included, at the worst. */
import { id, toBeHex, toBigInt, zeroPadValue } from 'ethers'
import { TWINNED_IDS, TWINS } from '../helpers/twin-chain.ts'
import type { TwinnedId } from '../helpers/twin-chain.ts'
import { gasOf } from './cost-of.ts'
import type { Costs } from './cost-of.ts'
import type { Actor, World } from './world.ts'

/** The highest that a transaction may have, EIP-7825. */
const GAS_LIMIT = 2 ** 24

const hex = (value: bigint | number, bytes: number): string => toBeHex(value, bytes).slice(2)
const zeros = (bytes: number): string => '00'.repeat(bytes)
const random = (member: number): bigint => toBigInt(id(`member ${member}`)) >> 194n

/**
 * Params, and what member i brings: every demand above the fair level, one vote per choice, all of 64 slots wanted by
 * all but one, who wants none: a search that has reached everybody ends early.
 */
const LOADS: Readonly<Record<TwinnedId, readonly [params: string, state: (member: number) => string]>> = {
  'rate-limit@1': [
    `0x${hex(1000, 8)}${'ff'.repeat(8)}`,
    (member) => `0x${zeros(8)}0100${hex(random(member), 8)}${zeros(8)}`,
  ],
  'time-slots@1': [
    '0x40',
    (member) => `0x${zeros(41)}0100${(member === 0 ? '00' : 'ff').repeat(8)}${zeros(8)}`,
  ],
  'popular-value@1': ['0x', (member) => `0x${zeros(65)}0100${id(`value ${member}`).slice(2)}`],
  'median@1': [
    `0x${zeros(16)}7f${'ff'.repeat(15)}`,
    (member) => `0x${zeros(16)}0100${zeroPadValue(toBeHex(random(member)), 16).slice(2)}`,
  ],
  'weighted-vote@1': [
    `0x${hex(1, 8)}${'ff'.repeat(8)}`,
    (member) => `0x${zeros(72)}0100${id(`value ${member}`).slice(2)}${hex(7, 8)}`,
  ],
}

export async function twinCosts({ connection, client }: World, actors: readonly Actor[]): Promise<Costs> {
  const costs: Record<string, number> = {}
  for (const reducer of TWINNED_IDS) {
    const twin = await connection.ethers.deployContract(TWINS[reducer])
    const [params, stateOf] = LOADS[reducer]
    const inputs = actors.map((_, member) => ({ member, state: stateOf(member) }))
    const { data } = await twin.getFunction('aggregate').populateTransaction(params, id('seed'), inputs, [])
    const sent = client.sendTransaction({ to: twin, data, gasLimit: GAS_LIMIT })
    costs[`aggregate, ${reducer}`] = await gasOf(sent)
  }
  return costs
}
