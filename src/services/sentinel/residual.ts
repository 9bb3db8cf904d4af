import { clamp, floorDiv, VALUE_MAX } from './fixed.ts'
import type { ResidualModel } from './model.ts'

/** Metrics of one sample; null where none was taken. */
export type Sample = readonly (number | null)[]

/** One unit of a scaled value. */
export const UNIT = 1_024
/** Scaled values beyond 32 units count as 32. */
const SCALED_MAX = 32 * UNIT
const WEIGHT_BITS = 16_384
/** Most that one input adds to one residual: sums of 256 inputs over 64 samples stay below 2⁵⁰. */
const PART_MAX = 2 ** 36

/** Samples that one score needs, the present one last. */
export function windowLength({ lags, smooth }: ResidualModel): number {
  return smooth + Math.max(...lags)
}

/**
 * Anomaly of the last sample in 1/1,024: the mean over inputs of the residual in usual residuals, averaged over the last
 * samples. About 1,024 is usual. A missing value counts as the centre; a shorter window is filled with its first sample.
 *
 * @param window samples, the present one last; values are integers, beyond ±2⁴¹ they count as that
 */
export function residualScore(model: ResidualModel, window: readonly Sample[]): number {
  let sum = 0
  for (let back = 0; back < model.smooth; back += 1)
    for (const part of residualsAt(model, window, back)) sum += part
  return floorDiv(sum, model.smooth * model.errors.length)
}

/**
 * What each metric adds to the score of the last sample, all its lags together. The parts add up to the score times the number
 * of inputs, up to rounding.
 */
export function residualParts(model: ResidualModel, window: readonly Sample[]): number[] {
  const metrics = model.centers.length / model.lags.length
  const parts = Array.from({ length: metrics }, () => 0)
  for (let back = 0; back < model.smooth; back += 1)
    residualsAt(model, window, back).forEach((part, input) => {
      parts[input % metrics] = (parts[input % metrics] ?? 0) + part
    })
  return parts.map((part) => floorDiv(part, model.smooth))
}

/** Scaled input of the sample that lies `back` samples before the last one. */
export function scaledAt(model: ResidualModel, window: readonly Sample[], back: number): number[] {
  const metrics = model.centers.length / model.lags.length
  const last = window.length - 1 - back
  return model.centers.map((center, input) => {
    const at = Math.max(0, last - (model.lags[Math.floor(input / metrics)] ?? 0))
    const value = window[at]?.[input % metrics] ?? null
    if (value === null) return 0
    // below 2⁴² × 2¹⁰
    const units = floorDiv((clamp(value, VALUE_MAX) - center) * UNIT, model.widths[input] ?? 1)
    return clamp(units, SCALED_MAX)
  })
}

/** What the components leave of a scaled input; below 2³² for at most 256 components. */
export function leftOver({ components }: ResidualModel, scaled: readonly number[]): number[] {
  const left = scaled.map((value) => value * WEIGHT_BITS)
  for (const weights of components) {
    let along = 0
    for (let input = 0; input < scaled.length; input += 1)
      along += (scaled[input] ?? 0) * (weights[input] ?? 0)
    along = floorDiv(along, WEIGHT_BITS)
    for (let input = 0; input < scaled.length; input += 1)
      left[input] = (left[input] ?? 0) - along * (weights[input] ?? 0)
  }
  return left.map((value) => floorDiv(value, WEIGHT_BITS))
}

function residualsAt(model: ResidualModel, window: readonly Sample[], back: number): number[] {
  return leftOver(model, scaledAt(model, window, back)).map((left, input) =>
    Math.min(PART_MAX, floorDiv(Math.abs(left) * UNIT, model.errors[input] ?? 1)),
  )
}
