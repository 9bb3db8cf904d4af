import { expect } from 'chai'
import { keccak } from '../../../src/codec/hex.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { ProtocolObject } from '../../../src/types/objects.ts'
import { Bench, demand, NODES } from './court.ts'

const HEIGHT = 2
const VOTER = 0

/** What is found after a vote for a list of all members, of whom some have sent the STATUS that stands in it. */
function foundWith(senders: readonly number[], inputsRoot?: typeof NIL): string[] {
  const bench = new Bench()
  const send = (member: number, object: ProtocolObject): void => {
    const parts = [{ kind: 'object', signed: bench.seal(object, member) }] as const
    bench.judge.wire.sent(member, { cluster: bench.cluster.id, parts }, 0)
  }
  for (const member of senders) {
    const stateHash = keccak(demand(BigInt(10 * member)))
    send(member, { type: 'status', height: HEIGHT, parent: NIL, stateHash, eventSeq: 0 })
  }
  const [share] = bench.vote(HEIGHT)
  send(VOTER, { ...share, ...(inputsRoot === undefined ? {} : { inputsRoot }) })
  return bench.found
}

describe('simulator: lists of votes on the wire', () => {
  const all = Array.from({ length: NODES }, (_, member) => member)

  it('are those that hash to the inputsRoot', () => {
    expect(foundWith(all)).deep.equal([])
    expect(foundWith(all, keccak(Uint8Array.of(1)))).deep.equal([
      'bad-list: 0 at 2/0: not the list in inputsRoot',
    ])
  })

  it('name what others have sent; the voter’s own STATUS may still be on its way', () => {
    expect(foundWith(all.filter((member) => member !== VOTER))).deep.equal([])
    expect(foundWith(all.filter((member) => member !== 1))).deep.equal([
      'bad-list: 0 at 2/0: not the list in inputsRoot',
    ])
  })
})
