import { shareValue, signOnceKey } from '../../src/codec/objects.ts'
import type { EngineState } from '../../src/protocol/state.ts'
import { invariant } from '../../src/types/errors.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Signed } from '../../src/types/objects.ts'
import { textOf } from './canonical.ts'
import type { Outcome } from './drive.ts'
import type { Names } from './names.ts'
import { UNKNOWN } from './names.ts'
import { ROUNDS } from './world.ts'

/** A node between two visible changes: all that it cannot be told again. */
export interface Core {
  readonly id: number
  readonly key: string
  /** Exploration ends here for this node: it has decided, or left the last round of the model. */
  readonly ended: boolean
  /** Bits of what it signed. */
  readonly signed: number
  /** Value decided, or of the commit certificate that it has seen. */
  readonly settled: string | null
  /** What its own signatures prove against it. */
  readonly faults: readonly string[]
}

/** All cores by key; the same key is the same core, whoever the member is. */
export class Cores {
  readonly byId: Core[] = []
  readonly #ids = new Map<string, number>()
  readonly #bits = new Map<string, number>()
  /** Bits of the objects for one sign-once key. */
  readonly #slots = new Map<string, number>()
  readonly #names: Names
  /** Votes outside the model: such moves are not followed. */
  cuts = 0

  constructor(names: Names) {
    this.#names = names
  }

  at(id: number): Core {
    const core = this.byId[id]
    invariant(core !== undefined, `no core ${id}`)
    return core
  }

  /** The bit of an object in `Core.signed`, whoever signed it. */
  bitOf(signed: Signed): number {
    const name = this.#names.ofObject(signed)
    const bit = this.#bits.get(name) ?? this.#bits.size
    invariant(bit < 31, 'too many kinds of objects for a bitmap')
    this.#bits.set(name, bit)
    const slot = signOnceKey(signed.object)
    this.#slots.set(slot, (this.#slots.get(slot) ?? 0) | (1 << bit))
    return 1 << bit
  }

  /** Whether one honest member can have signed all of these: no two of them for one key. */
  isPossible(bits: number): boolean {
    return [...this.#slots.values()].every((slot) => (bits & slot & ((bits & slot) - 1)) === 0)
  }

  /** Bit of the CONFIRMs for a value, by round; for the judge. */
  bitNamed(name: string): number {
    const bit = this.#bits.get(name)
    return bit === undefined ? 0 : 1 << bit
  }

  /** The core after an outcome; null if it is outside the model. */
  of(state: EngineState, outcome: Pick<Outcome, 'decided' | 'signed'>): Core | null {
    const ended = outcome.decided !== null || state.round >= ROUNDS
    const running = ended ? undefined : this.#ids.get(textOf(state, this.#names))
    if (running !== undefined) return this.at(running)
    const own = [...outcome.signed.values()].filter(
      ({ object }) => !('round' in object) || object.round < ROUNDS,
    )
    const names = own.map((signed) => this.#names.ofObject(signed)).sort()
    const settled = outcome.decided ?? state.adoption?.value ?? null
    const value = settled === null ? '' : this.#names.ofValue(settled)
    const how = outcome.decided === null ? 'left' : 'decided'
    const key = ended ? `${how} ${value} ; ${names.join(' ')}` : textOf(state, this.#names)
    if (key.includes(UNKNOWN)) {
      this.cuts += 1
      return null
    }
    const known = this.#ids.get(key)
    if (known !== undefined) return this.at(known)
    const core: Core = {
      id: this.byId.length,
      key,
      ended,
      signed: own.reduce((bits, signed) => bits | this.bitOf(signed), 0),
      settled: settled === null ? null : this.#names.ofValue(settled),
      faults: voteFaults(own),
    }
    this.byId.push(core)
    this.#ids.set(key, core.id)
    return core
  }
}

/** What convicts an honest signer by its own votes: E1b, and the stricter rule for locks behind it. */
export function voteFaults(own: readonly Signed[]): string[] {
  const objects = own.map(({ object }) => object)
  return objects.flatMap((confirm) => {
    if (confirm.type !== 'confirm' || confirm.value === NIL) return []
    return objects.flatMap((share) => {
      if (share.type !== 'share' || share.inputs === 0n) return []
      if (share.round <= confirm.round || share.validRound >= confirm.round) return []
      return [
        shareValue(share) === confirm.value
          ? 'votes afresh for what it is locked on'
          : 'E1b: votes against its lock',
      ]
    })
  })
}
