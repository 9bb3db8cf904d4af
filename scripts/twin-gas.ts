/**
 * Gas of `aggregate` of each twin, as a transaction: 21,000 and calldata included. All members bid, differ and tie as
 * much as they can: every demand above the fair level, one vote per choice, all of 64 slots wanted by all but one, who
 * wants none: a search that has reached everybody ends early.
 */
import { id, toBeHex, toBigInt, zeroPadValue } from 'ethers'
import hre, { network } from 'hardhat'
import { ROOMY, TWINNED_IDS, deployTwinChain } from '../test/helpers/twin-chain.ts'
import type { TwinnedId } from '../test/helpers/twin-chain.ts'

const SIZES = [4, 7, 15, 31]
const GAS_LIMIT = 60_000_000n

const hex = (value: bigint | number, bytes: number): string => toBeHex(value, bytes).slice(2)
const zeros = (bytes: number): string => '00'.repeat(bytes)
const random = (member: number): bigint => toBigInt(id(`member ${member}`)) >> 194n

/** Params, and what member i brings. */
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

await hre.tasks.getTask('build').run({ quiet: true })
const connection = await network.create({ override: ROOMY })
const { addresses } = await deployTwinChain(connection)
const [sender] = await connection.ethers.getSigners()
if (sender === undefined) throw new Error('the network has no account')
const table: Record<string, Record<string, number>> = {}
for (const reducer of TWINNED_IDS) {
  const [params, stateOf] = LOADS[reducer]
  const { interface: calls } = await connection.ethers.getContractAt('IReducer', addresses[reducer])
  const row: Record<string, number> = {}
  for (const n of SIZES) {
    const inputs = Array.from({ length: n }, (_, member) => ({ member, state: stateOf(member) }))
    const data = calls.encodeFunctionData('aggregate', [params, id('seed'), inputs, []])
    const sent = await sender.sendTransaction({ to: addresses[reducer], data, gasLimit: GAS_LIMIT })
    row[`n = ${n}`] = Number((await sent.wait())?.gasUsed ?? 0n)
  }
  const code = await connection.ethers.provider.getCode(addresses[reducer])
  table[reducer] = { ...row, 'code bytes': (code.length - 2) / 2 }
}
console.table(table)
