import { computed, signal } from '@preact/signals'
import type { AuditAnswer, LookAnswer, OpenAnswer } from '../desk/messages.ts'
import type { LiveBoard, LiveTask } from '../model/live-board.ts'
import { readPlace, writePlace } from '../model/place.ts'
import type { RowSource } from '../model/rows.ts'
import { checkpointsOf } from '../model/verdicts.ts'
import type { ReportJson } from '../model/verdicts.ts'
import type { Setup } from './setup.ts'

/** Everything the page shows, as signals; `session.ts` is the only writer of most. */

export interface Trouble {
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** An audit that has ended. */
export interface Audited {
  readonly task: string
  readonly answer: AuditAnswer
  readonly report: ReportJson
  /** When it ended, Unix ms. */
  readonly atMs: number
  /** What it took, ms. */
  readonly tookMs: number
}

export const setup = signal<Setup | null>(null)
/** `asking` until it is known whether a server says what the page is about. */
export const stage = signal<'asking' | 'starting' | 'form' | 'opening' | 'open'>('asking')
export const opened = signal<OpenAnswer | null>(null)
export const look = signal<(LookAnswer & { readonly atMs: number }) | null>(null)
export const audited = signal<Audited | null>(null)
export const isAuditing = signal(false)
export const trouble = signal<Trouble | null>(null)
export const feedState = signal<'none' | 'connecting' | 'live' | 'lost'>('none')
export const faults = signal<
  readonly { readonly node: string; readonly fault: string; readonly height: number }[]
>([])

/** The board changes in place; its number says when. */
export const board = signal<{ readonly live: LiveBoard; readonly version: number } | null>(null)
/** Once a second: ages are counted from it. */
export const nowMs = signal(Date.now())

const place = signal(readPlace(location.hash))
addEventListener('hashchange', () => (place.value = readPlace(location.hash)))

/** Numbers of all tasks, the newest first. */
export const tasks = computed<readonly string[]>(() => {
  const count = look.value?.tasks ?? 0
  const known = new Set(Array.from({ length: count }, (_, i) => String(count - i)))
  for (const task of board.value?.live.tasks() ?? []) known.add(task)
  return [...known].sort((a, b) => Number(b) - Number(a))
})

/** The task that is shown; null: there is none. */
export const task = computed<string | null>(() => {
  const wanted = place.value.task
  return wanted !== null && tasks.value.includes(wanted) ? wanted : (tasks.value[0] ?? null)
})

export const live = computed<LiveTask | null>(() =>
  task.value === null ? null : (board.value?.live.task(task.value) ?? null),
)

/** The audit of the task that is shown. */
export const current = computed<Audited | null>(() =>
  audited.value?.task === task.value ? audited.value : null,
)
export const report = computed<ReportJson | null>(() => current.value?.report ?? null)
export const checkpoints = computed(() => (report.value === null ? [] : checkpointsOf(report.value)))
export const rowSource = computed<RowSource & { readonly version: number }>(() => ({
  live: live.value,
  report: report.value,
  checkpoints: checkpoints.value,
  version: board.value?.version ?? 0,
}))

/** The height that the reader chose; null: none. */
export const chosen = computed(() => place.value.height)

export function choose(height: number | null): void {
  show({ task: task.value, height })
}

export function chooseTask(next: string): void {
  show({ task: next, height: null })
}

function show(next: { readonly task: string | null; readonly height: number | null }): void {
  place.value = next
  history.replaceState(null, '', writePlace(next))
}

/** A member's name, as the network's server knows it; else its seat. */
export function nameOf(seat: number): string {
  const key = report.value?.cluster?.members[seat]?.key
  const byKey = setup.value?.nodes.find((node) => node.key === key)?.name
  if (byKey !== undefined) return byKey
  for (const member of live.value?.byNode.values() ?? []) if (member.seat === seat) return member.node
  return `seat ${seat}`
}

/** An operator's name by the seat that it has in the task that is shown. */
export function operatorName(operator: string): string | null {
  const member = report.value?.cluster?.members.find((one) => one.operator === operator)
  return member === undefined ? null : nameOf(member.index)
}
