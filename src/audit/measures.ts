import { measureValidity } from '../protocol/validity.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { LogEntry, PhaseEvent } from '../types/log.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { HeightReport } from './report.ts'

/**
 * Per height: what was decided, and how far the signers agreed on the way (paper, section 4): transitional validity
 * over the t4 values of the deciding round, operational validity over its t6 values, as their logs hold them.
 */
export function reportHeights(
  batches: readonly AnchoredBatch[],
  logs: ReadonlyMap<MemberIndex, readonly LogEntry[]>,
  recomputed: ReadonlySet<number>,
): HeightReport[] {
  const logged = new Map<string, Digest[]>()
  const key = (event: PhaseEvent, height: number, round: number): string => `${event}/${height}/${round}`
  for (const entries of logs.values()) {
    for (const { event, height, round, value } of entries) {
      if (event !== 't4' && event !== 't6') continue
      const at = key(event, height, round)
      const values = logged.get(at)
      if (values === undefined) logged.set(at, [value])
      else values.push(value)
    }
  }
  return batches.flatMap(({ heights, certificate }) =>
    heights.map(({ height, hint, value, stateHash, inputsRoot, eventSeq }) => ({
      height,
      value,
      stateHash,
      inputsRoot,
      eventSeq,
      round: hint,
      attested: certificate.quorum,
      recomputed: recomputed.has(height),
      transitional: measureValidity(logged.get(key('t4', height, hint)) ?? []),
      operational: measureValidity(logged.get(key('t6', height, hint)) ?? []),
    })),
  )
}
