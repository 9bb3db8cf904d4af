import { z } from 'zod'
import { bytes, height, outcomeFields, proposal, REQUEST_NAME } from './fields.ts'

/** The number of a task. */
const task = z.string()

/** What lines of tasks answer to, by the address of their contract: a part of the table of routes. */
export const LINE_ROUTES = {
  lines: {
    method: 'GET',
    path: '/v1/lines',
    summary: 'The lines that this node was drawn for, each with its newest tasks whose clusters are drawn.',
    answer: z.object({
      lines: z.array(
        z.object({
          line: z.string(),
          tasks: z.array(
            z.object({
              task,
              /** Task that it goes on from; 0: none. */
              predecessor: task,
              members: z.array(z.string()),
              /** Seat of this node; null: it is no member. */
              member: z.int().nullable(),
              decided: height,
              /** It takes no commands any more. False where this node is no member: it does not know. */
              isOver: z.boolean(),
            }),
          ),
        }),
      ),
    }),
  },
  lineState: {
    method: 'GET',
    path: '/v1/lines/{line}/state',
    summary:
      'The state that a line decided last, at this node; 404 before the first; 410 not-a-member: the line has gone on without this ' +
      'node, and `members` says with whom.',
    answer: z.object({ task, height, state: bytes }),
  },
  lineEvents: {
    method: 'GET',
    path: '/v1/lines/{line}/events',
    summary:
      'Server-sent events of a line, over the seams of its tasks: `decided`, one a height; `skipped`, heights `from` … `to` (null: the last) ' +
      'of a task that this node has not, or has no more; `superseded`, the line has gone on from height `above` of a task, and those that ' +
      'were told after it do not count. The id of an event is its task times 65,536 and its height: with Last-Event-ID the stream ' +
      'goes on after it, whichever task decides then.',
    answer: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('decided'), task, height, state: bytes }),
      z.object({ kind: z.literal('skipped'), task, from: height, to: height.nullable() }),
      z.object({ kind: z.literal('superseded'), task, above: z.int() }),
    ]),
    isStream: true,
  },
  lineCommand: {
    method: 'POST',
    path: '/v1/lines/{line}/commands',
    summary:
      'Proposes a command to the machine of a line and answers with what it said, at the height that holds it, of whichever task ' +
      'decides then. The command is on disk before it is proposed, and goes to the next task if no height of this one holds it: ' +
      '504 means that none does yet. A request name, given again, means the same command. 410 not-a-member: it will not be ' +
      'applied, as the line has gone on without this node; `members` says with whom. 422 not-a-command; 409 session-over, ' +
      'superseded: it will not be applied; 503 busy.',
    needsToken: true,
    body: proposal,
    answer: z.object({ task, height, result: bytes }),
  },
  lineOutcome: {
    method: 'GET',
    path: '/v1/lines/{line}/outcome',
    summary:
      'What became of a command of a line, by the name of its request, at the node that was asked: as for a task, with the task whose ' +
      'height that is. `superseded`: the line has gone on from an earlier height, and the command is lost.',
    query: z.strictObject({ request: REQUEST_NAME }),
    answer: z.discriminatedUnion('outcome', [
      z.object({ outcome: z.literal('waiting') }),
      z.object({ ...outcomeFields, task }),
    ]),
  },
} as const
