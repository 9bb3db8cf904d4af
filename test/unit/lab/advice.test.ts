import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { requestsOf } from '../../../src/cli/lab/files.ts'
import { advised, AS_IS, rankedAdvice } from '../../../src/lab/advice.ts'
import { analyse } from '../../../src/lab/analyse.ts'
import { cellsOf } from '../../../src/lab/cells.ts'
import type { Line } from '../../../src/lab/results.ts'
import { scenarioSchema } from '../../../src/lab/scenario.ts'
import type { Scenario } from '../../../src/lab/scenario.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import type { CliRun } from '../../helpers/rsdp.ts'
import { errorCode, rsdp } from '../../helpers/rsdp.ts'

const scenario = (more: object): Scenario =>
  scenarioSchema.parse({ name: 'mine', model: 'queue', seeds: 4, measures: ['goodput'], ...more })
const labels = (more: object): string[] =>
  cellsOf(advised(scenario(more)) as Scenario).map(({ levels }) => levels['alternative'] ?? '')
const services = (least: number, most: number): object => ({
  services: [{ id: 1, share: 1, copies: [least, most] }],
})

describe('what the laboratory advises', () => {
  it('says nothing of models without a load', () => {
    for (const model of ['years', 'votes', 'forecast', 'break-point'])
      expect(advised(scenario({ model }))).equal(null)
  })

  it('changes one thing at a time, and leaves out what is there and what no gateway has', () => {
    const plain = labels({ balancer: 'least-connections' })
    expect(plain[0]).equal(AS_IS)
    expect(plain).include.members(['balancer:power-of-two', 'redundancy:off', 'detection:off'])
    expect(plain).not.include.members(['balancer:least-connections'])
    expect(plain.some((label) => /random|round-robin$/.test(label) && !label.includes('weighted'))).equal(
      false,
    )
    // nothing is placed
    expect(plain.some((label) => /copies|strategy|adaptability/.test(label))).equal(false)
  })

  it('copies are what is played: a second is there with redundancy, whatever the file says', () => {
    const copies = (more: object): string[] => labels(more).filter((label) => label.startsWith('copies'))
    expect(copies(services(1, 1))).deep.equal(['copies:3', 'copies:4', 'copies:5'])
    const alone = { ...services(1, 1), mechanisms: { redundancy: false } }
    expect(copies(alone)).deep.equal(['copies:2', 'copies:3', 'copies:4', 'copies:5'])
    expect(copies(services(2, 3))).include('copies:2')
  })

  it('a store: consistency, copies with their quorum, syncs', () => {
    const all = labels({ model: 'store' })
    expect(all).include.members([AS_IS, 'consistency:eventual', 'copies:5/quorum:3', 'sync:each'])
    expect(all).not.include('consistency:strong')
    expect(all).not.include('copies:3/quorum:2')
  })

  it('the example of the page is a scenario that it advises on', () => {
    const page = readFileSync(new URL('../../../docs/laboratory.md', import.meta.url), 'utf8')
    const [, example = ''] = /## Advice[^]*?```yaml\n([^]*?)```/.exec(page) ?? []
    expect(labels(parse(example) as object)).include.members(['copies:3', 'strategy:least-connections'])
  })

  describe('ranks', () => {
    const asked = advised(scenario({ balancer: 'least-connections' })) as Scenario
    const cells = cellsOf(asked)
    const rank = (of: (alternative: string, seed: number) => number): ReturnType<typeof rankedAdvice> => {
      const lines = cells.flatMap(({ name, levels }) =>
        [1, 2, 3, 4].map((seed): Line => {
          return { cell: name, seed, figures: { goodput: of(levels['alternative'] ?? '', seed) } }
        }),
      )
      return rankedAdvice(asked, analyse(asked, cells, lines))
    }

    it('nothing differs: nobody is better or worse', () => {
      const advice = rank((_, seed) => 100 + seed)
      expect(new Set(advice.map(({ verdict }) => verdict))).deep.equal(
        new Set([AS_IS, 'no difference shown']),
      )
    })

    it('the most first; what differs in each seed is better or worse, what differs in one is not', () => {
      const advice = rank((alternative, seed) => {
        if (alternative === 'redundancy:off') return 150 + seed + seed / 100
        if (alternative === 'detection:off') return 50 + seed + seed / 100
        return 100 + seed + (alternative === 'balancer:power-of-two' && seed === 3 ? 8 : 0)
      })
      const verdicts = new Map(advice.map(({ alternative, verdict }) => [alternative, verdict]))
      expect(advice[0]).deep.include({ rank: 1, alternative: 'redundancy:off', verdict: 'better' })
      expect(advice.at(-1)).deep.include({ alternative: 'detection:off', verdict: 'worse' })
      expect(verdicts.get('balancer:power-of-two')).equal('no difference shown')
      expect(advice[0]?.difference?.value).closeTo(50, 0.1)
    })
  })
})

