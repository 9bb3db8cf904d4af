import { expect } from 'chai'
import { NOTHING } from '../../src/codec/objects.ts'
import { PATIENCE } from '../../src/protocol/awaited.ts'
import { Random } from '../../src/faults/random.ts'
import { LeftOut } from '../../src/sim/judge/left-out.ts'
import { drawScenario } from '../../src/sim/scenario.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Share, Signed } from '../../src/types/objects.ts'
import { EngineCluster } from '../helpers/engine-cluster.ts'

const EVERYBODY = 0b1111n
const WITHOUT_LAST = 0b0111n
const LAST = 3

/** Member 0 of four, as the judge of who was left out sees it, from the first height on. */
class Watched {
  readonly violations: string[] = []
  readonly #judge: LeftOut
  readonly #timeoutMs: number
  #height = 1
  #nowMs = 0

  constructor() {
    const { params } = drawScenario(new Random(1), { heights: 12, calm: true, nodes: 4 })
    const { cluster } = new EngineCluster({ n: 4, fate: () => [] })
    const violate = (kind: string): void => void this.violations.push(kind)
    this.#judge = new LeftOut({ cluster, params, isHonest: () => true, violate, count: () => undefined })
    this.#judge.booted(0)
    this.#judge.sent(0)
    this.#timeoutMs = params.debateTicks * params.tickMs
  }

  /** Plays a height in which the last member is heard before DEBATE ends with a vote for these inputs; 0n is NIL. */
  height(inputs: bigint, isLate: boolean, isHeard = true): this {
    if (isHeard) this.#judge.heard(0, LAST, this.#height, this.#nowMs)
    this.#judge.signed(
      signed({ type: 'status', height: this.#height, parent: NIL, stateHash: NIL, eventSeq: 0 }),
      this.#nowMs,
    )
    this.#nowMs += isLate ? this.#timeoutMs : 1
    const share = this.#share(inputs)
    this.#judge.signed(share, this.#nowMs)
    const { object } = this.#share(EVERYBODY)
    const decided = { height: this.#height, confirms: [], share: signed(object), inputs: [] }
    this.#judge.decided(0, { decided, round: 0, value: NIL, state: new Uint8Array() })
    this.#height += 1
    return this
  }

  #share(inputs: bigint): Signed<Share> {
    return signed({
      type: 'share',
      height: this.#height,
      round: 0,
      parent: NIL,
      ...NOTHING,
      inputs,
      validRound: -1,
    })
  }
}

function signed<T extends Signed['object']>(object: T): Signed<T> {
  return { object, member: 0, hash: NIL, signature: '0x' }
}

describe('the judge of who was left out', () => {
  it('sees a member that was heard and not waited for', () => {
    expect(new Watched().height(WITHOUT_LAST, false).violations).to.deep.equal(['left-out'])
    expect(new Watched().height(WITHOUT_LAST, false, false).violations).to.deep.equal([])
    expect(new Watched().height(WITHOUT_LAST, true).violations).to.deep.equal([])
  })

  it('counts a time-out after which no list could be aggregated', () => {
    for (let waited = 0; waited <= PATIENCE; waited += 1) {
      const watched = new Watched()
      for (let i = 0; i < waited; i += 1) watched.height(0n, true)
      const { violations } = watched.height(WITHOUT_LAST, false)
      expect(violations, `${waited} time-outs`).to.deep.equal(waited < PATIENCE ? ['left-out'] : [])
    }
  })

  it('does not take an early NIL for a time-out', () => {
    const watched = new Watched()
    for (let i = 0; i < PATIENCE; i += 1) watched.height(0n, false)
    expect(watched.height(WITHOUT_LAST, false).violations).to.deep.equal(['left-out'])
  })

  it('waits for nobody who was not heard again after a time-out', () => {
    expect(new Watched().height(0n, true).height(WITHOUT_LAST, false, false).violations).to.deep.equal([])
    expect(new Watched().height(0n, false).height(WITHOUT_LAST, false, false).violations).to.deep.equal([
      'left-out',
    ])
  })
})
