import type { EndpointStatus } from '../../adapters/evm/endpoints/pool.ts'
import type { NodeHealth } from '../../node/node-health.ts'
import type { TaskHealth } from '../../node/task-health.ts'
import { table } from '../output.ts'

/** What `node run` serves. */
export interface ShownHealth extends NodeHealth {
  readonly endpoints: readonly EndpointStatus[]
}

/** A node as a person reads it, line by line. */
export function nodeView(health: ShownHealth, pid: number): string[] {
  const { key, ready, notReady, addresses, peers, chain, outbox, tasks, notJoined, endpoints } = health
  const lines = [
    `node     ${key}  process ${pid}  ${ready ? 'ready' : 'not ready'}`,
    `listens  ${addresses.join('  ')}`,
    `peers    ${peers.connected} of ${peers.known} connected`,
    `chain    ${chain.reachable ? 'reachable' : 'NOT reachable'}, head ${chain.head}, read up to ${chain.cursor}`,
    ...endpoints.map((endpoint) => `endpoint ${endpoint.name}  ${endpointOf(endpoint)}`),
    `outbox   ${outbox} transactions waiting`,
  ]
  for (const reason of notReady) lines.push(`not ready: ${reason}`)
  for (const { taskId, reason, text } of notJoined) lines.push(`refused  task ${taskId}: ${reason} (${text})`)
  if (tasks.length === 0) return [...lines, 'tasks    none']
  const rows = tasks.map((task) => [
    task.taskId,
    task.waitsFor === null ? task.status : `waits for task ${task.waitsFor}`,
    `${task.decidedHeight} of ${task.heights}`,
    task.anchoredHeight,
    task.membership,
    signingOf(task.signing),
  ])
  return [
    ...lines,
    '',
    ...table(['task', 'phase', 'decided', 'anchored', 'membership', 'signing'], rows).split('\n'),
  ]
}

/** What is wrong with an endpoint, and how often something was. */
export function endpointOf({ trouble, troubles }: EndpointStatus): string {
  const before = troubles === 0 ? '' : `, troubles so far: ${troubles}`
  return trouble === null ? `nothing wrong${before}` : `${trouble.kind}: ${trouble.text}`
}

/** What a node may sign in a task, in a word or a few. */
export function signingOf({ state, upTo, answered }: TaskHealth['signing']): string {
  if (state === 'proved') return 'proved'
  if (state === 'convicted') return 'convicted: signs no more in this task'
  return state === 'waiting' ? `waiting: nothing up to height ${upTo}` : `unknown: ${answered} have answered`
}
