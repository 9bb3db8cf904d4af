import type { Validity } from '../protocol/validity.ts'
import type { HeightReport } from './report.ts'

/** Lines per list for a person to read. */
const HEIGHTS_SHOWN_MAX = 20

const isUnanimous = ({ transitional, operational }: HeightReport): boolean =>
  transitional?.magnitude === 1 && operational?.magnitude === 1

/** How many heights were unanimous among those who signed their logs; null without heights. */
export function describeUnanimity(heights: readonly HeightReport[]): string | null {
  if (heights.length === 0) return null
  const unanimous = heights.filter(isUnanimous).length
  const same = 'all signers logged the same SHARE and CONFIRM'
  return unanimous === heights.length
    ? `${same} at every height`
    : `${same} at ${unanimous} of ${heights.length} heights`
}

/** Heights on whose way signers differed. */
export function describeDivergence(heights: readonly HeightReport[], isFull: boolean): string[] {
  const others = heights.filter((height) => !isUnanimous(height))
  const shown = isFull ? others : others.slice(0, HEIGHTS_SHOWN_MAX)
  return [
    ...shown.map(
      ({ height, round, transitional, operational }) =>
        `height ${height}, round ${round}: SHARE ${validity(transitional)}; CONFIRM ${validity(operational)}`,
    ),
    ...(others.length > shown.length ? [`and ${others.length - shown.length} more: see --full`] : []),
  ]
}

function validity(measured: Validity | null): string {
  if (measured === null) return 'not known'
  const { magnitude, entropy, concentration, compared } = measured
  return `${compared} compared, magnitude ${magnitude.toFixed(2)}, entropy ${entropy.toFixed(2)}, concentration ${concentration.toFixed(2)}`
}
