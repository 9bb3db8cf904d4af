import { decodeBatch } from '../codec/batch.ts'
import type { WantedBodies } from '../ports/body-source.ts'
import type { TaskHistory } from '../ports/chain-history.ts'

/**
 * The heights of a task whose inputs are not in its history, as far as its checkpoints can be read. What the history says is
 * only where to look: it is judged later.
 */
export function wantedBodies({ taskId, events, views }: TaskHistory): WantedBodies[] {
  const published = events.find((event) => event.name === 'TaskPublished')
  if (published === undefined || published.args.params.calldataInputs) return []
  const members = Number(views.task.members)
  const wanted = new Map<number, WantedBodies>()
  for (const event of events) {
    if (event.name !== 'Checkpointed') continue
    const batch = decodeBatch(event.args.batch, members) ?? []
    batch.forEach(({ inputsRoot }, i) => {
      const height = Number(event.args.first) + i
      wanted.set(height, { taskId, height, inputsRoot })
    })
  }
  return [...wanted.values()]
}
