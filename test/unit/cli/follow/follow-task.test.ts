import { expect } from 'chai'
import type { FollowedHistory } from '../../../../src/adapters/evm/followed-history.ts'
import { MetricsRegistry } from '../../../../src/adapters/system/metrics-registry.ts'
import { auditTask } from '../../../../src/audit/audit-task.ts'
import type { FollowEvent } from '../../../../src/audit/follow.ts'
import { NOTHING_TOLD } from '../../../../src/audit/follow.ts'
import type { AuditReport } from '../../../../src/audit/report.ts'
import type { FollowEnd, FollowInit } from '../../../../src/cli/follow/follow-task.ts'
import { followTask } from '../../../../src/cli/follow/follow-task.ts'
import { FOLLOW_METRICS } from '../../../../src/cli/follow/metrics.ts'
import type { TaskHistory } from '../../../../src/ports/chain-history.ts'
import { RsdpError } from '../../../../src/types/errors.ts'
import type { Digest } from '../../../../src/types/ids.ts'
import { makeHistory } from '../../../helpers/audit-history.ts'

const POLL_MS = 1_000
const down = (): RsdpError => new RsdpError({ code: 'E_RPC_DOWN', message: 'down', hint: 'wait', exit: 4 })

/** What the endpoint is like in one look: a stage of the task, or an error. */
interface Look {
  readonly stage: number
  readonly error?: Error
  /** Hash of every block: another is another chain. */
  readonly chain?: Digest
  /** Nothing of the task is deep enough. */
  readonly isYoung?: boolean
}

