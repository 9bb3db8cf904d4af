import { expect } from 'chai'
import fc from 'fast-check'
import { loadTrace } from '../../../src/cli/lab/files.ts'
import { Random } from '../../../src/faults/random.ts'
import { playCell } from '../../../src/lab/models.ts'
import { cellSchema } from '../../../src/lab/scenario.ts'
import { paired } from '../../../src/lab/statistics/paired.ts'
import { CUTS, cutBetween, largestPart } from '../../../src/lab/store/cuts.ts'
import { StoreHost } from '../../../src/lab/store/host.ts'
import type { Effects } from '../../../src/lab/store/copy.ts'

const trace = loadTrace()

function figures(store: object, more: object = {}, seed = 1): Readonly<Record<string, number>> {
  const cell = cellSchema.parse({
    name: 'test',
    model: 'store',
    seeds: 1,
    warmup: 1,
    duration: 30,
    cluster: { preset: 'telecom-5' },
    store: { think_ms: 400, at: 2, for: 20, ...store },
    ...more,
  })
  return playCell(cell, seed, trace).figures
}

describe('a store in the laboratory', function () {
  this.timeout(60_000)

  it('refuses stores, faults and cuts that there are none of', () => {
    for (const store of [
      { copies: 0 },
      { consistency: 'weak' },
      { fault: 'fire' },
      { cut: '9/9' },
      { drop: 2 },
      { clients: 0 },
    ])
      expect(
        cellSchema.safeParse({ name: 'test', model: 'store', seeds: 1, store }).success,
        JSON.stringify(store),
      ).equal(false)
  })

  it('cuts leave parts of the sizes that they are called by, and a lost link leaves one part', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CUTS), fc.integer({ min: 5, max: 9 }), fc.nat(), (cut, nodes, seed) => {
        const isCut = cutBetween(cut, nodes, new Random(seed))
        const all = Array.from({ length: nodes }, (_, i) => i)
        const sizes: number[] = []
        for (let left = all; left.length > 0;) {
          const part = largestPart(left, isCut)
          sizes.push(part.length)
          left = left.filter((node) => !part.includes(node))
        }
        for (const a of all) for (const b of all) expect(isCut(a, b)).equal(isCut(b, a))
        const named = cut.split('/').map(Number)
        if (cut === 'none' || cut === 'link') expect(sizes).deep.equal([nodes])
        else {
          // who is left over goes with the first
          const [first = 0, ...others] = named
          const rest = nodes - named.reduce((sum, size) => sum + size, 0)
          if (rest >= 0) expect(sizes).deep.equal([first + rest, ...others].sort((a, b) => b - a))
        }
        const pairs = all.flatMap((a) => all.filter((b) => a < b && isCut(a, b)))
        if (cut === 'link') expect(pairs).length(1)
      }),
    )
  })

  it('a sync covers one step or all that wait; nothing leaves before it, nothing overtakes, a death loses what waits', () => {
    const run = (batch: number, dies: boolean): number[] => {
      const left: number[] = []
      const due: (() => void)[] = []
      const host = new StoreHost({
        key: '0x',
        consistency: 'eventual',
        disk: { syncMs: 1, batch },
        later: (_, then) => due.push(then),
        clockMs: () => 0,
        stepped: () => undefined,
        leave: ({ replies }) => left.push(...replies.map(({ id }) => id)),
      })
      host.start()
      const step = (id: number, records: number): void =>
        host.give((): Effects => {
          const reply = { code: 'refused' } as const
          return { records: Array.from({ length: records }), sends: [], replies: [{ id, reply }] }
        })
      step(1, 0)
      step(2, 1)
      step(3, 1)
      step(4, 0)
      step(5, 1)
      expect(left).deep.equal([1])
      if (dies) host.die({ withDisk: false })
      let syncs = 0
      for (const then of due) {
        then()
        syncs += 1
      }
      return [...left, -syncs]
    }
    // the first begins with what is there: the second step alone
    expect(run(0, false)).deep.equal([1, 2, 3, 4, 5, -2])
    expect(run(1, false)).deep.equal([1, 2, 3, 4, 5, -3])
    expect(run(0, true)).deep.equal([1, -1])
  })

  it('without a fault nothing waits; a link that loses nothing changes nothing, to the bit', () => {
    const plain = figures({})
    expect(plain).deep.include({ lost_writes: 0, stale: 0 })
    expect(plain['availability']).greaterThan(0.98)
    expect(plain['rto_s']).below(1)
    expect(figures({ fault: 'omission', drop: 0 })).deep.equal(plain)
  })

  it('a primary that dies or is stopped is replaced; strong keeps all that it acknowledged', () => {
    for (const fault of ['crash', 'loss', 'stop']) {
      const found = figures({ fault })
      expect(found, fault).deep.include({ lost_writes: 0, rpo_s: 0, stale: 0 })
      expect(found['rto_s'], fault).within(4, 12)
      expect(found['select_s'], fault).greaterThan(found['detect_s'] ?? Infinity)
      expect(found['resume_s'], fault).greaterThan(found['select_s'] ?? Infinity)
    }
  })

  it('sees writes that are lost: of an eventual store with one copy whose disk is gone', () => {
    const found = figures({ fault: 'loss', consistency: 'eventual', copies: 1, at: 8 })
    expect(found['lost_writes']).greaterThan(30)
    expect(found['rpo_s']).within(5, 12)
    expect(figures({ fault: 'loss', consistency: 'eventual', copies: 3, at: 8 })['lost_writes']).below(3)
  })

  it('sees a detection that is too slow: writes wait longer, and the interval does not hold 0', () => {
    const of = (detectionMs: number): number[] =>
      [1, 2, 3].map((seed) => figures({ fault: 'crash' }, { health: { detectionMs } }, seed)['rto_s'] ?? 0)
    expect(paired(of(3000), of(8000)).ci95.low).greaterThan(0)
  })

  it('a minority takes no strong writes, and all copies of an eventual store take them and become equal', () => {
    const strong = figures({ copies: 5, cut: '3/2' })
    expect(strong).deep.include({ apart: 5, written_apart: 0, stale: 0, lost_writes: 0 })
    expect(strong['heal_s']).below(3)
    const most = figures({ copies: 5, cut: '4/1' })
    expect(most).deep.include({ apart: 1, written_apart: 0, lost_writes: 0 })
    expect(most['written_together']).greaterThan(0.85)
    const open = figures({ copies: 5, cut: '3/2', consistency: 'eventual' })
    expect(open['written_apart']).greaterThan(0.85)
    expect(open).deep.include({ lost_writes: 0 })
    expect(open['merged']).greaterThan(0)
    expect(open['heal_s']).below(5)
  })
})
