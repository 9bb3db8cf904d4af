import { fromHex } from '../../codec/hex.ts'
import { measureValidity } from '../../protocol/validity.ts'
import { rateLimit } from '../../reducers/rate-limit.ts'
import type { Hex } from '../../types/ids.ts'
import type { NodeEvent } from './node-process.ts'

/** Heights that a node may be behind before a line is printed without it. */
const PATIENCE_HEIGHTS = 1

/** One line per height: what the nodes finalised, gathered from all of them (operational system validity). */
export class PrivateReport {
  readonly #nodes: number
  readonly #settled = new Map<number, Hex[]>()

  constructor(nodes: number) {
    this.#nodes = nodes
  }

  /** Lines that can be said now. */
  take({ event, facts }: NodeEvent): string[] {
    if (event !== 'height.settled') return []
    const height = Number(facts['height'])
    this.#settled.set(height, [...(this.#settled.get(height) ?? []), facts['state'] as Hex])
    const ready = [...this.#settled].filter(
      ([at, states]) => states.length === this.#nodes || at < height - PATIENCE_HEIGHTS,
    )
    return ready
      .sort(([a], [b]) => a - b)
      .map(([at, states]) => {
        this.#settled.delete(at)
        return this.#line(at, states)
      })
  }

  #line(height: number, states: readonly Hex[]): string {
    const { magnitude = 0, entropy = 0, concentration = 0 } = measureValidity(states) ?? {}
    const measures = [magnitude, entropy, concentration].map((measure) => measure.toFixed(2)).join(' / ')
    return (
      `height ${String(height).padStart(4)}  ${String(states.length)}/${String(this.#nodes)} nodes  ` +
      `validity ${measures}  ${sharesOf(states[0])}`
    )
  }
}

function sharesOf(state: Hex | undefined): string {
  const decoded = state === undefined ? null : rateLimit.state.decode(fromHex(state))
  if (decoded === null) return ''
  const shares = decoded.rows.map(({ share }) => String(share)).join(' + ')
  return `tokens ${shares} of ${String(decoded.budget)}`
}
