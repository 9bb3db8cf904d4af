import { keccak } from '../../codec/hex.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import type { Forest } from './trees.ts'

/** What every model file says beside its numbers. */
interface Named {
  /** What it was fitted on, and how: for people. */
  readonly about: string
}

/**
 * How far the last rows of metrics are from what the others let expect: PCA, the linear autoencoder. A row is the present
 * metrics and those of `lags` samples ago.
 */
export interface ResidualModel extends Named {
  readonly kind: 'residual@1'
  /** Samples back, ascending, the first 0. */
  readonly lags: readonly number[]
  /** Residuals of this many last samples are averaged. */
  readonly smooth: number
  /** Per input: what is subtracted, and the width of one unit; both as the metrics are. */
  readonly centers: readonly number[]
  readonly widths: readonly number[]
  /** Directions that normal rows vary in, each with one weight per input in 1/16,384. */
  readonly components: readonly (readonly number[])[]
  /** Per input: width of the usual residual, in 1/1,024 units. */
  readonly errors: readonly number[]
}

/** A row of integers in, one integer per output. */
export interface TreesModel extends Named, Forest {
  readonly kind: 'trees@1'
  /** Name of each feature, for reasons. */
  readonly features: readonly string[]
  /** Per feature the words that its cells may hold, in the order that makes them numbers; empty for a feature of numbers. */
  readonly words: readonly (readonly string[])[]
  /** Name of each output. */
  readonly names: readonly string[]
  /** Added to the sums, one per output. */
  readonly base: readonly number[]
  /** A score is the sum divided by this. */
  readonly divisor: number
}

export type Model = ResidualModel | TreesModel

/** Model files are at most this long. */
export const MODEL_BYTES_MAX = 102_400

const INTEGER_MAX = 2 ** 41
const INPUTS_MAX = 256
const NODES_MAX = 4_096

/** The one text of a model: keys sorted, no white space but the line break at the end. */
export function modelText(model: Model): string {
  return `${canonical(model)}\n`
}

/** Name of a model: keccak-256 of its text. A task pins it. */
export function modelHash(text: string): Digest {
  return keccak(new TextEncoder().encode(text))
}

/**
 * The model of a file, or why it is none. Never throws: the text may come from anybody.
 *
 * @param pinned hash that the text must have
 */
export function readModel(text: string, pinned: Hex): Model | string {
  if (text.length > MODEL_BYTES_MAX) return `longer than ${String(MODEL_BYTES_MAX)} bytes`
  if (modelHash(text) !== pinned) return `hash ${modelHash(text)} is not the pinned one`
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'not JSON'
  }
  if (typeof value !== 'object' || value === null) return 'not an object'
  const model = value as Model
  if (typeof model.about !== 'string') return 'says nothing about itself'
  const fault = faultOf(model)
  if (fault !== null) return fault
  return modelText(model) === text ? model : 'not in the one order that has this hash'
}

function faultOf(model: Model): string | null {
  switch (model.kind) {
    case 'residual@1':
      return residualFault(model)
    case 'trees@1':
      return treesFault(model)
    default:
      return 'of an unknown kind'
  }
}

function residualFault({ lags, smooth, centers, widths, components, errors }: ResidualModel): string | null {
  const inputs = isList(centers, -INTEGER_MAX, INTEGER_MAX) ? centers.length : 0
  if (inputs === 0 || inputs > INPUTS_MAX) return 'centers'
  if (!isList(lags, 0, 64) || lags[0] !== 0 || inputs % lags.length !== 0) return 'lags'
  if (lags.some((lag, place) => place > 0 && lag <= (lags[place - 1] ?? 0))) return 'lags'
  if (!isWithin(smooth, 1, 64)) return 'smooth'
  if (!isList(widths, 1, INTEGER_MAX, inputs)) return 'widths'
  if (!Array.isArray(components) || components.length > inputs) return 'components'
  if (!components.every((weights) => isList(weights, -16_384, 16_384, inputs))) return 'components'
  return isList(errors, 1, 2 ** 20, inputs) ? null : 'errors'
}

function treesFault({ outputs, trees, features, words, names, base, divisor }: TreesModel): string | null {
  if (!isWithin(outputs, 1, 64)) return 'outputs'
  if (!isWithin(divisor, 1, 2 ** 31)) return 'divisor'
  if (!isTexts(features, INPUTS_MAX)) return 'features'
  if (!Array.isArray(words) || words.length !== features.length) return 'words'
  if (!words.every((list) => isTexts(list, NODES_MAX))) return 'words'
  if (!isTexts(names, 64) || names.length !== outputs) return 'names'
  if (!isList(base, -(2 ** 31), 2 ** 31, outputs)) return 'base'
  if (!Array.isArray(trees) || trees.length > NODES_MAX) return 'trees'
  const isTree = (tree: Forest['trees'][number]): boolean => {
    const nodes = isList(tree.features, -1, features.length - 1) ? tree.features.length : 0
    if (nodes === 0 || nodes > NODES_MAX) return false
    if (!isList(tree.thresholds, -INTEGER_MAX, INTEGER_MAX, nodes) || !isList(tree.no, 0, nodes - 1, nodes))
      return false
    if (!isList(tree.values, -(2 ** 31), 2 ** 31) || tree.values.length % outputs !== 0) return false
    const leaves = tree.values.length / outputs
    // branches lead forward: every walk ends
    return tree.features.every((feature, node) =>
      feature < 0
        ? isWithin(tree.thresholds[node] ?? -1, 0, leaves - 1)
        : node + 1 < nodes && (tree.no[node] ?? 0) > node + 1,
    )
  }
  return trees.every(isTree) ? null : 'trees'
}

function isWithin(value: unknown, low: number, high: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high
}

function isList(value: unknown, low: number, high: number, length?: number): value is readonly number[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) return false
  return value.every((entry) => isWithin(entry, low, high))
}

function isTexts(value: unknown, most: number): value is readonly string[] {
  return Array.isArray(value) && value.length <= most && value.every((entry) => typeof entry === 'string')
}

/** JSON with sorted keys. Every number is an integer, so there is one way to write it. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`
}
