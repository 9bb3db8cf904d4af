import { expect } from 'chai'
import type { Counts } from '../helpers/counting-reporter.ts'
import { makeLanes } from '../helpers/lanes.ts'
import { runFiles } from '../helpers/run-files.ts'

const passes = (passed = 1): Counts => ({ passed, failed: [], skipped: [] })
const fails = (...failed: string[]): Counts => ({ passed: 0, failed, skipped: [] })

/** Files with the counts of their first, second, … run. */
async function run(
  runs: Record<string, Counts[]>,
): Promise<{ result: Awaited<ReturnType<typeof runFiles>>; order: string[] }> {
  const order: string[] = []
  const result = await runFiles(Object.keys(runs), makeLanes(1), (file) => {
    order.push(file)
    return Promise.resolve(runs[file]?.shift() ?? fails('a run that nobody asked for'))
  })
  return { result, order }
}

describe('test runner: files with a second chance', () => {
  it('a file that fails twice has failed, and runs no third time', async () => {
    const { result, order } = await run({ a: [fails('x'), fails('x')], b: [passes()] })
    expect(result).deep.equal({ passed: 1, failed: ['x'], skipped: [], flaky: [] })
    expect(order).deep.equal(['a', 'b', 'a'])
  })

  it('the second run counts, after all others, and the failures of the first are named as flaky', async () => {
    const { result, order } = await run({ a: [fails('x', 'y'), passes(3)], b: [passes()] })
    expect(result).deep.equal({ passed: 4, failed: [], skipped: [], flaky: ['x', 'y'] })
    expect(order).deep.equal(['a', 'b', 'a'])
  })

  it('two flaky files pass, three fail', async () => {
    const flaky = (): Counts[] => [fails('x'), passes()]
    expect((await run({ a: flaky(), b: flaky() })).result.failed).deep.equal([])
    expect((await run({ a: flaky(), b: flaky(), c: flaky() })).result.failed).deep.equal([
      '3 flaky files, at most 2',
    ])
  })

  it('another test that fails in the second run is a failure', async () => {
    const { result } = await run({ a: [fails('x'), fails('y')] })
    expect([result.failed, result.flaky]).deep.equal([['y'], []])
  })
})
