import type { MemberIndex } from '../../types/ids.ts'
import { STAGES } from './codec.ts'
import type { GroupRow, ReplicationState, Stage } from './codec.ts'

/** One of the eight steps of a failover. */
export interface FailoverEvent {
  readonly service: number
  readonly step: Exclude<Stage, 'steady'>
  /** Agreed ms of the height that took it. */
  readonly atMs: number
  /** Seat of the primary that failed. */
  readonly failed: MemberIndex
  /** Seat that leads: from `select` on the new one. */
  readonly primary: MemberIndex
  readonly token: bigint
}

/**
 * The steps that a height has taken, in their order; a height may take several. A failover that ended because its primary
 * came back takes no further step.
 *
 * @param before the state a height earlier
 * @param atMs agreed time of `after`
 */
export function failoverEvents(
  before: ReplicationState,
  after: ReplicationState,
  atMs: number,
): FailoverEvent[] {
  const known = new Map(before.groups.map((row) => [row.service, row]))
  return after.groups.flatMap((row) => {
    const { service, failed, primary, token } = row
    return stepsBetween(known.get(service), row).map((step): FailoverEvent => {
      return { service, step, atMs, failed, primary, token }
    })
  })
}

function stepsBetween(before: GroupRow | undefined, { stage, failed }: GroupRow): FailoverEvent['step'][] {
  const to = STAGES.indexOf(stage)
  const last = STAGES.indexOf(before?.stage ?? 'steady')
  // another primary failed: its failover begins at the first step
  const from = failed === before?.failed && last <= to ? last : 0
  return STAGES.slice(from + 1, to + 1).filter((step) => step !== 'steady')
}
