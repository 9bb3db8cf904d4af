import { epochOf, logStart } from '../codec/log.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { LogEntry, PhaseStatus } from '../types/log.ts'
import { STATUS_NUMBERS } from '../types/log.ts'
import type { SignedHead } from './certificate.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { Copies } from './copies.ts'
import { copiesOf } from './copies.ts'
import type { Judge } from './judge.ts'
import type { ClosingHeights, LogPoint, Reading, RebuiltLog } from './rebuild-log.ts'
import { rebuildLog } from './rebuild-log.ts'
import type { Reconciled } from './reconcile.ts'
import type { Gap } from './report.ts'
import { checkTransitions } from './transitions.ts'

/** Where a member's log stands after a batch. */
interface Place extends LogPoint {
  /** A signed head says so; otherwise it is only what an undisturbed member would have logged. */
  readonly known: boolean
  /** Entries of this epoch that no signature covers yet. */
  readonly open: readonly LogEntry[]
}

export interface MemberLogs {
  /** Entries under a head that the member signed, in order. */
  readonly logs: ReadonlyMap<MemberIndex, readonly LogEntry[]>
  readonly gaps: readonly Gap[]
  /** Deciding rounds by height, as the shared log has them that signed heads cover. */
  readonly rounds: ReadonlyMap<number, number>
}

/** What convictions in this task, by evidence that holds, say about logs. What is proved and paid for is no finding. */
export interface Convicts {
  /** Of an illegal or forked log (E2): that their logs are illegal is judged, and nothing rests on those logs any more. */
  readonly illegal: ReadonlySet<MemberIndex>
  /**
   * Who signed two CHECKPOINTs for a height (E1): a head that it signed need not be that of any log. Of any height: that
   * costs the whole lock, and who has lost it is not convicted of the same again.
   */
  readonly twoFaced: ReadonlySet<MemberIndex>
}

/** Of a member that did not sign only a guess is made. */
const NOTHING_PUBLISHED: Reading = { note: null, hints: [] }

const STATUSES = Object.keys(STATUS_NUMBERS) as PhaseStatus[]

/**
 * Rebuilds the log of every signer from whatever copy of hints and notes folds to the head that the member signed; entries
 * of a log that comes out are checked against the table. Where no copy does, the log is unavailable: who published a
 * wrong one is not the member. Heights that a member did not sign are gaps, unless a later
 * head of the same epoch covers them.
 */
export function checkMemberLogs(
  judge: Judge,
  batches: readonly AnchoredBatch[],
  cluster: Cluster,
  epochHeights: number,
  closing: ClosingHeights,
  convicts: Convicts,
  republished: readonly Reconciled<'Republished'>[],
): MemberLogs {
  const audits = cluster.members.map(
    ({ index }) => new MemberAudit(judge, index, cluster.id, closing, convicts),
  )
  const values = new Map<number, Digest>()
  const rounds = new Map<number, number>()
  for (const batch of batches) {
    for (const { height, value } of batch.heights) values.set(height, value)
    const copies = copiesOf(batch, republished)
    const shared = new Map<string, RebuiltLog>()
    const epoch = epochOf(batch.first, epochHeights)
    for (const audit of audits) {
      if ((batch.first - 1) % epochHeights === 0) audit.enterEpoch(epoch)
      const hints = audit.take(batch, copies, shared, values)
      hints?.forEach((round, i) => rounds.set(batch.first + i, round))
    }
  }
  return {
    logs: new Map(audits.map(({ member, entries }) => [member, entries])),
    gaps: audits.flatMap(({ gaps }) => gaps),
    rounds,
  }
}

/** The rebuilding of one member's log. */
class MemberAudit {
  readonly member: MemberIndex
  readonly entries: LogEntry[] = []
  gaps: Gap[] = []
  readonly #judge: Judge
  readonly #cluster: Digest
  readonly #closing: ClosingHeights
  readonly #isIllegal: boolean
  readonly #isTwoFaced: boolean
  #place: Place

  constructor(
    judge: Judge,
    member: MemberIndex,
    cluster: Digest,
    closing: ClosingHeights,
    { illegal, twoFaced }: Convicts,
  ) {
    this.member = member
    this.#judge = judge
    this.#cluster = cluster
    this.#closing = closing
    this.#isIllegal = illegal.has(member)
    this.#isTwoFaced = twoFaced.has(member)
    this.#place = { status: 'INITIAL', seq: 0, head: logStart(cluster, 0), known: true, open: [] }
  }

