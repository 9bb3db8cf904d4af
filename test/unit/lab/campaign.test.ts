import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { runCampaign } from '../../../src/cli/lab/campaign.ts'
import { loadScenario, readResults, resultFileOf, scenariosIn } from '../../../src/cli/lab/files.ts'
import { htmlOf, markdownOf } from '../../../src/cli/lab/pages.ts'
import { reportOf } from '../../../src/cli/lab/report.ts'
import { loadTargets, verdictOf } from '../../../src/cli/lab/targets.ts'
import type { Target } from '../../../src/cli/lab/targets.ts'
import { Random } from '../../../src/faults/random.ts'
import { RsdpError } from '../../../src/types/errors.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

const SCENARIO = `name: E-T99
title: small
model: queue
seeds: 4
warmup: 1
duration: 1
cluster: { preset: telecom-5 }
measures: [goodput, cpu, latency]
factors:
  workload.load: [0.1, 0.2]
  balancer: [random, least-connections, round-robin]
compare:
  - { factor: balancer, baseline: random, measures: [goodput] }
claims:
  - { id: more, says: more load is more work, measure: cpu, a: load=0.2, b: load=0.1, is: above }
  - { id: less, says: it is less, measure: cpu, a: load=0.2, b: load=0.1, is: below }
  - { id: same, says: nothing differs from itself, measure: cpu, a: load=0.2, b: load=0.2, is: no-effect }
`
const TARGETS = `targets:
  - { scenario: E-T99, cell: load=0.2 balancer=random, measure: cpu, source: '000:1', is: above, value: 0.1 }
  - { scenario: E-T99, cell: load=0.2 balancer=random, measure: cpu, source: '000:2', is: below, value: 0.1 }
  - { scenario: E-T99, cell: load=0.2 balancer=random, measure: nothing, source: '001:3', is: below, value: 0.1 }
  - { scenario: E-T99, cell: load=0.2 balancer=random, against: load=0.1 balancer=random, measure: cpu, source: '001:4', is: above, value: 0.5 }
  - { scenario: E-T99, cell: load=0.2 balancer=random, against: load=0.9, measure: cpu, source: '001:5', is: above, value: 0.5 }
`

