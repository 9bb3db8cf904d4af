import { epochOf, logStart } from '../codec/log.ts'
import type { NotedEntry } from '../codec/notes.ts'
import { decodeNotes } from '../codec/notes.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { LogEntry, PhaseStatus } from '../types/log.ts'
import { STATUS_NUMBERS } from '../types/log.ts'
import type { SignedHead } from './certificate.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { Bench, Judge } from './judge.ts'
import type { ClosingHeights, LogPoint, RebuiltLog } from './rebuild-log.ts'
import { rebuildLog } from './rebuild-log.ts'
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

const STATUSES = Object.keys(STATUS_NUMBERS) as PhaseStatus[]

/**
 * Rebuilds the log of every signer from hints and notes and holds it against the head that the member signed; entries
 * of a log that comes out are checked against the table. Heights that a member did not sign are gaps, unless a later
 * head of the same epoch covers them.
 */
export function checkMemberLogs(
  judge: Judge,
  batches: readonly AnchoredBatch[],
  cluster: Cluster,
  epochHeights: number,
  closing: ClosingHeights,
  convicts: Convicts,
): MemberLogs {
  const audits = cluster.members.map(
    ({ index }) => new MemberAudit(judge, index, cluster.id, closing, convicts),
  )
  const values = new Map<number, Digest>()
  for (const batch of batches) {
    for (const { height, value } of batch.heights) values.set(height, value)
    const notes = notesOf(batch)
    const shared = new Map<string, RebuiltLog>()
    const epoch = epochOf(batch.first, epochHeights)
    for (const audit of audits) {
      if ((batch.first - 1) % epochHeights === 0) audit.enterEpoch(epoch)
      audit.take(batch, notes, shared, values)
    }
  }
  return {
    logs: new Map(audits.map(({ member, entries }) => [member, entries])),
    gaps: audits.flatMap(({ gaps }) => gaps),
  }
}

/** The notes of a batch by member, with their place in it. */
function notesOf(batch: AnchoredBatch): NotesByMember {
  const { source, bench, first, previous, heights, coSigned } = batch
  const valueOf = (height: number): Digest =>
    height < first ? previous : (heights[height - first]?.value ?? NIL)
  const notes = decodeNotes(source.args.notes, { first, valueOf })
  if (notes === null) {
    const why = 'docs/decisions.md, section 5'
    bench.mismatch('Checkpointed.notes', 'packed notes', source.args.notes, why)
    return new Map()
  }
  const byMember = new Map<MemberIndex, PublishedNote>()
  for (const [index, { member, entries }] of notes.entries())
    byMember.set(member, { bench, field: `Checkpointed.notes[${index}]`, entries })
  for (const { member, source: later } of coSigned) {
    if (later.args.note === '0x') continue
    const own = decodeNotes(later.args.note, { first, valueOf })
    const note = own?.length === 1 && own[0]?.member === member ? own[0] : null
    const field = 'CoSigned.note'
    if (note === null) later.bench.mismatch(field, `a note of member ${member}`, later.args.note, 'section 5')
    else byMember.set(member, { bench: later.bench, field, entries: note.entries })
  }
  return byMember
}

/** A note with the place where it stands. */
interface PublishedNote {
  readonly bench: Bench
  readonly field: string
  readonly entries: readonly NotedEntry[]
}

type NotesByMember = ReadonlyMap<MemberIndex, PublishedNote>

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

  take(
    batch: AnchoredBatch,
    notes: NotesByMember,
    shared: Map<string, RebuiltLog>,
    values: ReadonlyMap<number, Digest>,
  ): void {
    const note = notes.get(this.member) ?? null
    const signed = batch.certificate.heads.get(this.member)
    const place = this.#place
    const rebuild = (status: PhaseStatus, byTable: boolean): RebuiltLog => {
      const start = { ...place, status }
      if (note !== null) return rebuildLog(batch, start, note.entries, this.#closing, byTable)
      const key = `${place.head}/${status}/${byTable}`
      const known = shared.get(key) ?? rebuildLog(batch, start, null, this.#closing, byTable)
      shared.set(key, known)
      return known
    }
    if (signed === undefined) {
      this.gaps.push({ member: this.member, first: batch.first, last: lastOf(batch) })
      const guess = rebuild(place.status, false)
      this.#place = { ...guess, known: false, open: [...place.open, ...guess.entries] }
      return
    }
    const found = firstMatch(signed, statusesToTry(place), rebuild)
    if (found === null) {
      if (this.#isTwoFaced) this.gaps.push({ member: this.member, first: batch.first, last: lastOf(batch) })
      else this.#unmatched(batch, signed, note)
      const { logSeq, logHead } = signed
      this.#place = { status: 'IDLE', seq: logSeq, head: logHead, known: false, open: [] }
      return
    }
    this.#accept(batch, found, values)
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

  /** A signed head that nothing published folds to. */
  #unmatched({ bench, heights, first }: AnchoredBatch, signed: SignedHead, note: PublishedNote | null): void {
    const about = { member: this.member }
    const expected = `log head ${signed.logHead}`
    if (note !== null) {
      const why = 'the note does not fold to the head that the member signed'
      note.bench.mismatch(note.field, expected, 'another head', why, about)
    } else if (signed.shared && (this.#place.known || this.#place.seq === 0)) {
      const hints = heights.map(({ hint }) => hint).join(', ')
      const why = `the hints from height ${first} on do not fold to the shared head`
      bench.mismatch('Checkpointed.batch.hint', expected, hints, why)
    } else {
      const why = `the log of member ${this.member} differs from the shared one and no note was published`
      bench.missing('Checkpointed.notes', why, about)
    }
  }
}

/** The first way to read the published entries that folds to the signed head: legal ones before those of a liar. */
function firstMatch(
  { logSeq, logHead }: SignedHead,
  statuses: readonly PhaseStatus[],
  rebuild: (status: PhaseStatus, byTable: boolean) => RebuiltLog,
): RebuiltLog | null {
  for (const byTable of [false, true]) {
    for (const status of statuses) {
      const rebuilt = rebuild(status, byTable)
      if (rebuilt.seq === logSeq && rebuilt.head === logHead) return rebuilt
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
