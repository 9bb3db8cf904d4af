import type { Address } from '../types/ids.ts'
import { followLine } from './line-reader.ts'
import { Refused } from './refused.ts'
import type { ServedLines } from './served-lines.ts'
import type { Handlers } from './server.ts'
import type { TaskFeed } from './task-feed.ts'

/** The members of the newest task of a line, with the addresses that they announce. */
export function membersOf(node: ServedLines, line: Address): Readonly<Record<string, unknown>> {
  const newest = node.lines().get(line)?.at(-1)
  if (newest === undefined) return {}
  return { task: String(newest.taskId), members: node.whereabouts(newest.members) }
}

/** What the routes of lines do that read. */
export function lineHandlers(
  node: ServedLines,
  feed: TaskFeed,
): Pick<Handlers, 'lines' | 'lineState' | 'lineEvents'> {
  return {
    lineEvents: ({ line }) => followLine(node, feed, line),
    lines: () => ({
      lines: [...node.lines()].map(([line, tasks]) => ({
        line,
        tasks: tasks.map(({ taskId, predecessor, members }) => {
          const { member, decided, isOver } = feed.standing(taskId)
          const task = { task: String(taskId), predecessor: String(predecessor), members: [...members] }
          return { ...task, member, decided, isOver }
        }),
      })),
    }),
    lineState: ({ line }) => {
      const tasks = node.lines().get(line)
      if (tasks === undefined) throw new Refused(404, 'no-line', 'this node was drawn for no such line')
      const standings = tasks.map(({ taskId }) => ({ taskId, ...feed.standing(taskId) }))
      const isWithout = standings.at(-1)?.member === null
      if (isWithout && standings.every(({ member, isOver }) => member === null || isOver))
        throw new Refused(
          410,
          'not-a-member',
          'the line has gone on without this node',
          membersOf(node, line),
        )
      const last = standings.findLast(({ decided }) => decided > 0)
      if (last === undefined) throw new Refused(404, 'undecided', 'no height is decided yet')
      return { task: String(last.taskId), ...feed.state(last.taskId) }
    },
  }
}
