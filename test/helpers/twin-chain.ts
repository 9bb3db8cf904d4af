/** The five twins on an in-process chain, asked through the harness. */
import { AbiCoder, id } from 'ethers'
import type { network } from 'hardhat'
import type {} from '../../types/ethers-contracts/hardhat.d.ts'
import { fromHex, toHex } from '../../src/codec/hex.ts'
import type { Hex } from '../../src/types/ids.ts'
import { packCases } from './twin-answers.ts'
import type { TwinCase } from './twin-cases.ts'

type Connection = Awaited<ReturnType<typeof network.create>>

/** Reducer id → its twin's contract. */
export const TWINS = {
  'rate-limit@1': 'RateLimitTwin',
  'time-slots@1': 'TimeSlotsTwin',
  'popular-value@1': 'PopularValueTwin',
  'median@1': 'MedianTwin',
  'weighted-vote@1': 'WeightedVoteTwin',
} as const
export type TwinnedId = keyof typeof TWINS
export const TWINNED_IDS = Object.keys(TWINS) as TwinnedId[]

/** For `network.create`: calls of any size, and a first block that is the same in every run, as are seeds drawn from it. */
export const ROOMY = {
  blockGasLimit: 2n ** 40n,
  transactionGasCap: false,
  initialDate: '2026-01-01T00:00:00Z',
} as const

const SELECTOR = id('run(address,bytes)').slice(0, 10)

export interface TwinChain {
  readonly addresses: Readonly<Record<TwinnedId, string>>
  /** What the twin answers, packed as by `answerOf`. */
  ask(reducer: TwinnedId, cases: readonly TwinCase[]): Promise<Uint8Array>
}

export async function deployTwinChain(connection: Connection): Promise<TwinChain> {
  const { ethers, provider } = connection
  const harness = await (await ethers.deployContract('TwinsHarness')).getAddress()
  const deployed: [string, string][] = []
  for (const reducer of TWINNED_IDS) {
    const twin = await ethers.deployContract(TWINS[reducer])
    deployed.push([reducer, await twin.getAddress()])
  }
  const addresses = Object.fromEntries(deployed) as Record<TwinnedId, string>
  const ask = async (reducer: TwinnedId, cases: readonly TwinCase[]): Promise<Uint8Array> => {
    const args = AbiCoder.defaultAbiCoder().encode(
      ['address', 'bytes'],
      [addresses[reducer], packCases(cases)],
    )
    const call = { to: harness, data: SELECTOR + args.slice(2), gas: toQuantity(ROOMY.blockGasLimit) }
    const answer = (await provider.request({ method: 'eth_call', params: [call, 'latest'] })) as Hex
    return unwrapBytes(fromHex(answer))
  }
  return { addresses, ask }
}

/** `abi.encode(bytes)` without a slow decoder: offset word, length word, bytes. */
function unwrapBytes(encoded: Uint8Array): Uint8Array {
  const length = Number(BigInt(toHex(encoded.subarray(32, 64))))
  return encoded.subarray(64, 64 + length)
}

function toQuantity(value: bigint): Hex {
  return `0x${value.toString(16)}`
}
