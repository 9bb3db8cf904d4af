import { expect } from 'chai'
import { recoverSigner } from '../../../src/adapters/keys/keyring.ts'
import type { RawFrame, RawPart, Unverified } from '../../../src/codec/frames.ts'
import { fromHex, toHex, uint } from '../../../src/codec/hex.ts'
import { domainSeparator, hashObject, signingDigest } from '../../../src/codec/objects.ts'
import { Admit } from '../../../src/node/admit.ts'
import type { Digest } from '../../../src/types/ids.ts'
import type { ProtocolObject, Signed } from '../../../src/types/objects.ts'
import { DOMAIN, keyringOf, realCluster } from '../../helpers/runner-cluster.ts'
import { digestOf } from '../../helpers/store-kit.ts'
import { NOTHING } from '../../../src/codec/objects.ts'
import { NIL } from '../../../src/types/ids.ts'

const CLUSTER = realCluster(4)
const SEPARATOR = domainSeparator(DOMAIN)
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
/** Checks that a peer can cause between two refills. */
const BURST = 512

function confirm(round: number, height = 1): ProtocolObject {
  return { type: 'confirm', height, round, value: digestOf('value') }
}

function status(height: number): ProtocolObject {
  return { type: 'status', height, parent: NIL, stateHash: digestOf('state'), eventSeq: 0 }
}

function share(round: number): ProtocolObject {
  const [stateHash, inputsRoot] = [digestOf('state'), digestOf('inputs')]
  const content = { ...NOTHING, stateHash, inputsRoot, inputs: 15n }
  return { type: 'share', height: 1, round, parent: NIL, ...content, validRound: -1 }
}

function signedBy(member: number, object: ProtocolObject, separator: Digest = SEPARATOR): Unverified {
  const digest = signingDigest(separator, hashObject(CLUSTER.id, object))
  return { object, member, signature: keyringOf(member).sign(digest) }
}

/** The other signature of the same key for the same digest: n − s, and the other v. */
function highS({ object, member, signature }: Unverified): Unverified {
  const bytes = fromHex(signature)
  const s = BigInt(toHex(bytes.slice(32, 64)))
  const flipped = (ORDER - s).toString(16).padStart(64, '0')
  const v = bytes[64] === 27 ? '1c' : '1b'
  return { object, member, signature: `0x${signature.slice(2, 66)}${flipped}${v}` }
}

function frameOf(...signed: readonly Unverified[]): RawFrame {
  return { cluster: CLUSTER.id, parts: signed.map((one): RawPart => ({ kind: 'object', signed: one })) }
}

