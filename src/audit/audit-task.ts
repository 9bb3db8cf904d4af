import { domainSeparator } from '../codec/objects.ts'
import type { HeightBodies } from '../ports/body-source.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { RecoverSigner } from '../ports/keyring.ts'
import type { AnyReducer } from '../reducers/catalog.ts'
import { findReducerByHash } from '../reducers/catalog.ts'
import type { Digest } from '../types/ids.ts'
import { Accounts } from './accounts.ts'
import { checkCheckpoints } from './checkpoints.ts'
import { checkCluster } from './cluster.ts'
import { checkEnd } from './end.ts'
import { checkIdentity } from './identity.ts'
import { checkConvictions, checkOpenings, convictsOf } from './convictions.ts'
import { checkInputs } from './inputs.ts'
import { checkJail } from './jail.ts'
import type { Court } from './evidence/verdict.ts'
import { Judge } from './judge.ts'
import { checkLedger } from './ledger.ts'
import { reportMalformed } from './malformed.ts'
import { reportHeights } from './measures.ts'
import { checkMemberLogs } from './member-logs.ts'
import { checkPenalties } from './penalties.ts'
import { Reconciler } from './reconcile.ts'
import { checkOutcome, checkRefutations, refutedRoots } from './outcome.ts'
import { checkRegistrations } from './registrations.ts'
import type { AuditReport } from './report.ts'
import { checkResult } from './result.ts'
import { recoverSigner } from './signatures.ts'
import { checkSeam } from './seam.ts'
import { checkSignups } from './signups.ts'
import type { Rebuilt } from './steps.ts'
import { settle } from './settle.ts'
import { makeSteps, verdictOf } from './steps.ts'
import { checkTask } from './task.ts'

export interface AuditOptions {
  /** Where reducers come from; default: the stock reducers. */
  readonly findReducer?: (hash: Digest) => AnyReducer | null
  /** What sources say the bodies of a height are, for tasks that do not publish inputs; default: there are none. */
  readonly bodiesOf?: (height: number) => readonly HeightBodies[]
  /** Recovers signers; default: pure JavaScript. Native code is ten times faster over a long history. */
  readonly recover?: RecoverSigner
}

/**
 * Rebuilds a task from its raw history and judges every step: pure, total, and resting on nothing but recomputation.
 * Facts that stand in two places are compared field by field, so that a wrong one is named.
 */
export function auditTask(history: TaskHistory, options: AuditOptions = {}): AuditReport {
  return examineTask(history, options).report
}

/** The audit of a task, and what evidence about its members is held against; null before the cluster is drawn. */
export interface Examined {
  readonly report: AuditReport
  readonly court: Court | null
  /** Bodies that came out, of heights whose inputs are not on chain. */
  readonly bodies: ReadonlyMap<number, HeightBodies>
}

/** As `auditTask`; with what further evidence can be judged by. */
export function examineTask(history: TaskHistory, options: AuditOptions = {}): Examined {
  const judge = new Judge(options.recover ?? recoverSigner)
  const rebuilt = rebuild(judge, history, options)
  judge.explainBroken()
  const { task, reducer, cluster, batches, members, heights } = rebuilt
  const steps = makeSteps(judge, history, rebuilt)
  const report: AuditReport = {
    verdict: verdictOf(judge, heights.length > 0 || (rebuilt.end?.closedAt ?? null) !== null),
    taskId: history.taskId,
    chainId: history.expected.chainId,
    head: Number(history.head),
    reducer: reducer?.id ?? null,
    client: task?.client ?? null,
    heightsAnchored: batches.reduce((sum, batch) => sum + batch.heights.length, 0),
    heightsMax: task?.params.heights ?? 0,
    cluster,
    steps,
    counts: judge.counts,
    findings: judge.findings,
    unavailable: judge.unavailable,
    gaps: members.gaps,
    convictions: rebuilt.convictions.map(({ conviction }) => conviction),
    penalties: rebuilt.penalties,
    end: rebuilt.end,
    outcome: rebuilt.outcome,
    seam: rebuilt.seam,
    money: rebuilt.money,
    heights,
    logs: members.logs,
  }
  return { report, court: rebuilt.court, bodies: rebuilt.bodies }
}

function rebuild(judge: Judge, history: TaskHistory, options: AuditOptions): Rebuilt {
  const domain = checkIdentity(judge, history)
  reportMalformed(judge, history)
  const reconciler = new Reconciler(judge, history)
  const task = checkTask(judge, history, reconciler)
  if (task === null) return NOTHING
  const { findReducer = findReducerByHash } = options
  const reducer = findReducer(task.params.reducer)
  const accounts = new Accounts(reconciler)
  const registrations = checkRegistrations(judge, history, reconciler, accounts)
  const keys = checkSignups(judge, history, reconciler, task, registrations, accounts)
  const cluster = checkCluster(history, reconciler, task, {
    registrations,
    keys,
    jailed: checkJail(history, reconciler, registrations),
  })
  const events = checkLedger(judge, history, reconciler, task)
  const settled = { task, registrations, keys, accounts }
  if (cluster === null) {
    const end = checkEnd(judge, history, reconciler, task, keys.length, null, [])
    const money = settle(judge, history, reconciler, { ...settled, end, cluster, batches: [], penalties: [] })
    return { ...NOTHING, task, reducer, events, end, money }
  }

  const separator = domainSeparator(domain)
  const anchored = { task, cluster, separator, events }
  const batches = checkCheckpoints(judge, history, reconciler, anchored)
  const { params } = task
  const { previous: handedOver, seam } = checkSeam(judge, history, params, batches)
  const facts = { cluster, separator, params, events, reducer, handedOver, recover: judge.recover }
  const refutations = checkRefutations(history, reconciler, facts)
  const judging = { ...facts, refuted: refutedRoots(refutations) }
  const court = { ...judging, opened: checkOpenings(history, reconciler, judging) }
  const convictions = checkConvictions(judge, history, reconciler, court)
  const { stakePerNode } = params
  const penalties = checkPenalties(judge, history, reconciler, cluster, stakePerNode, convictions)
  const { recomputed, closing, bodies } = checkInputs(judge, batches, {
    ...{ params, cluster, events, reducer, handedOver },
    bodiesOf: options.bodiesOf ?? (() => []),
  })
  const members = checkMemberLogs(
    judge,
    batches,
    cluster,
    params.epochHeights,
    closing,
    convictsOf(convictions),
    reconciler.all('Republished'),
  )
  const heights = reportHeights(batches, members, recomputed)
  const finalized = checkResult(judge, history, reconciler, task, batches)
  const end = checkEnd(judge, history, reconciler, task, keys.length, cluster, batches)
  const money = settle(judge, history, reconciler, { ...settled, end, cluster, batches, penalties })
  const judged = { cluster, batches, convictions, refutations, end, finalized }
  const outcome = checkOutcome(judge, history, judged)
  return {
    ...{ task, reducer, cluster, events, batches, members, heights, finalized },
    ...{ court, convictions, penalties, end, money, outcome, bodies, seam },
  }
}

const NOTHING: Rebuilt = {
  task: null,
  reducer: null,
  cluster: null,
  events: [],
  batches: [],
  members: { logs: new Map(), gaps: [], rounds: new Map() },
  heights: [],
  finalized: false,
  court: null,
  convictions: [],
  penalties: [],
  end: null,
  money: null,
  outcome: { outcome: 'pending', because: 'nothing was accepted' },
  bodies: new Map(),
  seam: null,
}
