import { expect } from 'chai'
import fc from 'fast-check'
import type { LifeFacts } from '../../../src/types/life.ts'
import { lifeAt } from '../../../src/types/life.ts'
import { holds } from '../../helpers/holds.ts'
import { atBlock } from '../../helpers/moments.ts'
import { taskParams } from '../../helpers/runner-cluster.ts'

const REORG_DEPTH = 6n
const CLOSE_GRACE = 10n
const EVIDENCE = 30n
const DEADLINE = 30
const END = 300
const STALL = 40

const params = { ...taskParams({}), minNodes: 4, joinDeadline: DEADLINE, endBlock: END, stallBlocks: STALL }
const OPEN: LifeFacts = {
  ...{ params, reorgDepth: REORG_DEPTH, formWindow: 256n, closeGrace: CLOSE_GRACE },
  ...{ evidence: EVIDENCE, signups: 4, seedDelaySeconds: 0n, graceSeconds: 0n, evidenceSeconds: 0n },
  ...{ formed: null, revoked: null, idle: false, anchored: null, complete: false },
}
/** Facts by blocks alone: what the contracts count where a deployment counts no seconds. */
interface InBlocks {
  readonly signups?: number
  readonly formed?: bigint | null
  readonly revoked?: bigint | null
  readonly idle?: boolean
  readonly anchored?: bigint | null
  readonly complete?: boolean
}

const at = ({ formed, revoked, anchored, ...changes }: InBlocks, block: number): string => {
  const moment = (number: bigint | null | undefined) => (number === null || number === undefined ? null : atBlock(number))
  const moments = { formed: moment(formed), revoked: moment(revoked), anchored: moment(anchored) }
  const { status, closedAt, claimsOpenAt } = lifeAt({ ...OPEN, ...changes, ...moments }, atBlock(block))
  return [status, closedAt?.number, claimsOpenAt?.number].filter((part) => part !== undefined).join(' ')
}

/** As the contracts compute it (libraries/TaskStatus.sol), on numbers: in another order, by other steps. */
function asTheContract(facts: InBlocks, block: number): string {
  const formed = Number(facts.formed ?? 0)
  const revoked = Number(facts.revoked ?? 0)
  if (formed === 0) {
    let expired = DEADLINE + Number(REORG_DEPTH) + 257
    if (expired > END) expired = END
    if (block > DEADLINE && (facts.signups ?? 4) < 4) expired = DEADLINE + 1
    if (revoked !== 0 && revoked <= DEADLINE) expired = revoked
    return block < expired ? 'Open' : `Expired ${expired} ${expired}`
  }
  const lastBlock = Number(facts.anchored ?? formed)
  const endBlock = revoked !== 0 && facts.idle !== true ? revoked : END
  const complete = facts.complete === true || facts.idle === true
  const end = complete && lastBlock < endBlock ? lastBlock : endBlock
  const stall = lastBlock + STALL
  const over = (name: string, closed: number): string => `${name} ${closed} ${closed + Number(EVIDENCE) + 1}`
  if (stall < end && block > stall) return over('NoQuorum', stall)
  if (block < end) return 'Active'
  const closes = end + Number(CLOSE_GRACE)
  return block < closes ? 'Finalizing' : over('Closed', closes)
}

