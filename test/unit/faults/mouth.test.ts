import { expect } from 'chai'
import { decodeFrame } from '../../../src/codec/frames.ts'
import type { RawPart } from '../../../src/codec/frames.ts'
import { keccak } from '../../../src/codec/hex.ts'
import { domainSeparator, shareValue } from '../../../src/codec/objects.ts'
import { Mouth } from '../../../src/faults/mouth.ts'
import type { Spoken } from '../../../src/faults/mouth.ts'
import { FAULT_NAMES, parseFaults } from '../../../src/faults/parse.ts'
import { Random } from '../../../src/faults/random.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Digest } from '../../../src/types/ids.ts'
import type { ProtocolObject, Share } from '../../../src/types/objects.ts'
import { demandOf, DOMAIN, keyringOf, realCluster } from '../../helpers/runner-cluster.ts'

const SELF = 1
const CLUSTER = realCluster(4)

function mouthOf(faults: string, seed = 7): Mouth {
  return new Mouth({
    self: SELF,
    cluster: CLUSTER,
    separator: domainSeparator(DOMAIN),
    sign: (digest) => keyringOf(SELF).sign(digest),
    dice: new Random(seed),
    phaseMs: 1_000,
    epochHeights: 3,
    log: () => [],
    strategies: parseFaults(faults),
    onLie: () => undefined,
  })
}

const own = (object: ProtocolObject): RawPart => ({
  kind: 'object',
  signed: { object, member: SELF, signature: `0x${'11'.repeat(64)}1b` },
})
const STATE = demandOf(5)
const statusAt = (height: number): RawPart =>
  own({ type: 'status', height, parent: NIL, stateHash: keccak(STATE), eventSeq: 0 })
const BODY: RawPart = { kind: 'body', hash: keccak(STATE), bytes: STATE }
const shareAt = (height: number, round: number): Share => ({
  type: 'share',
  height,
  round,
  parent: NIL,
  stateHash: keccak(STATE),
  inputsRoot: keccak('0x01'),
  inputs: 15n,
  eventSeq: 0,
  eventsHash: NIL,
  validRound: -1,
})

function partsOf(spoken: readonly Spoken[]): RawPart[] {
  return spoken.flatMap(({ bytes }) => decodeFrame(bytes)!.parts)
}

function objectsIn(spoken: readonly Spoken[]): ProtocolObject[] {
  return partsOf(spoken).flatMap((part) => (part.kind === 'object' ? [part.signed.object] : []))
}

const asks = (...hashes: Digest[]): RawPart[] => [{ kind: 'get', hashes }]

describe('Mouth', () => {
  it('answers a peer for the state that only it was told of, and nobody else', () => {
    const mouth = mouthOf('equivocate-status')
    const told = partsOf(mouth.speak(3, [statusAt(1), BODY]))
    const body = told.find((part) => part.kind === 'body')!
    expect(told.filter(({ kind }) => kind === 'body')).to.have.length(1)
    expect(body.hash).not.to.equal(BODY.hash)
    expect(partsOf(mouth.hear(3, asks(NIL, body.hash)))).to.deep.equal([body])
    expect(mouth.hear(0, asks(body.hash))).to.deep.equal([])
    expect(mouth.hear(3, asks(BODY.hash)), 'what the node itself answers').to.deep.equal([])
    expect(partsOf(mouth.speak(2, [statusAt(1), BODY]))).to.deep.equal([statusAt(1), BODY])
  })

  it('answers a peer for the value of a vote that only it was told of', () => {
    const mouth = mouthOf('equivocate-share')
    const [lie] = objectsIn(mouth.speak(3, [own(shareAt(1, 1))])) as [Share]
    expect(lie.stateHash).not.to.equal(shareAt(1, 1).stateHash)
    expect(objectsIn(mouth.hear(3, asks(shareValue(lie))))).to.deep.equal([lie])
    expect(mouth.hear(3, asks(shareValue(shareAt(1, 1))))).to.deep.equal([])
  })

  it('forgets the oldest of too many lies', () => {
    const mouth = mouthOf('equivocate-share')
    const told = Array.from({ length: 65 }, (_, i): Share => {
      const [lie] = objectsIn(mouth.speak(3, [own({ ...shareAt(1, 1), eventSeq: i })])) as [Share]
      return lie
    })
    const answers = told.map((lie) => mouth.hear(3, asks(shareValue(lie))).length)
    expect(answers).to.deep.equal([0, ...Array.from({ length: 64 }, () => 1)])
  })

  it('holds back the frame with the STATUS of one height, and says the same', () => {
    const mouth = mouthOf('delay-status:3:1500')
    const delays = [2, 3, 4].map((height) =>
      mouth.speak(0, [statusAt(height), BODY]).map(({ delayMs }) => delayMs),
    )
    expect(delays).to.deep.equal([[0], [1_500], [0]])
    expect(mouth.speak(0, [own(shareAt(3, 0))])[0]!.delayMs).to.equal(0)
    expect(partsOf(mouth.speak(0, [statusAt(3), BODY]))).to.deep.equal([statusAt(3), BODY])
  })

  it('takes a frame without own objects for one of the height it last spoke of', () => {
    const mouth = mouthOf('withhold-bodies:3')
    const sentAt = (height: number): number => {
      mouth.speak(0, [statusAt(height)])
      return mouth.speak(0, [BODY]).length
    }
    expect([2, 3, 4].map(sentAt)).to.deep.equal([1, 0, 1])
  })

  it('leaves the other heights of a frame alone', () => {
    const said = objectsIn(
      mouthOf('unjustified-vote:2').speak(0, [own(shareAt(1, 0)), own(shareAt(2, 0))]),
    ) as Share[]
    expect(said.map(({ inputs }) => inputs)).to.deep.equal([15n, 31n])
  })

  for (const name of FAULT_NAMES) {
    it(`${name}: the same seed says the same, bytes and delays`, () => {
      const tell = (): Spoken[] => {
        const mouth = mouthOf(name)
        mouth.hear(2, [own(shareAt(1, 0))])
        return [0, 2, 3].flatMap((to) => [
          ...mouth.speak(to, [statusAt(1), BODY]),
          ...mouth.speak(to, [own(shareAt(1, 0))]),
          ...mouth.speak(to, [own({ type: 'confirm', height: 1, round: 0, value: keccak('0x02') })]),
          ...mouth.speak(to, [statusAt(2), BODY]),
        ])
      }
      expect(tell()).to.deep.equal(tell())
    })
  }
})
