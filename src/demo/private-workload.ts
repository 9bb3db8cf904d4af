import { loadTrace, WINDOWS } from './trace.ts'
import { RateLimitSource } from './workload.ts'
import type { DecidedState, StateSource } from '../ports/state-source.ts'

/**
 * The demo's queue of requests in a cluster without certificates, where a node may jump over heights: windows of the
 * trace are counted by what this node itself has settled, and begin anew after the last.
 */
export class PrivateWorkload implements StateSource {
  readonly #makeSource: () => RateLimitSource
  #source: RateLimitSource
  #window = 1

  constructor(member: number, members: number, demandMax: bigint) {
    const rows = loadTrace()
    this.#makeSource = () => new RateLimitSource({ rows, member, members, demandMax })
    this.#source = this.#makeSource()
  }

  observe(): Promise<Uint8Array> {
    return this.#source.observe(this.#window)
  }

  decided({ state }: DecidedState): void {
    this.#source.decided({ height: this.#window, state })
    this.#window += 1
    if (this.#window <= WINDOWS) return
    this.#source = this.#makeSource()
    this.#window = 1
  }
}