describe('rsdp lab advise', function () {
  this.timeout(60_000)

  let dir = ''
  const MINE = `name: mine
model: queue
seeds: 2
warmup: 0.5
duration: 0.5
cluster: { preset: telecom-5, scale: { cpu: 0.2 } }
workload: { load: 0.3 }
measures: [goodput]
`
  const write = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text)
    return join(dir, name)
  }
  const advise = (file: string, ...more: string[]): Promise<CliRun> => rsdp('lab', 'advise', file, ...more)
  before(() => (dir = mkdtempSync(join(tmpdir(), 'rsdp-advise-'))))
  after(() => rmSync(dir, { recursive: true }))

  it('refuses traces that are none, and says which line', () => {
    const problem = (text: string): string => {
      try {
        requestsOf(write('trace.csv', text))
      } catch (error) {
        if (error instanceof RsdpError) return error.message.replace(/^.*trace\.csv: /, '')
        throw error
      }
      return 'none'
    }
    expect(problem('')).match(/first line/)
    expect(problem('1,2\n3,4\n')).match(/first line/)
    expect(problem('ms,size\n1,2\n')).match(/fewer/)
    expect(problem('ms,size\n1,2\n3,x\n')).match(/^line 3 /)
    expect(problem('ms,size\n1,2\n3,\n')).match(/^line 3 /)
    expect(problem('ms,size\n1,0\n3,1\n')).match(/^line 2 /)
    expect(problem('ms,size\n1,2,3\n3,1\n')).match(/^line 2 /)
    expect(problem('ms,size\n5,2\n3,1\n')).match(/^line 3 is earlier/)
    expect(problem('ms,size\r\n5,2\r\n7.5,1\r\n')).equal('none')
    expect(requestsOf(join(dir, 'trace.csv'))).deep.equal({ atMs: [0, 2.5], sizes: [2, 1] })
  })

  it('refuses what it cannot advise on', async () => {
    const none = join(dir, 'none.yaml')
    const years = write('years.yaml', MINE.replace('queue', 'years'))
    const factors = write('factors.yaml', `${MINE}factors: { balancer: [random] }\n`)
    const one = write('one.yaml', MINE.replace('seeds: 2', 'seeds: 1'))
    const mine = write('mine.yaml', MINE)
    for (const [args, code] of [
      [[none], 'E_LAB_FILE'],
      [[years], 'E_LAB_SCENARIO'],
      [[factors], 'E_LAB_SCENARIO'],
      [[one], 'E_LAB_SCENARIO'],
      [[mine, '--trace', none], 'E_LAB_FILE'],
    ] as const) {
      const [file, ...more] = args
      const ran = await advise(file, ...more)
      expect([errorCode(ran), ran.code], args.join(' ')).deep.equal([code, 2])
    }
  })

  it('plays, ranks, and plays nothing twice; another trace is another load', async () => {
    const mine = write('mine.yaml', MINE)
    const trace = write('trace.csv', 'ms,size\n0,1\n7,3\n12,2\n')
    const first = await advise(mine, '--trace', trace, '--json')
    expect(first.code).equal(0)
    const { data } = JSON.parse(first.stdout) as { data: { advice: { rank: number; alternative: string }[] } }
    expect(data.advice.map(({ rank }) => rank)).deep.equal(data.advice.map((_, i) => i + 1))
    expect(data.advice.map(({ alternative }) => alternative)).include(AS_IS)
    const results = readFileSync(join(dir, 'mine.advice.jsonl'), 'utf8')
    expect((await advise(mine, '--trace', trace, '--json')).stdout).equal(first.stdout)
    expect(readFileSync(join(dir, 'mine.advice.jsonl'), 'utf8')).equal(results)
    expect(errorCode(await advise(mine))).equal('E_LAB_OTHER')
    const plain = await advise(mine, '--out', join(dir, 'plain.jsonl'), '--json')
    expect(plain.code).equal(0)
    expect(readFileSync(join(dir, 'plain.jsonl'), 'utf8').split('\n').slice(1)).not.deep.equal(
      results.split('\n').slice(1),
    )
  })
})
