import { expect } from 'chai'
import { appendLog, epochOf, logStart } from '../../src/codec/log.ts'
import { decodeNotes } from '../../src/codec/notes.ts'
import type { NotedEntry } from '../../src/codec/notes.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { RunnerCluster } from './runner-cluster.ts'
import type { LogEntry, PhaseEvent, PhaseStatus } from '../../src/types/log.ts'

/** The paper's transitions, written down a second time on purpose. */
const MOVES: Readonly<Record<PhaseEvent, readonly [from: PhaseStatus | null, to: PhaseStatus]>> = {
  t1: ['INITIAL', 'DEBATE'],
  t2: ['DEBATE', 'IDLE'],
  t3: ['IDLE', 'DEBATE'],
  t4: ['IDLE', 'SHARE'],
  t5: ['IDLE', 'CLOSE'],
  t6: ['SHARE', 'IDLE'],
  t7: ['CLOSE', 'IDLE'],
  RESET: [null, 'INITIAL'],
}

/** What is illegal in a member's whole log, over all its lives. */
export function logFaults(log: readonly LogEntry[], epochHeights: number): string[] {
  const faults: string[] = []
  let before: LogEntry | undefined
  for (const entry of log) {
    const where = `${entry.event} at ${entry.height}/${entry.round}`
    const isFresh =
      before === undefined || epochOf(before.height, epochHeights) !== epochOf(entry.height, epochHeights)
    const [from, to] = MOVES[entry.event]
    if (entry.from !== (before?.to ?? 'INITIAL')) faults.push(`${where} does not go on from ${before?.to}`)
    if ((from !== null && entry.from !== from) || entry.to !== to) faults.push(`${where} is not in the table`)
    if (entry.seq !== (isFresh ? 1 : (before?.seq ?? 0) + 1)) faults.push(`${where} has seq ${entry.seq}`)
    if (
      before !== undefined &&
      (entry.height < before.height || (entry.height === before.height && entry.round < before.round))
    )
      faults.push(`${where} falls back`)
    before = entry
  }
  return faults
}

export interface Head {
  readonly seq: number
  readonly head: Digest
}

/**
 * The log head of a member at `height`, as anybody can compute it from the decided values and the member's note:
 * heights that the note does not name went as the shared log of round `hint`.
 *
 * @param values decided values by height, from 1
 */
export function foldedHead(
  cluster: Digest,
  epochHeights: number,
  height: number,
  values: readonly Digest[],
  note: Hex | null,
  member: number,
  hints: readonly number[] = [],
): Head {
  const epoch = epochOf(height, epochHeights)
  const first = epoch * epochHeights + 1
  const valueOf = (at: number): Digest => values[at - 1] ?? NIL
  const noted = note === null ? [] : decodeNotes(note, { first, valueOf })
  if (noted === null || noted.length > 1 || noted.some((read) => read.member !== member))
    throw new Error(`the note of ${member} cannot be read`)
  const entries = noted[0]?.entries ?? []
  let seq = 0
  let head = logStart(cluster, epoch)
  let status: PhaseStatus = epoch === 0 ? 'INITIAL' : 'IDLE'
  for (let at = first; at <= height; at += 1) {
    const own = entries.filter((entry) => entry.height === at)
    const steps: readonly NotedEntry[] =
      own.length > 0 ? own : shared(at, hints[at - 1] ?? 0, status, valueOf)
    for (const { event, round, value } of steps) {
      const to: PhaseStatus = MOVES[event][1]
      seq += 1
      head = appendLog(head, { seq, from: status, event, to, height: at, round, value })
      status = to
    }
  }
  return { seq, head }
}

function shared(
  height: number,
  decidingRound: number,
  status: PhaseStatus,
  valueOf: (height: number) => Digest,
): NotedEntry[] {
  return Array.from({ length: decidingRound + 1 }, (_, round): NotedEntry[] => {
    const value = round === decidingRound ? valueOf(height) : NIL
    const opening = status === 'INITIAL' && round === 0 ? 't1' : 't3'
    return [
      { event: opening, height, round, value: valueOf(height - 1) },
      { event: 't2', height, round, value },
      { event: 't4', height, round, value },
      { event: 't6', height, round, value },
    ]
  }).flat()
}

/** Nothing may be wrong with what anybody did, whatever happened. */
export function expectSound(world: RunnerCluster): void {
  expect(world.fatal).to.deep.equal([])
  expect(world.wire.conflicts).to.deep.equal([])
  const { heights, epochHeights } = world.params
  const values = Array.from({ length: heights }, (_, i) => {
    const decided = world.up.flatMap(({ store }) => store!.heights(world.cluster.id, i + 1, 1))
    const seen = new Set(
      decided.filter((height) => height.decided.height === i + 1).map(({ value }) => value),
    )
    expect(seen.size, `values of height ${i + 1}`).to.be.at.most(1)
    return [...seen][0]!
  })
  for (const seat of world.seats)
    expect(logFaults(seat.log, epochHeights), `log of ${seat.member}`).to.be.empty
  for (const { member, object, note } of world.wire.checkpoints.values()) {
    const fold = foldedHead(world.cluster.id, epochHeights, object.height, values, note, member)
    expect(
      { seq: object.logSeq, head: object.logHead },
      `head of ${member} at ${object.height}`,
    ).to.deep.equal(fold)
  }
  // whatever ended in between: what is sent again brings the note along, for every epoch that is not anchored
  for (const { member, runner } of world.up) {
    for (const { height, signed, notes } of runner!.state.checkpoints.values()) {
      const own = signed.get(member)?.object
      if (own === undefined) continue
      const note = notes.get(member) ?? null
      const fold = foldedHead(world.cluster.id, epochHeights, height, values, note, member)
      const head = { seq: own.logSeq, head: own.logHead }
      expect(head, `kept note of ${member} to ${height}`).to.deep.equal(fold)
    }
  }
}
