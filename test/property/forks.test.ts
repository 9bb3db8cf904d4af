import { expect } from 'chai'
import fc from 'fast-check'
import { isAmnesia, isProof } from '../../src/codec/evidence.ts'
import { signOnceKey } from '../../src/codec/objects.ts'
import type { Evidence } from '../../src/types/evidence.ts'
import type { Part } from '../../src/types/frames.ts'
import type { MemberIndex } from '../../src/types/ids.ts'
import type { Confirm, Share, Signed } from '../../src/types/objects.ts'
import { EngineCluster } from '../helpers/engine-cluster.ts'

const EPOCH_HEIGHTS = 4
const HEIGHTS = 3
const TICKS_MAX = 1_500

/** A cluster in which liars hold so much weight that each half of the honest makes a quorum with them. */
interface Split {
  readonly n: number
  readonly left: readonly MemberIndex[]
  readonly right: readonly MemberIndex[]
  readonly liars: readonly MemberIndex[]
  /** What is lost, per mille, and the longest delay in ticks. */
  readonly loss: number
  readonly delay: number
  /** Liars bring other states to the right half. */
  readonly otherStates: boolean
  readonly seed: number
}

const split: fc.Arbitrary<Split> = fc
  .record({
    n: fc.integer({ min: 4, max: 10 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    leftShare: fc.double({ min: 0, max: 1, noNaN: true }),
    order: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 10, maxLength: 10 }),
    loss: fc.constantFrom(0, 50, 200),
    delay: fc.constantFrom(1, 6, 25),
    otherStates: fc.boolean(),
    seed: fc.integer({ min: 1, max: 2 ** 30 }),
  })
  .map(({ n, share, leftShare, order, ...rest }) => {
    // each half below a third, so that the other half and the liars are a quorum
    const halfMax = Math.ceil(n / 3) - 1
    const left = 1 + Math.floor(leftShare * (halfMax - 0.001))
    const right = 1 + Math.floor(share * (halfMax - 0.001))
    const members = Array.from({ length: n }, (_, i) => i).sort((a, b) => order[a]! - order[b]!)
    return {
      ...rest,
      n,
      left: members.slice(0, left),
      right: members.slice(left, left + right),
      liars: members.slice(left + right),
    }
  })

/** What one half was told: every signed object of every frame that arrived. */
interface Half {
  readonly world: EngineCluster
  readonly heard: Signed[]
}

/** One half of the honest with the liars, who follow the protocol towards it; the other half hears nothing. */
function runHalf(
  { n, liars, loss, delay, otherStates, seed }: Split,
  live: readonly MemberIndex[],
  salt: number,
): Half {
  let state = (seed + salt) >>> 0
  const dice = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 8
  }
  const heard: Signed[] = []
  const world: EngineCluster = new EngineCluster({
    n,
    heights: HEIGHTS,
    epochHeights: EPOCH_HEIGHTS,
    state: (member, height) =>
      Uint8Array.of(member, otherStates && salt > 0 && liars.includes(member) ? height + 100 : height),
    fate: ({ to, parts }, now) => {
      if (now < 300 && dice() % 1_000 < loss) return []
      if (live.includes(to)) heard.push(...parts.flatMap(objectsOf))
      return [1 + (dice() % delay)]
    },
  })
  for (const { index } of world.cluster.members) {
    if (!live.includes(index) && !liars.includes(index)) world.silent.add(index)
  }
  world.start([...live, ...liars])
  world.run(HEIGHTS, TICKS_MAX)
  return { world, heard }
}

function objectsOf(part: Part): readonly Signed[] {
  if (part.kind === 'object') return [part.signed]
  if (part.kind === 'roundCertificate') return part.certificate.confirms
  if (part.kind === 'decided') return [...part.decided.confirms, part.decided.share, ...part.decided.inputs]
  return []
}

/** Proofs against a member that the two transcripts hold together. */
function proofsAgainst(member: MemberIndex, heard: readonly Signed[]): Evidence[] {
  const own = heard.filter((signed) => signed.member === member)
  const first = new Map<string, Signed>()
  const proofs: Evidence[] = []
  for (const second of own) {
    const held = first.get(signOnceKey(second.object))
    if (held === undefined) first.set(signOnceKey(second.object), second)
    else if (held.hash !== second.hash) proofs.push({ kind: 'E1', first: held, second })
  }
  const objects = [...first.values()]
  for (const confirm of objects) {
    for (const share of objects) {
      if (confirm.object.type !== 'confirm' || share.object.type !== 'share') continue
      if (isAmnesia(confirm.object, share.object))
        proofs.push({ kind: 'E1b', confirm: confirm as Signed<Confirm>, share: share as Signed<Share> })
    }
  }
  return proofs
}

describe('forks leave proof', function () {
  this.timeout(120_000)

  it('whenever two values are decided for one height, what the honest were told convicts a third of the weight', () => {
    let forks = 0
    fc.assert(
      fc.property(split, (drawn) => {
        const halves = [runHalf(drawn, drawn.left, 0), runHalf(drawn, drawn.right, 77)]
        const decided = halves.map(({ world }, i) => {
          const [one] = i === 0 ? drawn.left : drawn.right
          return world.memory(one!).decisions.map(({ value }) => value)
        })
        const forked = decided[0]!.some(
          (value, i) => decided[1]![i] !== undefined && decided[1]![i] !== value,
        )
        const heard = halves.flatMap((half) => half.heard)
        const { cluster } = halves[0]!.world
        const convicted = cluster.members.filter(({ index }) =>
          proofsAgainst(index, heard).some((evidence) =>
            isProof({ cluster, epochHeights: EPOCH_HEIGHTS }, evidence),
          ),
        )
        for (const { index } of convicted) expect(drawn.liars).to.include(index)
        if (!forked) return
        forks += 1
        const weight = convicted.reduce((sum, member) => sum + member.weight, 0)
        expect(3 * weight).to.be.at.least(cluster.totalWeight)
      }),
      { numRuns: 60, seed: Number(process.env['RSDP_SEED'] ?? 20261121) },
    )
    expect(forks).to.be.greaterThan(30)
  })
})