  /** A new hash chain; the status goes on. What no signature has covered by now stays a gap. */
  enterEpoch(epoch: number): void {
    this.#place = { ...this.#place, seq: 0, head: logStart(this.#cluster, epoch), open: [] }
  }

  /** Takes in a batch. Returns the hints that the member's head follows, null if it follows none. */
  take(
    batch: AnchoredBatch,
    { hints, notes }: Copies,
    shared: Map<string, RebuiltLog>,
    values: ReadonlyMap<number, Digest>,
  ): readonly number[] | null {
    const readings: Reading[] = [
      ...(notes.get(this.member) ?? []).map((note) => ({ note, hints: null })),
      ...hints.map((rounds) => ({ note: null, hints: rounds })),
    ]
    const signed = batch.certificate.heads.get(this.member)
    const place = this.#place
    const rebuild = (reading: Reading, status: PhaseStatus, byTable: boolean): RebuiltLog => {
      const start = { ...place, status }
      if (reading.note !== null) return rebuildLog(batch, start, reading, this.#closing, byTable)
      const key = `${place.head}/${status}/${byTable}/${reading.hints.join()}`
      const known = shared.get(key) ?? rebuildLog(batch, start, reading, this.#closing, byTable)
      shared.set(key, known)
      return known
    }
    if (signed === undefined) {
      this.gaps.push({ member: this.member, first: batch.first, last: lastOf(batch) })
      const guess = rebuild(readings[0] ?? NOTHING_PUBLISHED, place.status, false)
      this.#place = { ...guess, known: false, open: [...place.open, ...guess.entries] }
      return null
    }
    const found = firstMatch(signed, readings, statusesToTry(place), rebuild)
    if (found === null) {
      if (this.#isTwoFaced) this.gaps.push({ member: this.member, first: batch.first, last: lastOf(batch) })
      else this.#unmatched(batch, signed)
      const { logSeq, logHead } = signed
      this.#place = { status: 'IDLE', seq: logSeq, head: logHead, known: false, open: [] }
      return null
    }
    this.#accept(batch, found.rebuilt, values)
    return found.reading.hints
  }

  #accept(batch: AnchoredBatch, found: RebuiltLog, values: ReadonlyMap<number, Digest>): void {
    if (this.#isIllegal) {
      this.#place = { ...found, known: true, open: [] }
      return
    }
    const covered = [...this.#place.open, ...found.entries]
    const from = covered[0]?.height ?? batch.first
    this.gaps = this.gaps.filter(({ first }) => first < from)
    const last = this.entries.at(-1) ?? null
    const continues = last === null || last.height >= from - 1
    checkTransitions(batch.bench, this.member, covered, continues ? last : null, values)
    const { counts } = this.#judge
    for (const { event } of covered) counts.transitionsByEvent[event] += 1
    counts.transitionsSigned += covered.length
    this.entries.push(...covered)
    this.#place = { ...found, known: true, open: [] }
  }

  /** A signed head that nothing published folds to: anybody may still publish what does. */
  #unmatched({ bench, first }: AnchoredBatch, signed: SignedHead): void {
    const from = `from height ${first} on`
    if (signed.shared && (this.#place.known || this.#place.seq === 0))
      bench.missing('Checkpointed.batch.hint', `no hints ${from} were published that fold to the shared head`)
    else
      bench.missing('Checkpointed.notes', `no note ${from} was published that folds to the signed head`, {
        member: this.member,
      })
  }
}

/** The first copy and way to read it that folds to the signed head: legal logs before those of a liar. */
function firstMatch(
  { logSeq, logHead }: SignedHead,
  readings: readonly Reading[],
  statuses: readonly PhaseStatus[],
  rebuild: (reading: Reading, status: PhaseStatus, byTable: boolean) => RebuiltLog,
): { readonly rebuilt: RebuiltLog; readonly reading: Reading } | null {
  for (const byTable of [false, true]) {
    for (const reading of readings) {
      for (const status of statuses) {
        const rebuilt = rebuild(reading, status, byTable)
        if (rebuilt.seq === logSeq && rebuilt.head === logHead) return { rebuilt, reading }
      }
    }
  }
  return null
}

/** A status that no signature vouches for may have been any; the likely ones first. */
function statusesToTry({ status, known }: Place): readonly PhaseStatus[] {
  return known ? [status] : [...new Set<PhaseStatus>([status, 'IDLE', 'INITIAL', ...STATUSES])]
}

function lastOf({ first, heights }: AnchoredBatch): number {
  return first + heights.length - 1
}
