import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { auditTask } from '../../../../src/audit/audit-task.ts'
import { reportJson } from '../../../../src/audit/report-json.ts'
import type { ReportJson } from '../../../../src/audit/report-schema.ts'
import { KeptVerdicts } from '../../../../src/cli/audit/kept-verdicts.ts'
import { auditMany, renderMany } from '../../../../src/cli/audit/many.ts'
import { parseHeights, parseRanges, selectTasks, TASKS_MAX } from '../../../../src/cli/audit/select.ts'
import { RsdpError } from '../../../../src/types/errors.ts'
import { makeHistory } from '../../../helpers/audit-history.ts'
import { rsdpHere } from '../../../helpers/cli.ts'
import { errorCode } from '../../../helpers/rsdp.ts'

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof RsdpError ? error.code : String(error)
  }
  return 'none'
}

describe('audits of many tasks', () => {
  let scratch: string
  let path: string
  let base: ReportJson
  before(() => {
    base = reportJson(auditTask(makeHistory().history))
  })
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-many-'))
    path = join(scratch, 'folder', 'run.jsonl')
  })
  afterEach(() => rmSync(scratch, { recursive: true, force: true }))

  const reportOf = (taskId: bigint, more: Partial<ReportJson> = {}): ReportJson => ({
    ...base,
    taskId: String(taskId),
    ...more,
  })
  interface Run {
    readonly audit?: (taskId: bigint) => ReportJson
    readonly stopAfter?: number
  }
  /** One run; the numbers of the tasks that it audited. */
  async function run(tasks: readonly bigint[], { audit = reportOf, stopAfter = Infinity }: Run = {}) {
    const asked: bigint[] = []
    const abort = new AbortController()
    const found = await auditMany({
      tasks,
      audit: (taskId) => {
        asked.push(taskId)
        if (asked.length >= stopAfter) abort.abort()
        return Promise.resolve(audit(taskId))
      },
      kept: new KeptVerdicts(path),
      say: () => undefined,
      signal: abort.signal,
    })
    return { found, asked }
  }

  it('refuses what is no list of numbers', () => {
    for (const text of ['', '0', '5..1', '1,', 'x', '1...3', '-1', '1e3', '01', '1000000000', '1..', '..2'])
      expect(
        codeOf(() => parseRanges(text, '--tasks')),
        text,
      ).equal('E_USAGE')
    expect(codeOf(() => parseHeights('1,2'))).equal('E_USAGE')
    expect(codeOf(() => selectTasks([{ first: 1, last: 4 }], 3n))).equal('E_NO_TASK')
    expect(codeOf(() => selectTasks([{ first: 1, last: TASKS_MAX + 1 }], 2n ** 255n))).equal('E_USAGE')
    expect(codeOf(() => selectTasks(null, 2n ** 255n))).equal('E_USAGE')
  })

  it('takes each task once, in order', () => {
    expect(selectTasks(parseRanges('7,2..4,3', '--tasks'), 9n)).deep.equal([2n, 3n, 4n, 7n])
    expect(selectTasks(null, 3n)).deep.equal([1n, 2n, 3n])
    expect(selectTasks(null, 0n)).deep.equal([])
    expect(parseHeights('5')).deep.equal({ first: 5, last: 5 })
  })

  it('sums up, the worst first', async () => {
    const verdicts = ['verified', 'unavailable', 'pending', 'mismatch', 'verified'] as const
    const audit = (taskId: bigint): ReportJson => reportOf(taskId, { verdict: verdicts[Number(taskId) - 1]! })
    const { found } = await run([1n, 2n, 3n, 4n, 5n], { audit })
    const { reports, ...sums } = found
    expect(sums).deep.equal({
      ...{ verdict: 'mismatch', done: true, asked: 5, verified: 2, mismatch: 1, unavailable: 1, pending: 1 },
    })
    expect(reports).length(5)
    expect(renderMany(found)).contain('5 of 5 tasks: 1 mismatch, 1 unavailable, 1 pending, 2 verified')
  })

  it('goes on where it was interrupted, and keeps nothing once it is over', async () => {
    const first = await run([1n, 2n, 3n, 4n], { stopAfter: 2 })
    expect([first.found.done, first.asked]).deep.equal([false, [1n, 2n]])
    appendFileSync(path, '{"taskId":"3","verdict":"ver')
    const second = await run([1n, 2n, 3n, 4n])
    expect([second.found.done, second.asked]).deep.equal([true, [3n, 4n]])
    expect(second.found.reports.map(({ taskId }) => taskId)).deep.equal(['1', '2', '3', '4'])
    expect(existsSync(path)).equal(false)
    expect((await run([1n, 2n])).asked).deep.equal([1n, 2n])
  })

  it('goes on after an endpoint that failed', async () => {
    const audit = (taskId: bigint): ReportJson => {
      if (taskId === 3n) throw new Error('the endpoint is gone')
      return reportOf(taskId)
    }
    const failure = await run([1n, 2n, 3n], { audit }).catch((error: unknown) => error)
    expect(failure).instanceOf(Error)
    expect((await run([1n, 2n, 3n])).asked).deep.equal([3n])
  })

  it('audits a task again that was not over when the run was interrupted', async () => {
    const end = { ...base.end!, status: 'Active' as const }
    const audit = (taskId: bigint): ReportJson => reportOf(taskId, taskId === 1n ? { end } : {})
    await run([1n, 2n, 3n], { audit, stopAfter: 2 })
    expect((await run([1n, 2n, 3n])).asked).deep.equal([1n, 3n])
  })

  it('one command is of one task, of some, of all, or of the board', async () => {
    const nowhere = ['--rpc-url', 'http://127.0.0.1:1', '--json']
    for (const args of [
      ['1', '--all'],
      ['--all', '--tasks', '1'],
      ['--board', '--all'],
      ['--tasks', '1,2', '--heights', '1..2'],
      ['--board', '--heights', '1..2'],
      ['1', '--heights', '2..1'],
      ['--tasks', '1;2'],
    ]) {
      const { code, stdout, stderr } = await rsdpHere('audit', ...args, ...nowhere)
      expect([code, errorCode({ code, stdout, stderr })], args.join(' ')).deep.equal([2, 'E_USAGE'])
    }
  })
})
