/** Gas of `aggregate` and `close` of each twin as a transaction, 21,000 and calldata included, at the worst. */
import { id, toBeHex, toBigInt, zeroPadValue } from 'ethers'
import { network } from 'hardhat'
import { TWINNED_IDS, TWINS } from '../helpers/twin-chain.ts'
import type { TwinnedId } from '../helpers/twin-chain.ts'
import { gasOf } from './cost-of.ts'
import type { Costs } from './cost-of.ts'

/** The highest that a transaction may have, EIP-7825. */
const GAS_LIMIT = 2 ** 24

const hex = (value: bigint | number, bytes: number): string => toBeHex(value, bytes).slice(2)
const zeros = (bytes: number): string => '00'.repeat(bytes)
const random = (member: number): bigint => toBigInt(id(`member ${member}`)) >> 194n

/**
 * Params, and what member i brings: every demand above the fair level, one vote per choice, all of 64 slots wanted by
 * all but one, who wants the last slot only, the others all but it: searches before that never reach everybody, and end late.
 */
export const LOADS: Readonly<
  Record<TwinnedId, readonly [params: string, state: (member: number) => string]>
> = {
  'rate-limit@1': [
    `0x${hex(1000, 8)}${'ff'.repeat(8)}`,
    (member) => `0x${zeros(8)}0100${hex(random(member), 8)}${zeros(8)}`,
  ],
  'time-slots@1': [
    '0x40',
    (member) => `0x${zeros(41)}0100${member === 0 ? hex(1n << 63n, 8) : hex((1n << 63n) - 1n, 8)}${zeros(8)}`,
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

/** Clusters as large as twins take them, whatever the other contracts do. */
export const TWIN_SIZES = [7, 31, 64, 128]

/** Each twin over inputs of n members, and over what that gives without one of them. */
export async function twinCostsAt(n: number): Promise<Costs> {
  const { ethers } = await network.create()
  const [sender] = await ethers.getSigners()
  const members = Array.from({ length: n }, (_, i) => ({ key: id(`key ${i}`).slice(0, 42), weight: 1 }))
  const context = { seed: id('seed'), height: 1, members, previous: '0x' }
  const costs: Record<string, number> = {}
  for (const reducer of TWINNED_IDS) {
    const twin = await ethers.deployContract(TWINS[reducer])
    const call = async (name: 'aggregate' | 'close', args: readonly unknown[]): Promise<void> => {
      const { data } = await twin.getFunction(name).populateTransaction(...args)
      const sent = sender!.sendTransaction({ to: twin, data, gasLimit: GAS_LIMIT })
      costs[`${name}, ${reducer}`] = await gasOf(sent)
    }
    const [params, stateOf] = LOADS[reducer]
    const inputs = members.map((_, member) => ({ member, state: stateOf(member) }))
    await call('aggregate', [params, context, inputs, []])
    const state: unknown = await twin.getFunction('aggregate').staticCall(params, context, inputs, [])
    await call('close', [params, context, state, inputs.slice(0, -1)])
  }
  return costs
}