describe('following a task', () => {
  let history: TaskHistory
  let whole: AuditReport

  before(() => {
    ;({ history } = makeHistory())
    whole = auditTask(history)
  })

  /** The audit of a task that has come to a stage: 0, 1, 2 checkpoints; 3: it has ended. */
  const at = (stage: number, changes: Partial<AuditReport> = {}): AuditReport => {
    const checkpoints = whole.steps.filter(({ kind }) => kind === 'checkpoint').slice(0, stage)
    const end = { ...whole.end!, status: stage < 3 ? ('Active' as const) : ('Closed' as const) }
    return { ...whole, steps: checkpoints, end, ...changes }
  }

  interface Run extends FollowEnd {
    readonly told: readonly FollowEvent[]
    readonly said: readonly string[]
    readonly scraped: string
    readonly reads: number
    readonly nowMs: number
    readonly forgotten: number
  }

  async function run(
    looks: readonly Look[],
    options: Partial<FollowInit> & {
      readonly report?: (stage: number) => AuditReport
      readonly stopAfter?: number
    } = {},
  ): Promise<Run> {
    const { report = at, stopAfter = Infinity, ...init } = options
    let nowMs = 0
    let look = 0
    let reads = 0
    let forgotten = 0
    const now = (): Look => looks[Math.min(look, looks.length - 1)]!
    const abort = new AbortController()
    const told: FollowEvent[] = []
    const said: string[] = []
    const metrics = new MetricsRegistry(FOLLOW_METRICS)
    const followed: FollowedHistory = {
      heads: async () => {
        await Promise.resolve()
        const { error } = now()
        if (error !== undefined) throw error
        return { head: BigInt(106 + look), safe: BigInt(100 + look) }
      },
      pulse: (_, upTo) =>
        Promise.resolve(now().isYoung === true && upTo < 106n ? null : `${now().chain ?? ''}${now().stage}`),
      read: () => {
        reads += 1
        return Promise.resolve(history)
      },
      hashOf: () => Promise.resolve(now().chain ?? '0xaa'),
      forget: () => {
        forgotten += 1
      },
      close: () => undefined,
    }
    const end = await followTask({
      ...{
        history: followed,
        taskId: 1n,
        told: NOTHING_TOLD,
        pollMs: POLL_MS,
        deadlineMs: 1e9,
        keepGoing: false,
      },
      ...{ metrics, signal: abort.signal, say: (line: string) => said.push(line), nowMs: () => nowMs },
      audit: () => Promise.resolve(report(now().stage)),
      pause: (ms) => {
        nowMs += ms
        look += 1
        if (look >= stopAfter) abort.abort()
        return Promise.resolve()
      },
      tell: (events) => {
        told.push(...events)
        return Promise.resolve()
      },
      ...init,
    })
    return { ...end, told, said, scraped: metrics.text(), reads, nowMs, forgotten }
  }

  const types = ({ told }: Run): string[] => told.map(({ type }) => type)
  const rejected = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => null,
      (error: unknown) => error,
    )

  it('fails at once if the first audit cannot be made', async () => {
    expect(await rejected(run([{ stage: 0, error: down() }]))).include({ code: 'E_RPC_DOWN' })
  })

  it('reads only when something has changed, and ends with the task', async () => {
    const watch = await run([0, 0, 0, 1, 1, 2, 3].map((stage) => ({ stage })))
    expect([watch.reason, watch.lied, watch.reads]).deep.equal(['over', false, 4])
    expect(types(watch)).deep.equal(['status', 'checkpoint', 'checkpoint', 'status'])
    expect(watch.scraped).contain('rsdp_audit_checkpoints_total{verdict="verified"} 2')
    expect(watch.scraped).contain('rsdp_audit_heights 8').and.contain('rsdp_audit_lag_blocks 6')
  })

  it('asks an endpoint again that fails in between, and says so once', async () => {
    const error = down()
    const watch = await run([{ stage: 1 }, { stage: 1, error }, { stage: 1, error }, { stage: 3 }])
    expect(watch.reason).equal('over')
    expect(watch.said).deep.equal(['down; asking again', 'the endpoint works again'])
    expect(watch.scraped).contain('rsdp_audit_failures_total{reason="down"} 2').and.contain('rsdp_audit_up 1')
  })

  it('throws what is no failure of the endpoint', async () => {
    expect(await rejected(run([{ stage: 1 }, { stage: 1, error: new Error('bug') }]))).instanceOf(Error)
  })

  it('waits for a task that is not deep enough yet', async () => {
    const watch = await run([{ stage: 1, isYoung: true }, { stage: 1, isYoung: true }, { stage: 3 }])
    expect([watch.reason, watch.reads]).deep.equal(['over', 1])
  })

  it('ends at the first lie, or goes on and ends with the task', async () => {
    const lie = {
      step: 'checkpoint',
      field: 'Checkpointed.root',
      where: '',
      expected: '1',
      actual: '2',
      why: 'x',
    } as const
    const report = (stage: number): AuditReport =>
      at(stage, stage < 2 ? {} : { verdict: 'mismatch', findings: [lie] })
    const looks = [0, 1, 2, 2, 3].map((stage) => ({ stage }))
    const first = await run(looks, { report })
    expect([first.reason, first.lied, first.nowMs]).deep.equal(['lie', true, 2 * POLL_MS])
    expect(types(first).at(-1)).equal('alarm')
    expect(first.scraped).contain('rsdp_audit_alarms_total{kind="finding"} 1')
    const last = await run(looks, { report, keepGoing: true })
    expect([last.reason, last.lied, last.nowMs]).deep.equal(['lie', true, 4 * POLL_MS])
    expect(types(last).filter((type) => type === 'alarm')).length(1)
  })

  it('gives up when time is over, and stops when it is told to', async () => {
    const late = await run([{ stage: 1 }], { deadlineMs: 5 * POLL_MS })
    expect([late.reason, late.nowMs]).deep.equal(['timeout', 5 * POLL_MS])
    const stopped = await run([{ stage: 1 }], { stopAfter: 3 })
    expect([stopped.reason, stopped.report?.taskId]).deep.equal(['stopped', 1n])
  })

  it('goes on after what was told before', async () => {
    const watch = await run([{ stage: 2 }, { stage: 3 }], {
      told: { height: 4, status: 'Active', alarms: [] },
    })
    expect(watch.told[0]).include({ type: 'checkpoint', first: 5, last: 8 })
    expect(types(watch)).deep.equal(['checkpoint', 'status'])
  })

  it('audits from the start after a re-org deeper than the deployment counts with', async () => {
    const watch = await run([{ stage: 1 }, { stage: 1, chain: '0xbb' }, { stage: 3, chain: '0xbb' }])
    expect([watch.reason, watch.forgotten]).deep.equal(['over', 1])
    expect(types(watch)).deep.equal(['checkpoint', 'status', 'checkpoint', 'status', 'checkpoint', 'status'])
    expect(watch.scraped).contain('rsdp_audit_reorgs_total 1')
  })
})
