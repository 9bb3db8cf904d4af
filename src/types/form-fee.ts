import type { TaskParams } from './task.ts'

/** What a drawing is paid for, gas; the same numbers as in contracts/libraries/TaskBounds.sol. */
const FORM_GAS = 320_000n
const FORM_GAS_PER_SIGNUP = 8_600n
const FORM_GAS_PER_SEAT = 18_600n
const SIGNUPS_PER_SEAT = 4

/** Fee for drawing so many seats from so many sign-ups, token wei (ITaskBoard.form). */
export function formFee({ formGasPrice }: Pick<TaskParams, 'formGasPrice'>, signups: number, seats: number): bigint {
  const gas = FORM_GAS + FORM_GAS_PER_SIGNUP * BigInt(signups) + FORM_GAS_PER_SEAT * BigInt(seats)
  return formGasPrice * gas
}

/** The part of a task's escrow that is there for the fee: all seats drawn from a full list, token wei. */
export function formFeeMax(params: TaskParams): bigint {
  return formFee(params, SIGNUPS_PER_SEAT * params.maxNodes, params.maxNodes)
}