describe('where a task stands', () => {
  it('before the drawing', () => {
    expect(at({}, DEADLINE)).equal('Open')
    expect(at({ signups: 3 }, DEADLINE)).equal('Open')
    expect(at({ signups: 3 }, DEADLINE + 1)).equal('Expired 31 31')
    expect(at({ revoked: 9n }, 9)).equal('Expired 9 9')
    expect(at({ revoked: 31n }, 31)).equal('Open')
    expect(at({ revoked: 31n }, 293)).equal('Expired 293 293')
    expect(at({}, 292)).equal('Open')
  })

  it('after it', () => {
    expect(at({ formed: 40n }, 80)).equal('Active')
    expect(at({ formed: 40n }, 81)).equal('NoQuorum 80 111')
    expect(at({ formed: 40n, revoked: 80n }, 80)).equal('Finalizing')
    expect(at({ formed: 40n, revoked: 80n }, 90)).equal('Closed 90 121')
    expect(at({ formed: 40n, anchored: 60n, complete: true }, 69)).equal('Finalizing')
    expect(at({ formed: 40n, anchored: 60n, complete: true }, 70)).equal('Closed 70 101')
    expect(at({ formed: 40n, revoked: 35n, idle: true }, 49)).equal('Finalizing')
    expect(at({ formed: 40n, revoked: 35n, idle: true }, 50)).equal('Closed 50 81')
    expect(at({ formed: 40n, anchored: 295n }, 300)).equal('Finalizing')
  })

  it('is over only when blocks and seconds are, and of silence and end what comes first by time', () => {
    const timed = { ...params, joinTime: 1_000, endTime: 9_000, stallSeconds: 2_000 }
    const windows = { seedDelaySeconds: 100n, graceSeconds: 500n, evidenceSeconds: 700n }
    const facts = { ...OPEN, ...windows, params: timed }
    const status = (changes: Partial<LifeFacts>, number: bigint, time: bigint): string =>
      lifeAt({ ...facts, ...changes }, { number, time }).status
    expect(status({ signups: 3 }, 31n, 999n)).equal('Open')
    expect(status({ signups: 3 }, 30n, 1_000n)).equal('Open')
    expect(status({ signups: 3 }, 31n, 1_000n)).equal('Expired')
    expect(status({}, 293n, 1_599n)).equal('Open')
    expect(status({}, 293n, 1_600n)).equal('Expired')
    const formed = { number: 40n, time: 1_200n }
    expect(status({ formed }, 5_000n, 3_199n)).equal('Active')
    expect(status({ formed }, 80n, 30_000n)).equal('Active')
    expect(status({ formed }, 81n, 3_200n)).equal('NoQuorum')
    // silence would end later than the task: its end counts, and its grace from the last checkpoint on
    const anchored = { number: 700n, time: 8_000n }
    expect(status({ formed, anchored }, 20_000n, 8_999n)).equal('Active')
    expect(status({ formed, anchored }, 701n, 9_000n)).equal('Finalizing')
    expect(status({ formed, anchored }, 709n, 30_000n)).equal('Finalizing')
    expect(status({ formed, anchored }, 710n, 9_499n)).equal('Finalizing')
    expect(status({ formed, anchored }, 710n, 9_500n)).equal('Closed')
    // what was revoked after such a silence is not over before its grace
    const revoked = { number: 60n, time: 20_000n }
    expect(status({ formed, revoked }, 60n, 20_000n)).equal('Finalizing')
  })

  it('is what the contract says, for whatever can happen', () => {
    const facts = fc
      .record({
        signups: fc.integer({ min: 0, max: 7 }),
        formed: fc.option(fc.bigInt({ min: 37n, max: 292n })),
        revoked: fc.option(fc.bigInt({ min: 1n, max: 299n })),
        anchored: fc.option(fc.bigInt({ min: 37n, max: 310n })),
        complete: fc.boolean(),
      })
      .filter(({ formed, anchored, signups }) => {
        if (formed === null) return anchored === null
        return signups >= 4 && (anchored === null || anchored >= formed)
      })
      .filter(({ formed, revoked, anchored }) => {
        // checkpoints that count come before the end, and what is revoked while it runs is not silent yet
        if (formed === null) return true
        const last = anchored ?? formed
        const ends = revoked !== null && revoked >= formed
        return last < END && (!ends || (revoked >= last && revoked <= last + BigInt(STALL)))
      })
      .map((one): InBlocks => {
        const { formed, revoked, anchored } = one
        const idle = formed !== null && revoked !== null && revoked < formed && revoked > DEADLINE
        const ends = formed !== null && revoked !== null && revoked >= formed
        const lapsed = anchored !== null && idle
        return {
          ...{ ...one, idle },
          revoked: formed === null || idle || ends ? revoked : null,
          anchored: lapsed ? null : anchored,
          complete: one.complete && anchored !== null && !lapsed,
        }
      })
    holds(
      fc.property(facts, fc.integer({ min: 1, max: 400 }), (one, block) => {
        expect(at(one, block)).equal(asTheContract(one, block))
      }),
      3_000,
    )
  })
})
