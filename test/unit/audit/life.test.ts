import { expect } from 'chai'
import fc from 'fast-check'
import type { LifeFacts } from '../../../src/audit/life.ts'
import { lifeAt } from '../../../src/audit/life.ts'
import { holds } from '../../helpers/holds.ts'
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
  ...{ evidence: EVIDENCE, signups: 4 },
  ...{ formed: null, revoked: null, idle: false, anchored: null, complete: false },
}
const at = (changes: Partial<LifeFacts>, block: number): string => {
  const { status, closedAt, claimsOpenAt } = lifeAt({ ...OPEN, ...changes }, BigInt(block))
  return [status, closedAt, claimsOpenAt].filter((part) => part !== null).join(' ')
}

/** As the contracts compute it (libraries/TaskStatus.sol), on numbers: in another order, by other steps. */
function asTheContract(facts: LifeFacts, block: number): string {
  const formed = Number(facts.formed ?? 0)
  const revoked = Number(facts.revoked ?? 0)
  if (formed === 0) {
    let expired = DEADLINE + Number(REORG_DEPTH) + 257
    if (expired > END) expired = END
    if (block > DEADLINE && facts.signups < 4) expired = DEADLINE + 1
    if (revoked !== 0 && revoked <= DEADLINE) expired = revoked
    return block < expired ? 'Open' : `Expired ${expired} ${expired}`
  }
  const lastBlock = Number(facts.anchored ?? formed)
  const endBlock = revoked !== 0 && !facts.idle ? revoked : END
  const complete = facts.complete || facts.idle
  const end = complete && lastBlock < endBlock ? lastBlock : endBlock
  const stall = lastBlock + STALL
  const over = (name: string, closed: number): string => `${name} ${closed} ${closed + Number(EVIDENCE) + 1}`
  if (stall < end && block > stall) return over('NoQuorum', stall)
  if (block < end) return 'Active'
  const closes = end + Number(CLOSE_GRACE)
  return block < closes ? 'Finalizing' : over('Closed', closes)
}

describe('audit: where a task stands', () => {
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
      .map((one): LifeFacts => {
        const { formed, revoked, anchored } = one
        const idle = formed !== null && revoked !== null && revoked < formed && revoked > DEADLINE
        const ends = formed !== null && revoked !== null && revoked >= formed
        const lapsed = anchored !== null && idle
        return {
          ...{ ...OPEN, ...one, idle },
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
