import { expect } from 'chai'
import fc from 'fast-check'
import { agreedHead, judgeHistory, judgePage } from '../../../src/adapters/evm/endpoints/judge.ts'
import type { Testimony } from '../../../src/adapters/evm/endpoints/judge.ts'
import type { PageLog } from '../../../src/adapters/evm/endpoints/page-log.ts'
import type { Digest } from '../../../src/types/ids.ts'

const hash = (n: number): Digest => `0x${n.toString(16).padStart(64, '0')}`
const log = (blockNumber: number, index: number, data = 0): PageLog => ({
  address: `0x${'11'.repeat(20)}`,
  topics: [hash(7)],
  data: hash(data),
  blockNumber,
  blockHash: hash(blockNumber),
  index,
})
const says = (name: string, logs: readonly PageLog[], last = 9): Testimony => ({
  name,
  hash: hash(last),
  logs,
})

const TRUE = [log(1, 0), log(1, 4), log(5, 2)]
const LIES: readonly (readonly [name: string, logs: readonly PageLog[], said: RegExp])[] = [
  ['leaves events out', [log(1, 0), log(5, 2)], /leaves out 1 logs of block 1/],
  ['leaves a block out', [log(5, 2)], /leaves out 2 logs of block 1/],
  ['invents events', [...TRUE, log(6, 0)], /adds 1 logs of block 6/],
  ['changes data', [log(1, 0), log(1, 4, 1), log(5, 2)], /changes a log of block 1/],
]

describe('endpoints: what their answers come to', () => {
  describe('head', () => {
    for (const [name, heads, head] of [
      ['one alone', [100], 100],
      ['of two, the slower', [100, 97], 97],
      ['of two, without one that is further behind than history is final', [100, 92], 100],
      ['of three, what two have', [100, 99, 36], 99],
      ['of three, not what one makes up', [100, 5_000, 99], 100],
      ['of five, what three have', [5_000, 5_000, 100, 99, 98], 100],
    ] as const) {
      it(name, () => expect(agreedHead(heads, 6)).equal(head))
    }
  })

  describe('history', () => {
    const seen = (...hashes: number[]): Map<string, Digest> =>
      new Map(hashes.map((one, at) => [`e${at}`, hash(one)]))
    for (const [name, hashes, configured, kind] of [
      ['the only endpoint shows another', [2], 1, 'gone'],
      ['of two, one shows another: the node’s own memory decides', [1, 2], 2, 'kept'],
      ['of two, both show another', [2, 2], 2, 'gone'],
      ['of two, the one that answers shows another', [2], 2, 'split'],
      ['of two, both show others that differ', [2, 3], 2, 'split'],
      ['of three, two show another', [1, 2, 2], 3, 'split'],
      ['of three, one shows another', [1, 1, 2], 3, 'kept'],
    ] as const) {
      it(`${name}: ${kind}`, () => {
        expect(judgeHistory(hash(1), seen(...hashes), configured).kind).equal(kind)
      })
    }
    it('names who shows another', () => {
      expect(judgeHistory(hash(1), seen(1, 2, 1), 3)).deep.equal({ kind: 'kept', forked: ['e1'] })
    })
  })

  describe('a page', () => {
    for (const [name, lies, said] of LIES) {
      it(`two endpoints, one ${name}: disputed, until a proof decides`, () => {
        const both = [says('true', TRUE), says('liar', lies)]
        const verdict = judgePage(both)
        expect(verdict.kind).equal('disputed')
        const blocks = verdict.kind === 'disputed' ? verdict.blocks : []
        const proofs = new Map(
          blocks.map((block) => [block, TRUE.filter((one) => one.blockNumber === block)]),
        )
        const proved = judgePage(both, proofs)
        expect(proved).include({ kind: 'agreed' })
        if (proved.kind !== 'agreed') return
        expect(proved.logs).deep.equal(TRUE)
        expect([...proved.findings.keys()]).deep.equal(['liar'])
        expect(proved.findings.get('liar')?.text).match(said)
      })
      it(`three endpoints, one ${name}, no proof to be had: two decide`, () => {
        const three = [says('liar', lies), says('a', TRUE), says('b', TRUE)]
        const verdict = judgePage(three, new Map(), new Set([1, 5, 6]))
        expect(verdict.kind === 'agreed' && verdict.logs).deep.equal(TRUE)
      })
      it(`two endpoints, one ${name}, no proof to be had: nothing is taken`, () => {
        const verdict = judgePage([says('true', TRUE), says('liar', lies)], new Map(), new Set([1, 5, 6]))
        expect(verdict.kind).equal('disputed')
      })
    }
    it('different last blocks: split of two, outvoted of three', () => {
      expect(judgePage([says('a', TRUE), says('b', [], 8)]).kind).equal('split')
      const verdict = judgePage([says('a', TRUE), says('b', [], 8), says('c', TRUE)])
      expect(verdict.kind === 'agreed' && verdict.logs).deep.equal(TRUE)
      expect(verdict.kind === 'agreed' && verdict.findings.get('b')?.kind).equal('fork')
    })
    it('a minority never changes what is taken, whatever it says, in whatever order it is asked', () => {
      const anyLog = fc.record({ block: fc.integer({ min: 1, max: 8 }), index: fc.nat(3), data: fc.nat(2) })
      const anyLogs = fc
        .uniqueArray(anyLog, { selector: ({ block, index }) => `${block}/${index}` })
        .map((all) => all.map(({ block, index, data }) => log(block, index, data)).sort(inOrder))
      fc.assert(
        fc.property(
          anyLogs,
          fc.array(anyLogs, { maxLength: 2 }),
          fc.boolean(),
          fc.nat(),
          (truth, lies, isFork, turn) => {
            const honest = Array.from({ length: lies.length + 1 }, (_, n) => says(`h${n}`, truth))
            const liars = lies.map((logs, n) => says(`l${n}`, logs, isFork ? 8 : 9))
            const all = [...honest, ...liars]
            const turned = [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)]
            const everyBlock = new Set([1, 2, 3, 4, 5, 6, 7, 8])
            const verdict = judgePage(turned, new Map(), everyBlock)
            expect(verdict.kind === 'agreed' && verdict.logs).deep.equal(truth)
          },
        ),
      )
    })
  })
})

const inOrder = (a: PageLog, b: PageLog): number => a.blockNumber - b.blockNumber || a.index - b.index
