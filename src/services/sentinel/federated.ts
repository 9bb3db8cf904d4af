import { fixedCodec, struct, u8 } from '../../reducers/fixed-width.ts'
import type { Reducer } from '../../reducers/reducer.ts'
import { u16, u32 } from '../fields.ts'
import type { Sized } from '../tables.ts'

/** An update of a model, or the agreed one: integers, each −2³¹ … 2³¹ − 1, in the unit that the task names. */
export interface ModelUpdate {
  readonly coordinates: readonly number[]
}

export interface FederatedParams {
  /** Coordinates of an update, 1 … `COORDINATES_MAX`. */
  readonly dimensions: number
  /** A coordinate beyond ± this counts as this. */
  readonly clip: number
  /** How many of the least and how many of the greatest values of a coordinate are left out. */
  readonly trim: number
}

export const COORDINATES_MAX = 7_900
const I32_MAX = 2 ** 31 - 1

/** `u16 count ‖ count × i32`. */
const updates: Sized<ModelUpdate> = {
  bytesMax: 2 + 4 * COORDINATES_MAX,
  encode({ coordinates }) {
    const bytes = new Uint8Array(2 + 4 * coordinates.length)
    const view = new DataView(bytes.buffer)
    view.setUint16(0, coordinates.length)
    coordinates.forEach((value, i) => {
      view.setInt32(2 + 4 * i, value)
    })
    return bytes
  },
  decode(bytes) {
    if (bytes.length < 2) return null
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const count = view.getUint16(0)
    if (count > COORDINATES_MAX || bytes.length !== 2 + 4 * count) return null
    return { coordinates: Array.from({ length: count }, (_, i) => view.getInt32(2 + 4 * i)) }
  },
}

/**
 * Learning without moving raw data: each member brings an update that it fitted on its own data, and the cluster agrees on
 * the coordinate-wise trimmed mean of the clipped updates (Yin, Chen, Ramchandran, Bartlett, ICML 2018).
 *
 * With at most `trim` false updates each coordinate lies between the least and the greatest honest one, whatever the false
 * ones say. Where fewer than 2 · trim + 1 updates are listed, as many are left out as leave one. A seat counts once,
 * whatever it weighs.
 *
 * Pure and total: integers alone; seed, events and the state before are not used.
 */
export const federatedMean: Reducer<ModelUpdate, FederatedParams> = {
  id: 'federated-mean@1',
  state: updates,
  /** `u16 dimensions ‖ u32 clip ‖ u8 trim`. */
  params: fixedCodec(
    struct<FederatedParams>({ dimensions: u16, clip: u32, trim: u8 }),
    ({ dimensions, clip }) =>
      dimensions >= 1 && dimensions <= COORDINATES_MAX && clip >= 1 && clip <= I32_MAX,
  ),

  validate: ({ coordinates }, { dimensions }) => coordinates.length === dimensions,

  aggregateStatus(inputs, { dimensions, clip, trim }) {
    const left = Math.min(trim, (inputs.length - 1) >> 1)
    const coordinates = Array.from({ length: dimensions }, (_, i) => {
      const values = inputs.map(({ state }) => clipped(state.coordinates[i] ?? 0, clip))
      return meanOf(values.sort((a, b) => a - b).slice(left, values.length - left))
    })
    return { coordinates }
  },

  /** Profile `bft` only: nothing is merged. */
  aggregateShare: (own) => own,

  /** Who leaves has said what it knew. */
  aggregateClose: (current) => current,
}

function clipped(value: number, clip: number): number {
  return Math.max(-clip, Math.min(clip, value))
}

/** Towards 0. At most 128 values below 2³¹: the sum is exact, and no quotient of them is rounded over an integer. */
function meanOf(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0)
  return Math.trunc(sum / values.length) + 0
}
