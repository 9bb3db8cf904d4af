import type { TaskParams } from '../types/task.ts'
import type { Amount } from './amount.ts'
import { amountError, parseAmount, toWei } from './amount.ts'

/** What a seat locks, and what the client pays for. */
export type TaskPrices = Pick<
  TaskParams,
  'stakePerNode' | 'rewardPerHeight' | 'checkpointFee' | 'formGasPrice'
>

/** As the command line gives them. */
export interface PriceOptions {
  readonly stake?: string
  readonly reward?: string
  readonly checkpointFee?: string
  readonly formGasPrice?: string
}

const ETHER = 10n ** 18n
/** Stakes and rewards are uint128, the price of gas is uint64. */
const GAS_PRICE_MAX = 2n ** 64n - 1n

/** Of tokens with 18 decimals. A drawing is paid as if 100,000 gas cost what a checkpoint earns: who asks the market gives another. */
export const USUAL_PRICES: TaskPrices = {
  stakePerNode: 100n * ETHER,
  rewardPerHeight: ETHER,
  checkpointFee: ETHER,
  formGasPrice: ETHER / 100_000n,
}

/**
 * Reads the prices before the chain is asked; the token's decimals come later.
 *
 * @returns from decimals to prices, smallest units: those that are given, else the usual ones
 * @throws RsdpError E_AMOUNT now: no amount, or no stake at all; later: finer than the token, or too large
 */
export function parsePrices(options: PriceOptions): (decimals: number) => TaskPrices {
  const { stake, reward, checkpointFee, formGasPrice } = options
  const given = {
    stakePerNode: stake === undefined ? undefined : parseAmount(stake),
    rewardPerHeight: orNothing(reward),
    checkpointFee: orNothing(checkpointFee),
    formGasPrice: orNothing(formGasPrice),
  }
  return (decimals) => {
    const price = (of: keyof TaskPrices): bigint => {
      const amount = given[of]
      return amount === undefined ? USUAL_PRICES[of] : amount === null ? 0n : toWei(amount, decimals)
    }
    const prices = {
      stakePerNode: price('stakePerNode'),
      rewardPerHeight: price('rewardPerHeight'),
      checkpointFee: price('checkpointFee'),
      formGasPrice: price('formGasPrice'),
    }
    if (prices.formGasPrice > GAS_PRICE_MAX)
      throw amountError(formGasPrice ?? '', 'is more than a unit of gas may cost')
    return prices
  }
}

/** Null: nothing is to be paid. */
function orNothing(text: string | undefined): Amount | null | undefined {
  return text === undefined ? undefined : /^0+(rsdp|wei)?$/i.test(text) ? null : parseAmount(text)
}