describe('campaigns and reports of the laboratory', function () {
  this.timeout(60_000)

  let dir = ''
  let file = ''
  const play = (first: number, last: number, out: string, workers = 1): ReturnType<typeof runCampaign> =>
    runCampaign({
      loaded: loadScenario(file),
      file: out,
      first,
      last,
      workers,
      signal: new AbortController().signal,
      say: () => undefined,
    })
  const refusal = async (run: () => unknown): Promise<string> => {
    try {
      await run()
    } catch (error) {
      if (error instanceof RsdpError) return error.code
      throw error
    }
    return 'none'
  }

  before(async function () {
    dir = mkdtempSync(join(tmpdir(), 'rsdp-lab-'))
    file = join(dir, 'E-T99.yaml')
    writeFileSync(file, SCENARIO)
    writeFileSync(join(dir, 'targets.yaml'), TARGETS)
    await play(1, 4, resultFileOf(file))
  })
  after(() => rmSync(dir, { recursive: true }))

  it('refuses files that are none, with a code', async () => {
    const write = (text: string): string => {
      const path = join(dir, 'wrong.yaml')
      writeFileSync(path, text)
      return path
    }
    expect(await refusal(() => loadScenario(join(dir, 'gone.yaml')))).equal('E_LAB_FILE')
    expect(await refusal(() => loadScenario(write('a: [')))).equal('E_LAB_SCENARIO')
    expect(await refusal(() => loadScenario(write(`${SCENARIO}more: 1\n`)))).equal('E_LAB_SCENARIO')
    expect(await refusal(() => loadScenario(write(SCENARIO.replace('[0.1, 0.2]', '[-1]'))))).equal(
      'E_LAB_SCENARIO',
    )
    const spoilt = join(dir, 'spoilt.jsonl')
    writeFileSync(spoilt, 'no json\n')
    expect(await refusal(() => readResults(spoilt))).equal('E_LAB_RESULTS')
    rmSync(join(dir, 'wrong.yaml'))
  })

  it('ranges of seeds, in any order and on any number of threads, add up to the same bytes', async function () {
    const out = join(dir, 'parts.jsonl')
    await play(3, 4, out, 2)
    expect(await play(1, 4, out)).deep.include({ runs: 12, kept: 12 })
    expect(readFileSync(out, 'utf8')).equal(readFileSync(resultFileOf(file), 'utf8'))
  })

  it('goes on after a crash that tore the last line', async function () {
    const whole = readFileSync(resultFileOf(file), 'utf8')
    const out = join(dir, 'torn.jsonl')
    writeFileSync(out, whole.slice(0, whole.lastIndexOf('\n', whole.length - 2) + 9))
    expect(await play(1, 4, out)).deep.include({ runs: 1, kept: 23 })
    expect(readFileSync(out, 'utf8')).equal(whole)
  })

  it('adds nothing to results of another scenario or of other code', async () => {
    const out = join(dir, 'other.jsonl')
    const [header = '', ...lines] = readFileSync(resultFileOf(file), 'utf8').split('\n')
    for (const field of ['hash', 'code']) {
      const other = { ...(JSON.parse(header) as object), [field]: 'other' }
      writeFileSync(out, [JSON.stringify(other), ...lines].join('\n'))
      expect(await refusal(() => play(1, 4, out)), field).equal('E_LAB_OTHER')
    }
  })

  it('reports what holds, what fails, and what nothing does', () => {
    const [one] = reportOf(dir).experiments
    expect(one?.analysis.claims.map(({ verdict }) => verdict)).deep.equal(['holds', 'fails', 'holds'])
    expect(one?.verdicts.map(({ verdict }) => verdict)).deep.equal([
      'met',
      'not met',
      'not enough',
      'met',
      'not enough',
    ])
    const p99 = one?.analysis.cells[0]?.figures['latency_p99']
    expect(p99?.value === null || (p99?.value ?? 0) > 0).equal(true)
    expect(one?.analysis.comparisons).length(2)
  })

  it('random numbers in place of the claims change verdicts, and nothing else', () => {
    const plain = markdownOf(reportOf(dir).blocks)
    const random = new Random(9)
    const other = TARGETS.replaceAll(/value: [\d.]+/g, () => `value: ${(10 * random.fraction()).toFixed(3)}`)
    const path = join(dir, 'targets.yaml')
    writeFileSync(path, other)
    const changed = markdownOf(reportOf(dir).blocks)
    writeFileSync(path, TARGETS)
    expect(changed).not.equal(plain)
    // the columns of the claim and of the verdict
    const without = (page: string): string[] =>
      page.split('\n').map((line) => {
        const cells = line.split('|')
        return line.startsWith('| E-T99') ? [...cells.slice(0, 5), ...cells.slice(6, -2)].join('|') : line
      })
    expect(without(changed)).deep.equal(without(plain))
  })

  it('one file alone knows what is claimed', () => {
    const readers = globSync('src/**/*.ts', { cwd: root }).filter((path) =>
      /targets\.yaml/.test(readFileSync(join(root, path), 'utf8')),
    )
    expect(readers).deep.equal(['src/cli/lab/targets.ts'])
    const users = globSync('src/**/*.ts', { cwd: root }).filter((path) =>
      /['/]targets\.ts'/.test(readFileSync(join(root, path), 'utf8')),
    )
    expect(users).deep.equal(['src/cli/lab/report.ts'])
  })

  it('a verdict needs the whole interval on one side', () => {
    const target: Target = {
      scenario: '',
      cell: '',
      measure: '',
      source: '000:1',
      is: 'above',
      value: 1,
      within: 0.1,
    }
    const found = (low: number, high: number) => ({ n: 9, value: (low + high) / 2, ci95: { low, high } })
    const verdicts = (more: Partial<Target>): string[] =>
      [found(1.2, 1.3), found(0.9, 1.05), found(0.5, 0.6)].map((one) =>
        verdictOf({ ...target, ...more }, one),
      )
    expect(verdicts({})).deep.equal(['met', 'open', 'not met'])
    expect(verdicts({ is: 'below' })).deep.equal(['not met', 'open', 'met'])
    expect(verdicts({ is: 'about' })).deep.equal(['not met', 'met', 'not met'])
    expect(verdictOf(target, { n: 0, value: null, ci95: null })).equal('not enough')
  })

  it('the page with pictures needs no other file, and shows what it is given as text', () => {
    const page = htmlOf([...reportOf(dir).blocks, { kind: 'text', text: '<script>alert(1)</script>' }])
    expect(page).include('<svg ')
    expect(page).not.match(/<script|\ssrc=|<link|@import|url\(/)
  })

  it('the scenarios that are committed are sound, and the page is what their results say', () => {
    const files = scenariosIn(join(root, 'experiments'))
    expect(files.length).greaterThan(1)
    for (const path of files) expect(loadScenario(path).cells.length).greaterThan(0)
    expect(loadTargets(join(root, 'experiments')).length).greaterThan(5)
    const page = readFileSync(join(root, 'docs/experiments.md'), 'utf8')
    expect(markdownOf(reportOf(join(root, 'experiments')).blocks)).equal(page)
  })
})
