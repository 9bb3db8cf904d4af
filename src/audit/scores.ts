/**
 * Scores of models, computed a second way: over arbitrary-size integers, from the model file alone, without a line of what nodes
 * run. An auditor compares them with what members signed.
 */

/** Fields of a model file that scoring reads. */
interface ResidualFields {
  readonly lags: readonly number[]
  readonly smooth: number
  readonly centers: readonly number[]
  readonly widths: readonly number[]
  readonly components: readonly (readonly number[])[]
  readonly errors: readonly number[]
}

interface TreesFields {
  readonly outputs: number
  readonly base: readonly number[]
  readonly divisor: number
  readonly trees: readonly {
    readonly features: readonly number[]
    readonly thresholds: readonly number[]
    readonly no: readonly number[]
    readonly values: readonly number[]
  }[]
}

const UNIT = 1n << 10n
const WEIGHT = 1n << 14n
const VALUE_MAX = 1n << 41n
const SCALED_MAX = 32n * UNIT
const PART_MAX = 1n << 36n

/** Score of a `residual@1` model for the last of some samples. */
export function residualScoreOf(
  model: ResidualFields,
  window: readonly (readonly (number | null)[])[],
): bigint {
  const inputs = model.centers.length
  const metrics = inputs / model.lags.length
  let sum = 0n
  for (let back = 0; back < model.smooth; back += 1) {
    const scaled: bigint[] = []
    for (const [place, lag] of model.lags.entries()) {
      const sample = window[Math.max(0, window.length - 1 - back - lag)] ?? []
      for (let metric = 0; metric < metrics; metric += 1) {
        const input = place * metrics + metric
        const value = sample[metric] ?? null
        const raw = value === null ? null : bounded(BigInt(value), VALUE_MAX) - at(model.centers, input)
        scaled.push(raw === null ? 0n : bounded(down(raw * UNIT, at(model.widths, input)), SCALED_MAX))
      }
    }
    const along = model.components.map((weights) =>
      down(
        scaled.reduce((dot, value, input) => dot + value * at(weights, input), 0n),
        WEIGHT,
      ),
    )
    scaled.forEach((value, input) => {
      const explained = along.reduce(
        (part, length, place) => part + length * at(model.components[place] ?? [], input),
        0n,
      )
      const left = down(value * WEIGHT - explained, WEIGHT)
      const part = down((left < 0n ? -left : left) * UNIT, at(model.errors, input))
      sum += part > PART_MAX ? PART_MAX : part
    })
  }
  return down(sum, BigInt(model.smooth * inputs))
}

/** Scores of a `trees@1` model for a row, one per output. */
export function treesScoresOf(model: TreesFields, row: readonly number[]): bigint[] {
  const sums = model.base.map(BigInt)
  for (const tree of model.trees) {
    let node = 0
    let feature = at(tree.features, node)
    while (feature >= 0n) {
      const isBelow = BigInt(row[Number(feature)] ?? 0) <= at(tree.thresholds, node)
      node = isBelow ? node + 1 : Number(at(tree.no, node))
      feature = at(tree.features, node)
    }
    const leaf = Number(at(tree.thresholds, node)) * model.outputs
    for (let output = 0; output < model.outputs; output += 1)
      sums[output] = (sums[output] ?? 0n) + at(tree.values, leaf + output)
  }
  return sums.map((sum) => down(sum, BigInt(model.divisor)))
}

function at(list: readonly number[], place: number): bigint {
  return BigInt(list[place] ?? 0)
}

function bounded(value: bigint, limit: bigint): bigint {
  if (value > limit) return limit
  return value < -limit ? -limit : value
}

/** Quotient towards −∞, b > 0: BigInt's own division goes towards zero. */
function down(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a < 0n && quotient * b !== a ? quotient - 1n : quotient
}
