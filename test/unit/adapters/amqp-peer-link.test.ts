import { expect } from 'chai'
import { DEFAULT_LIMITS } from '../../../src/adapters/amqp/limits.ts'
import { PeerLink } from '../../../src/adapters/amqp/peer-link.ts'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { Counters } from '../../../src/adapters/wire/counters.ts'
import type { Sealed, SealedKind } from '../../../src/codec/sealed.ts'
import type { Address, Hex } from '../../../src/types/ids.ts'

const [ALICE, BOB] = ['aa', 'bb'].map((byte): Address => `0x${byte.repeat(20)}`) as [Address, Address]
const hex16 = (number: number): Hex => `0x${number.toString(16).padStart(32, '0')}`

/** Two ends of a broker that takes so long for each frame. Seals are not looked at. */
class Ends {
  readonly clock = new VirtualClock()
  /** What was sent to alice, in order. */
  readonly sentToAlice: Sealed[] = []
  readonly counters = new Counters()
  readonly alice: PeerLink
  readonly bob: PeerLink
  readonly #delayMs: number
  #nonces = 0

  constructor(delayMs: number, backoffMsMax: number) {
    this.#delayMs = delayMs
    this.alice = this.#end(ALICE, BOB, backoffMsMax, (frame) => this.bob.receive(frame))
    this.bob = this.#end(BOB, ALICE, backoffMsMax, (frame) => {
      this.sentToAlice.push(frame)
      this.alice.receive(frame)
    })
  }

  get areConnected(): boolean {
    return this.alice.isConnected && this.bob.isConnected
  }

  #end(own: Address, peer: Address, backoffMsMax: number, bring: (frame: Sealed) => void): PeerLink {
    const session = hex16(own === ALICE ? 0xa : 0xb)
    let sequence = 0n
    const silent = (): void => undefined
    return new PeerLink(peer, {
      ...{ clock: this.clock, counters: this.counters, random: () => 0.5, session },
      logger: { info: silent, warn: silent, error: silent },
      limits: { ...DEFAULT_LIMITS, backoffMsMin: 20, backoffMsMax },
      nonce: () => hex16(0x100 + this.#nonces++),
      isAuthentic: () => true,
      publish: (kind: SealedKind, body) => {
        sequence += 1n
        const frame = { kind, sender: own, session, sequence, signature: '0x' as const, body }
        this.clock.after(this.#delayMs, () => bring(frame))
        return true
      },
      ...{ deliver: silent, hear: silent },
    })
  }
}

describe('a peer behind a broker', () => {
  it('is connected soon, also where an answer takes longer than the longest pause between questions', () => {
    for (const delayMs of [5, 60, 400]) {
      const ends = new Ends(delayMs, 200)
      ends.alice.reach()
      ends.bob.reach()
      ends.clock.advance(8 * delayMs)
      expect(ends.areConnected, `${delayMs} ms`).equal(true)
    }
  })

  it('answers count once, and none of a question that was asked long before', () => {
    const ends = new Ends(400, 200)
    ends.alice.reach()
    ends.bob.reach()
    ends.clock.advance(5_000)
    expect(ends.areConnected).equal(true)
    const before = ends.counters.snapshot().refused.replay ?? 0
    const answers = ends.sentToAlice.filter(({ kind }) => kind === 'answer')
    answers.forEach((answer, i) => ends.alice.receive({ ...answer, sequence: 1_000n + BigInt(i) }))
    expect((ends.counters.snapshot().refused.replay ?? 0) - before).equal(answers.length)
    expect(ends.areConnected).equal(true)
  })
})
