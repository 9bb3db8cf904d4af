import type { TaskStatus } from '../types/task.ts'
import type { AuditReport, Finding, Verdict } from './report.ts'
import { fieldPath } from './report.ts'
import { heightsOf } from './steps.ts'

/** What a watcher of a task tells, in the order of the chain. */
export type FollowEvent =
  | {
      readonly type: 'checkpoint'
      readonly first: number
      readonly last: number
      readonly block: number
      /** Signers of members, as `6/7`. */
      readonly signatures: string
      readonly verdict: Verdict
    }
  | Alarm
  | { readonly type: 'status'; readonly status: TaskStatus; readonly because: string }

/** A lie: something on chain does not fit, or a member was proved to have signed what no honest one signs. */
export interface Alarm {
  readonly type: 'alarm'
  readonly kind: 'finding' | 'conviction'
  /** The field that lies, as in a finding; of a conviction `Convicted[member 3].offence`. */
  readonly field: string
  readonly expected: string
  readonly actual: string
  readonly why: string
  readonly height?: number
  readonly member?: number
  readonly block?: number
}

/** What has been told. */
export interface Told {
  /** Last height whose checkpoint was told. */
  readonly height: number
  readonly status: TaskStatus | null
  /** Alarms, by what they are about. */
  readonly alarms: readonly string[]
}

export const NOTHING_TOLD: Told = { height: 0, status: null, alarms: [] }

/** What of an audit has not been told yet. A lie comes right after the checkpoint that it is part of. */
export function newsIn(
  report: AuditReport,
  told: Told,
): { readonly events: readonly FollowEvent[]; readonly told: Told } {
  const checkpoints = report.steps.flatMap((step): Extract<FollowEvent, { type: 'checkpoint' }>[] => {
    const heights = heightsOf(step)
    if (heights === null || heights.last <= told.height) return []
    const { block, signatures, verdict } = step
    return [{ type: 'checkpoint', ...heights, block: block ?? 0, signatures, verdict }]
  })
  const known = new Set(told.alarms)
  const alarms = [...convictionsIn(report), ...report.findings.map(findingAlarm)].filter((alarm) => {
    const isNew = !known.has(nameOf(alarm))
    known.add(nameOf(alarm))
    return isNew
  })
  const status = report.end?.status ?? null
  const hasMoved = status !== null && status !== told.status
  return {
    events: [
      ...inOrder(checkpoints, alarms),
      ...(hasMoved ? [{ type: 'status', status, because: report.end?.because ?? '' } as const] : []),
    ],
    told: {
      height: Math.max(told.height, ...checkpoints.map(({ last }) => last)),
      status: status ?? told.status,
      alarms: [...known],
    },
  }
}

/** Statuses after which nothing comes but evidence and payments. */
const ENDED: ReadonlySet<TaskStatus> = new Set(['Closed', 'Expired', 'NoQuorum'])

/** Whether there is nothing more to follow. */
export function isOver({ end }: Pick<AuditReport, 'end'>): boolean {
  return end !== null && ENDED.has(end.status)
}

/** By block; what has none comes after the checkpoint that holds its height, or last. */
function inOrder(
  checkpoints: readonly Extract<FollowEvent, { type: 'checkpoint' }>[],
  alarms: readonly Alarm[],
): FollowEvent[] {
  const placeOf = ({ block, height }: Alarm): number => {
    if (block !== undefined) return block - 0.5
    return (
      checkpoints.find(({ first, last }) => height !== undefined && height >= first && height <= last)
        ?.block ?? Infinity
    )
  }
  return [
    ...checkpoints.map((event) => ({ event, place: event.block })),
    ...alarms.map((event) => ({ event, place: placeOf(event) })),
  ]
    .toSorted((a, b) => a.place - b.place || 0)
    .map(({ event }) => event)
}

/** What an alarm is about: two with the same name are one lie. */
export const nameOf = ({ kind, field, height, member }: Alarm): string =>
  [kind, field, height ?? '', member ?? ''].join(' ')

function findingAlarm(finding: Finding): Alarm {
  const { expected, actual, why, height, member } = finding
  return {
    ...{ type: 'alarm', kind: 'finding', field: fieldPath(finding), expected, actual, why },
    ...(height === undefined ? {} : { height }),
    ...(member === undefined ? {} : { member }),
  }
}

function convictionsIn({ convictions }: AuditReport): Alarm[] {
  return convictions.map(({ member, offence, height, because, block }) => ({
    ...{ type: 'alarm', kind: 'conviction', field: `Convicted[member ${member}].offence`, expected: 'none' },
    ...{ actual: offence, why: because, height: Number(height), member, block },
  }))
}
