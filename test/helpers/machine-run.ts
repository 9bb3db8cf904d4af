import { expect } from 'chai'
import fc from 'fast-check'
import { toHex, utf8Hex } from '../../src/codec/hex.ts'
import { MACHINE_BYTES_MAX } from '../../src/reducers/command-log/log-state.ts'
import type { Machine } from '../../src/reducers/command-log/machine.ts'
import type { Address } from '../../src/types/ids.ts'

/** Of a member; no member has key 0. */
export const keyOf = (member: number): Address => `0x${String(member + 1).padStart(40, '0')}`
export const [ALICE, BOB, CAROL] = [0, 1, 2].map((member) => ({
  proposer: keyOf(member),
  owner: utf8Hex(`c${member}`),
}))

/** A machine that is told command by command, at heights that the test turns. */
export class Run<S> {
  state: S
  agreedMs = 1_000_000n
  height = 1n
  index = 0n
  readonly #machine: Machine<S>

  constructor(machine: Machine<S>) {
    this.#machine = machine
    this.state = machine.empty
  }

  turn(ms: number): this {
    this.agreedMs += BigInt(ms)
    this.height += 1n
    this.#set(this.#machine.turn?.(this.state, { agreedMs: this.agreedMs, token: this.height }) ?? this.state)
    return this
  }

  apply(command: Uint8Array, proposer = keyOf(0)): Uint8Array {
    expect(this.#machine.isCommand(command)).to.equal(true)
    this.index += 1n
    const context = { proposer, agreedMs: this.agreedMs, token: this.height, index: this.index }
    const { state, result } = this.#machine.apply(this.state, command, context)
    this.#set(state)
    return result
  }

  #set(state: S): void {
    const bytes = this.#machine.state.encode(state)
    expect(bytes.length).to.be.at.most(MACHINE_BYTES_MAX)
    expect(this.#machine.state.decode(bytes), 'the codec reads its own bytes').to.deep.equal(state)
    this.state = state
  }
}

export function readsOnlyItsOwn<S>(name: string, machine: Machine<S>): void {
  it(`${name} reads no bytes but those that it writes`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        const state = machine.state.decode(bytes)
        if (state !== null) expect(toHex(machine.state.encode(state))).to.equal(toHex(bytes))
      }),
      { numRuns: 500 },
    )
  })
}
