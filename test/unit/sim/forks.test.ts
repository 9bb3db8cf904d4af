import { expect } from 'chai'
import type { ProtocolObject } from '../../../src/types/objects.ts'
import { Bench, digestOf } from './court.ts'
import { NIL } from '../../../src/types/ids.ts'

const confirm = (value: string): ProtocolObject => ({
  type: 'confirm',
  height: 1,
  round: 0,
  value: digestOf(value),
})

/** Liars in seats 2 and 3; what the honest heard of them, each object in a frame of its own; then the world is over. */
function fork(heard: (bench: Bench) => void): Bench {
  const bench = new Bench([2, 3])
  bench.judge.decisions.forked.add(1)
  heard(bench)
  bench.judge.close()
  return bench
}

function hear(bench: Bench, by: number, object: ProtocolObject, member: number, key = member): void {
  const signed = bench.seal(object, member, key)
  bench.judge.heard(by, () => ({ cluster: bench.cluster.id, parts: [{ kind: 'object', signed }] }))
}

describe('forks', () => {
  it('are proven by what the honest heard together, none of them both', () => {
    const { found, judge } = fork((bench) => {
      for (const liar of [2, 3]) {
        hear(bench, 0, confirm('a'), liar)
        hear(bench, 1, confirm('b'), liar)
      }
    })
    expect(found).to.deep.equal([])
    expect(judge.accountability.convicted).to.equal(2)
  })

  const unproven: readonly (readonly [string, (bench: Bench) => void])[] = [
    ['nothing was heard', () => undefined],
    ['only a liar heard it', (bench) => ['a', 'b'].forEach((value) => hear(bench, 2, confirm(value), 3))],
    ['it is forged', (bench) => ['a', 'b'].forEach((value) => hear(bench, 0, confirm(value), 3, 2))],
    [
      'it does not cost the whole lock',
      (bench) =>
        [0, 1].forEach((eventSeq) =>
          hear(
            bench,
            0,
            { type: 'status', height: 1, parent: NIL, stateHash: digestOf('state'), eventSeq },
            3,
          ),
        ),
    ],
  ]
  for (const [why, heard] of unproven) {
    it(`are reported where ${why}`, () => {
      expect(fork(heard).found.map((what) => what.split(':')[0])).to.deep.equal(['fork-unproven'])
    })
  }
})