describe('Admit', () => {
  let refused: string[]
  let changes: string[]
  let admit: Admit

  beforeEach(() => {
    refused = []
    changes = []
    admit = new Admit({
      cluster: CLUSTER,
      separator: SEPARATOR,
      recover: recoverSigner,
      refused: (from, code) => void refused.push(`${from} ${code}`),
      isolation: (member, isolated) => void changes.push(`${member} ${isolated ? 'isolated' : 'released'}`),
    })
  })

  describe('refuses, and counts for whom it came from', () => {
    const otherDomain = domainSeparator({ ...DOMAIN, salt: digestOf('another deployment') })
    const cases: readonly (readonly [what: string, sent: Unverified, code: string])[] = [
      ['a member that does not exist', signedBy(4, confirm(0)), 'not-a-member'],
      ['a signature of another member', { ...signedBy(2, confirm(0)), member: 1 }, 'bad-signature'],
      ['a signature of another object', { ...signedBy(1, confirm(0)), object: confirm(1) }, 'bad-signature'],
      ['a signature for another deployment', signedBy(1, confirm(0), otherDomain), 'bad-signature'],
      ['a signature with s in the upper half', highS(signedBy(1, confirm(0))), 'bad-signature'],
      ['no signature', { ...signedBy(1, confirm(0)), signature: `0x${'00'.repeat(65)}` }, 'bad-signature'],
      ['v of 0 or 1', { ...signedBy(1, confirm(0)), signature: `0x${'11'.repeat(64)}00` }, 'bad-signature'],
    ]
    for (const [what, sent, code] of cases) {
      it(what, () => {
        expect(admit.frame(3, frameOf(sent))).to.deep.equal([])
        expect(refused).to.deep.equal([`3 ${code}`])
      })
    }

    it('a list with one bad object in it, at the cost of the checks up to there', () => {
      const bad = { ...signedBy(0, confirm(0)), member: 1 }
      const confirms = [signedBy(0, confirm(0)), bad, signedBy(2, confirm(0)), signedBy(3, confirm(0))]
      const part: RawPart = { kind: 'roundCertificate', height: 1, round: 0, confirms }
      expect(admit.frame(3, { cluster: CLUSTER.id, parts: [part] })).to.deep.equal([])
      expect(admit.checks).to.equal(2)
    })

    it('objects of another kind than the list says', () => {
      const three = [0, 1, 2]
      const wrong: RawPart[] = [
        { kind: 'roundCertificate', height: 1, round: 0, confirms: three.map((m) => signedBy(m, status(1))) },
        {
          kind: 'decided',
          height: 1,
          confirms: three.map((m) => signedBy(m, status(1))),
          share: signedBy(0, share(0)),
          inputs: [],
        },
        { kind: 'decided', height: 1, confirms: [], share: signedBy(0, confirm(0)), inputs: [] },
        {
          kind: 'decided',
          height: 1,
          confirms: [],
          share: signedBy(0, share(0)),
          inputs: [signedBy(0, confirm(0))],
        },
      ]
      for (const part of wrong)
        expect(admit.frame(3, { cluster: CLUSTER.id, parts: [part] })).to.deep.equal([])
    })
  })

  it('drops only the parts that fail', () => {
    const good = signedBy(1, confirm(0))
    const parts = admit.frame(3, frameOf(signedBy(4, confirm(0)), good, { ...good, member: 2 }))
    expect(parts).to.have.length(1)
    expect(parts[0]).to.deep.include({ kind: 'object' })
  })

  it('lets through what is not signed', () => {
    const parts: RawPart[] = [
      { kind: 'ask', height: 1 },
      { kind: 'get', hashes: [digestOf('body')] },
      { kind: 'sync', fromHeight: 1 },
      { kind: 'body', hash: digestOf('body'), bytes: new Uint8Array() },
      { kind: 'notes', firstHeight: 1, note: '0x' },
      { kind: 'seen', height: 1, seen: [] },
    ]
    expect(admit.frame(3, { cluster: CLUSTER.id, parts })).to.deep.equal(parts)
    expect(admit.checks).to.equal(0)
  })

  it('adds the hash that identifies the object', () => {
    const [part] = admit.frame(1, frameOf(signedBy(1, confirm(0))))
    const hash = hashObject(CLUSTER.id, confirm(0))
    expect(part).to.deep.equal({ kind: 'object', signed: { ...signedBy(1, confirm(0)), hash } })
  })

  describe('checks a signature once', () => {
    it('however often, in whatever part and from whomever the object comes', () => {
      const confirms = [0, 1, 2].map((member) => signedBy(member, confirm(0)))
      const inputs = [0, 1, 2].map((member) => signedBy(member, status(1)))
      const vote = signedBy(2, share(0))
      for (const from of [0, 1, 2, 3]) {
        admit.frame(from, frameOf(...confirms, ...inputs, vote))
        admit.frame(from, {
          cluster: CLUSTER.id,
          parts: [
            { kind: 'decided', height: 1, confirms, share: vote, inputs },
            { kind: 'roundCertificate', height: 1, round: 0, confirms },
          ],
        })
      }
      expect(admit.checks).to.equal(7)
      expect(refused).to.be.empty
    })

    it('and keeps the first signature, also where a later one is worthless', () => {
      const first = signedBy(1, confirm(0))
      admit.frame(1, frameOf(first))
      const [part] = admit.frame(2, frameOf({ ...first, signature: `0x${'00'.repeat(65)}` }))
      expect(part).to.have.nested.property('signed.signature', first.signature)
      expect(admit.checks).to.equal(1)
    })

    it('but for each signer of the same object', () => {
      admit.frame(3, frameOf(...[0, 1, 2].map((member) => signedBy(member, confirm(0)))))
      expect(admit.checks).to.equal(3)
      admit.frame(3, frameOf({ ...signedBy(0, confirm(0)), member: 3 }))
      expect(refused).to.deep.equal(['3 bad-signature'])
    })

    it('and never for own objects', () => {
      const own: Signed = { ...signedBy(0, confirm(0)), hash: hashObject(CLUSTER.id, confirm(0)) }
      admit.remember(own)
      expect(admit.frame(3, frameOf(own))).to.have.length(1)
      expect(admit.checks).to.equal(0)
    })
  })

  describe('budget of a peer', () => {
    /** Objects of one member, all different, that recover to nobody: as good as signed ones for the budget. */
    const flood = (count: number, from: number): RawFrame => {
      const signature = signedBy(1, confirm(0)).signature
      return frameOf(
        ...Array.from({ length: count }, (_, i) => ({ object: confirm(i, 9), member: from, signature })),
      )
    }

    it('wrong signatures use it up soon; then nothing is checked until it is refilled', () => {
      admit.frame(3, flood(100, 1))
      const { checks } = admit
      expect(checks).to.be.at.most(BURST / 16)
      expect(refused.filter((line) => line === '3 over-budget')).to.have.length(100 - checks)
      expect(admit.frame(3, frameOf(signedBy(1, confirm(0))))).to.be.empty
      admit.refill()
      expect(admit.frame(3, frameOf(signedBy(1, confirm(0))))).to.have.length(1)
    })

    it('is each peer’s own', () => {
      admit.frame(3, flood(100, 1))
      expect(admit.frame(2, frameOf(signedBy(1, confirm(0))))).to.have.length(1)
    })

    it('holds for true signatures too, and known objects cost nothing', () => {
      const known = signedBy(1, confirm(0))
      admit.frame(3, frameOf(known))
      const many = Array.from({ length: BURST }, (_, round) => signedBy(3, confirm(round + 1)))
      expect(admit.frame(3, frameOf(...many))).to.have.length(BURST - 1)
      expect(refused).to.deep.equal(['3 over-budget'])
      expect(admit.frame(3, frameOf(known))).to.have.length(1)
    })
  })

  it('forgets the oldest when it has many to remember', () => {
    const own = (round: number): Signed => {
      const object = confirm(round)
      return { object, member: 0, signature: `0x${'11'.repeat(65)}`, hash: hashObject(CLUSTER.id, object) }
    }
    const first = own(0)
    admit.remember(first)
    const others = Array.from({ length: 8_191 }, (_, i): Signed => ({ ...first, hash: `0x${uint(i, 32)}` }))
    for (const other of others) admit.remember(other)
    expect(admit.frame(3, frameOf(first))).to.have.length(1)
    admit.remember(own(1))
    expect(admit.frame(3, frameOf(own(1)))).to.have.length(1)
    expect(admit.frame(3, frameOf(first))).to.be.empty // no longer known, and its signature is none
  })

  it('forgets what is below a height, but no CLOSE', () => {
    const [old, late] = [signedBy(3, confirm(0, 1)), signedBy(3, confirm(0, 2))]
    const close = signedBy(3, { type: 'close' })
    const costs = (one: Unverified): number => {
      const before = admit.checks
      expect(admit.frame(3, frameOf(one))).to.have.length(1)
      return admit.checks - before
    }
    expect([old, late, close].map(costs)).to.deep.equal([1, 1, 1])
    admit.forget(1)
    expect([old, late, close].map(costs)).to.deep.equal([0, 0, 0])
    admit.forget(2)
    expect([old, late, close].map(costs)).to.deep.equal([1, 0, 0])
    expect([old, late, close].map(costs)).to.deep.equal([0, 0, 0])
  })

  it('forgets how often something was sent for keys below a height, not for others', () => {
    const versions = (height: number): Unverified[] =>
      ['a', 'b', 'c'].map((name) =>
        signedBy(3, { ...status(height), stateHash: digestOf(name) } as ProtocolObject),
      )
    for (const height of [1, 2]) {
      const [first, second, third] = versions(height)
      expect(admit.frame(3, frameOf(first!, second!))).to.have.length(2)
      expect(admit.frame(3, frameOf(third!))).to.be.empty
    }
    admit.forget(2)
    expect(admit.frame(3, frameOf(versions(1)[2]!))).to.have.length(1)
    expect(admit.frame(3, frameOf(versions(2)[2]!))).to.be.empty
  })

  describe('flood control', () => {
    const version = (i: number): ProtocolObject =>
      ({ ...status(1), stateHash: digestOf(`state ${i}`) }) as ProtocolObject

    it('checks no third object for one key from its own signer', () => {
      for (let i = 0; i < 5; i += 1) admit.frame(1, frameOf(signedBy(1, version(i))))
      expect(admit.checks).equal(2)
      expect(refused).deep.equal(['1 over-quota', '1 over-quota', '1 over-quota'])
    })

    it('still takes a third one from those who relay it: their lists may rest on it', () => {
      for (let i = 0; i < 2; i += 1) admit.frame(1, frameOf(signedBy(1, version(i))))
      expect(admit.frame(2, frameOf(signedBy(1, version(2))))).length(1)
      expect(refused).deep.equal([])
    })

    it('isolates who goes on, and releases it after 30 s', () => {
      for (let i = 0; i < 2 + 64; i += 1) admit.frame(1, frameOf(signedBy(1, version(i))))
      expect(changes).deep.equal(['1 isolated'])
      expect(admit.isolated).deep.equal([1])
      expect(admit.frame(1, frameOf(signedBy(1, confirm(0))))).deep.equal([])
      expect(refused.at(-1)).equal('1 isolated')
      expect(admit.frame(2, frameOf(signedBy(2, confirm(0)))), 'others are heard').length(1)
      for (let second = 0; second < 30; second += 1) admit.refill()
      expect(changes).deep.equal(['1 isolated', '1 released'])
      expect(admit.frame(1, frameOf(signedBy(1, confirm(0))))).length(1)
    })

    it('forgets strikes that come slowly', () => {
      for (let i = 0; i < 2 + 200; i += 1) {
        admit.frame(1, frameOf(signedBy(1, version(i))))
        if (i % 40 === 0) admit.refill()
      }
      expect(changes).deep.equal([])
    })
  })
})
