import type { JsonRpcApiProvider } from 'ethers'

const GWEI = 10n ** 9n
/** An endpoint that asks for more is not believed; a transaction then waits until the chain is cheaper. */
const PER_GAS_MAX = 500n * GWEI
const TIP_DEFAULT = GWEI

export interface Fees {
  /** Most that a unit of gas can cost, wei. */
  readonly perGas: bigint
  readonly fields:
    | { readonly type: 2; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }
    | { readonly type: 0; readonly gasPrice: bigint }
}

/** What a transaction should offer now: twice the base fee, which covers six full blocks, and the usual tip. */
export async function currentFees(provider: JsonRpcApiProvider): Promise<Fees> {
  const block = await provider.getBlock('latest')
  const baseFee = block?.baseFeePerGas ?? null
  if (baseFee === null) return legacy(BigInt((await provider.send('eth_gasPrice', [])) as string))
  const tip = await suggestedTip(provider)
  return dynamic(2n * baseFee + tip, tip)
}

/** `fees`, but by so much above those of the transaction to be replaced that nodes accept it (1/8; we add 1/4). */
export function raiseFees(fees: Fees, replaced: Fees | null): Fees {
  if (replaced === null) return fees
  const raise = (now: bigint, before: bigint): bigint => {
    const least = (before * 5n) / 4n + 1n
    return now > least ? now : least
  }
  if (fees.fields.type === 0) return legacy(raise(fees.perGas, replaced.perGas))
  const tipBefore = replaced.fields.type === 0 ? 0n : replaced.fields.maxPriorityFeePerGas
  return dynamic(raise(fees.perGas, replaced.perGas), raise(fees.fields.maxPriorityFeePerGas, tipBefore))
}

async function suggestedTip(provider: JsonRpcApiProvider): Promise<bigint> {
  try {
    return BigInt((await provider.send('eth_maxPriorityFeePerGas', [])) as string)
  } catch {
    // not every chain has the method
    return TIP_DEFAULT
  }
}

function dynamic(perGas: bigint, tip: bigint): Fees {
  const maxFeePerGas = atMost(perGas)
  const maxPriorityFeePerGas = tip < maxFeePerGas ? tip : maxFeePerGas
  return { perGas: maxFeePerGas, fields: { type: 2, maxFeePerGas, maxPriorityFeePerGas } }
}

function legacy(perGas: bigint): Fees {
  const gasPrice = atMost(perGas)
  return { perGas: gasPrice, fields: { type: 0, gasPrice } }
}

function atMost(perGas: bigint): bigint {
  return perGas < PER_GAS_MAX ? perGas : PER_GAS_MAX
}
