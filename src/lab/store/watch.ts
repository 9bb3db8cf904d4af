import { arrived, phi, silenceMs, watched } from '../../services/health/phi.ts'
import type { Arrivals } from '../../services/health/phi.ts'
import type { Observed } from '../../services/services.ts'
import type { MemberIndex } from '../../types/ids.ts'

const U16_MAX = 0xffff

/** Who heard whom, pair by pair: a link may be cut though both of its ends are heard by others. */
export class PairWatch {
  readonly #pairs: Arrivals[][]

  constructor(count: number, nowMs: number) {
    this.#pairs = Array.from({ length: count }, () => Array.from({ length: count }, () => watched(nowMs)))
  }

  heard(listener: MemberIndex, speaker: MemberIndex, nowMs: number): void {
    const row = this.#pairs[listener]
    const last = row?.[speaker]
    if (row !== undefined && last !== undefined) row[speaker] = arrived(last, nowMs)
  }

  peers(self: MemberIndex, nowMs: number): Observed['health']['peers'] {
    return (this.#pairs[self] ?? [])
      .map((one, member) => ({
        member,
        phi: phi(one, nowMs),
        silenceMs: Math.min(U16_MAX, Math.round(silenceMs(one, nowMs))),
      }))
      .filter(({ member }) => member !== self)
  }
}
