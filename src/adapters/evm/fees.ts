import type { JsonRpcApiProvider } from 'ethers'
import { formatUnits } from 'ethers'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

const GWEI = 10n ** 9n
const TIP_DEFAULT = GWEI
/** Most that a unit of gas may cost, unless said otherwise: an endpoint that asks for more is not believed. */
export const FEE_CAP_WEI = 500n * GWEI

export interface Fees {
  /** Most that a unit of gas can cost, wei. */
  readonly perGas: bigint
  readonly fields:
    | { readonly type: 2; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }
    | { readonly type: 0; readonly gasPrice: bigint }
}

/**
 * What a transaction should offer now: twice the base fee, which covers six full blocks, and the usual tip; of both at most
 * the cap.
 *
 * @throws RsdpError E_FEE_CAP if nothing below the cap can be mined now
 */
export async function currentFees(provider: JsonRpcApiProvider, capWei: bigint): Promise<Fees> {
  const block = await provider.getBlock('latest')
  const baseFee = block?.baseFeePerGas ?? null
  if (baseFee === null) {
    const gasPrice = BigInt((await provider.send('eth_gasPrice', [])) as string)
    if (gasPrice > capWei) throw aboveCap(gasPrice, capWei)
    return legacy(gasPrice)
  }
  if (baseFee > capWei) throw aboveCap(baseFee, capWei)
  const tip = await suggestedTip(provider)
  return dynamic(2n * baseFee + tip, tip, capWei)
}

/**
 * `fees`, but by so much above those of the transaction to be replaced that nodes accept it (1/8; we add 1/4). Null if that
 * is more than the cap.
 */
export function raiseFees(fees: Fees, replaced: Offer, capWei: bigint): Fees | null {
  const perGas = larger(fees.perGas, raised(replaced.perGasWei))
  if (perGas > capWei) return null
  if (fees.fields.type === 0) return legacy(perGas)
  const tip = larger(fees.fields.maxPriorityFeePerGas, raised(replaced.tipWei))
  return dynamic(perGas, tip, capWei)
}

/** What a transaction offers that may have to be replaced. */
export interface Offer {
  readonly perGasWei: bigint
  readonly tipWei: bigint
}

export function offerOf({ perGas, fields }: Fees): Offer {
  return { perGasWei: perGas, tipWei: fields.type === 0 ? perGas : fields.maxPriorityFeePerGas }
}

const raised = (wei: bigint): bigint => (wei * 5n) / 4n + 1n
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)

async function suggestedTip(provider: JsonRpcApiProvider): Promise<bigint> {
  try {
    return BigInt((await provider.send('eth_maxPriorityFeePerGas', [])) as string)
  } catch {
    // not every chain has the method
    return TIP_DEFAULT
  }
}

function dynamic(perGas: bigint, tip: bigint, capWei: bigint): Fees {
  const maxFeePerGas = perGas < capWei ? perGas : capWei
  const maxPriorityFeePerGas = tip < maxFeePerGas ? tip : maxFeePerGas
  return { perGas: maxFeePerGas, fields: { type: 2, maxFeePerGas, maxPriorityFeePerGas } }
}

function legacy(gasPrice: bigint): Fees {
  return { perGas: gasPrice, fields: { type: 0, gasPrice } }
}

function aboveCap(feeWei: bigint, capWei: bigint): RsdpError {
  const [fee, cap] = [feeWei, capWei].map((wei) => formatUnits(wei, 'gwei'))
  return new RsdpError({
    code: 'E_FEE_CAP',
    message: `the chain asks ${fee} gwei for a unit of gas, at most ${cap} gwei are allowed`,
    hint: 'wait until the chain is cheaper, or raise --max-fee-gwei; nothing was sent',
    exit: EXIT.precondition,
    details: { feeWei, capWei },
  })
}
