import type { TaskHealth } from '../../node/task-health.ts'
import { endpointOf, signingOf } from './node-view.ts'
import type { ShownHealth } from './node-view.ts'

/** What can change about a node: a name, and what it is. */
type Fact = readonly [name: string, is: string]

/**
 * What has changed between two looks at a node, one line each: all of it at the first look.
 *
 * @param before null: no node ran, or nobody has looked yet
 */
export function changes(before: ShownHealth | null, after: ShownHealth | null): string[] {
  if (after === null) return before === null ? [] : ['node gone: no process answers']
  const old = new Map(before === null ? [] : factsOf(before))
  const now = new Map(factsOf(after))
  const changed = [...now].filter(([name, is]) => old.get(name) !== is)
  const over = [...old.keys()].filter((name) => !now.has(name)).map((name) => `${name} over`)
  return [...changed.map(([name, is]) => `${name} ${is}`), ...over]
}

function factsOf(health: ShownHealth): Fact[] {
  const { key, ready, notReady, peers, chain, outbox, tasks, notJoined, endpoints } = health
  return [
    ['node', `${key} ${ready ? 'ready' : `not ready: ${notReady.join('; ')}`}`],
    ['peers', `${peers.connected} of ${peers.known} connected`],
    ['chain', chain.reachable ? 'reachable' : 'NOT reachable'],
    ['outbox', `${outbox} transactions waiting`],
    ...endpoints.map((endpoint): Fact => [`endpoint ${endpoint.name}`, endpointOf(endpoint)]),
    ...notJoined.map(({ taskId, reason, text }): Fact => [`task ${taskId} refused:`, `${reason} (${text})`]),
    ...tasks.flatMap(taskFacts),
  ]
}

/** Phases and rounds change several times a height: they are on the page, and not among these. */
function taskFacts(task: TaskHealth): Fact[] {
  const { taskId, decidedHeight, heights, anchoredHeight, membership, signing, waitsFor, isolated, frozen } =
    task
  const facts: Fact[] = [
    ['decided', `${decidedHeight} of ${heights}`],
    ['anchored', String(anchoredHeight)],
    ['membership', membership],
    ['signing', signingOf(signing)],
  ]
  if (waitsFor !== null) facts.push(['waits for', `task ${waitsFor}`])
  if (isolated.length > 0) facts.push(['isolated for flooding:', `members ${isolated.join(', ')}`])
  if (frozen !== null) facts.push(['frozen:', frozen])
  for (const [status, count] of Object.entries(task.evidence))
    if (count > 0) facts.push([`proofs ${status}`, String(count)])
  return facts.map(([name, is]) => [`task ${taskId} ${name}`, is])
}
