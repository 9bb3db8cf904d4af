import { measureValidity } from '../protocol/validity.ts'
import type { Digest } from '../types/ids.ts'
import type { PhaseEvent } from '../types/log.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { MemberLogs } from './member-logs.ts'
import type { HeightReport } from './report.ts'

/**
 * Per height: what was decided, and how far the signers agreed on the way (paper, section 4): transitional validity
 * over the t4 values of the deciding round, operational validity over its t6 values, as their logs hold them.
 */
export function reportHeights(
  batches: readonly AnchoredBatch[],
  { logs, rounds }: Pick<MemberLogs, 'logs' | 'rounds'>,
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
    heights.map(({ height, hint, value, stateHash, inputsRoot, eventSeq }) => {
      const round = rounds.get(height) ?? hint
      return {
        height,
        value,
        stateHash,
        inputsRoot,
        eventSeq,
        round,
        attested: certificate.quorum,
        recomputed: recomputed.has(height),
        transitional: measureValidity(logged.get(key('t4', height, round)) ?? []),
        operational: measureValidity(logged.get(key('t6', height, round)) ?? []),
      }
    }),
  )
}
