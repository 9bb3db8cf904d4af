import { z } from 'zod'
import { bytes, height, outcomeFields, proposal, REQUEST_NAME } from './fields.ts'
import { LINE_ROUTES } from './line-routes.ts'
import { LOCK_ROUTES } from './lock-routes.ts'
import { STORE_ROUTES } from './store-routes.ts'
import { TRANSACTION_ROUTES } from './transaction-routes.ts'

const decided = z.object({ height, state: bytes })
const ok = z.object({ ok: z.boolean() })

/** What can be asked of a node, and what it answers. */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** `{task}` and `{service}` are numbers, `{line}` is an address, `{key}` is text, percent-encoded. */
  readonly path: string
  readonly summary: string
  /** Whoever asks must have the token of this run: it changes something, or is not public. */
  readonly needsToken?: true
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** One JSON document; with `isStream` the data of each server-sent event. */
  readonly answer: z.ZodType
  readonly isStream?: true
}

/** Every route of the local API: the server, its OpenAPI document and the client are made of this table. */
export const ROUTES = {
  health: { method: 'GET', path: '/healthz', summary: 'The process is alive.', answer: ok },
  ready: {
    method: 'GET',
    path: '/readyz',
    summary: 'The chain is read and the tasks that run are decided; 503 if not.',
    answer: z.object({ ready: z.boolean() }),
  },
  status: {
    method: 'GET',
    path: '/status',
    summary: 'What rsdp node status shows.',
    answer: z.looseObject({ ready: z.boolean() }),
  },
  openapi: {
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'This document.',
    answer: z.looseObject({ openapi: z.string() }),
  },
  tasks: {
    method: 'GET',
    path: '/v1/tasks',
    summary: 'The tasks that this node was drawn for.',
    answer: z.object({
      tasks: z.array(
        z.object({
          task: z.string(),
          /** `name@version`, or the id of a bundle. */
          reducer: z.string(),
          params: bytes,
          member: z.int(),
          members: z.int(),
          heights: height,
          decided: height,
          /** Its states come over this API. */
          takesInput: z.boolean(),
        }),
      ),
    }),
  },
  state: {
    method: 'GET',
    path: '/v1/tasks/{task}/state',
    summary: 'The state decided last; 404 before the first.',
    answer: decided,
  },
  heights: {
    method: 'GET',
    path: '/v1/tasks/{task}/heights',
    summary: 'Decided states, ascending, from a height on.',
    query: z.strictObject({
      from: z.coerce.number().int().min(1).max(65_535).default(1),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    answer: z.object({ heights: z.array(decided) }),
  },
  bodies: {
    method: 'GET',
    path: '/v1/tasks/{task}/bodies',
    summary:
      'What was decided at a height, whole: the packed list of inputs, as checkpoints carry it, and the state. For audits of ' +
      'tasks that do not publish inputs; 404 before the height is decided.',
    query: z.strictObject({ height: z.coerce.number().int().min(1).max(65_535) }),
    answer: z.object({ inputs: bytes, state: bytes }),
  },
  bundle: {
    method: 'GET',
    path: '/v1/tasks/{task}/bundle',
    summary:
      'The bundle that is the reducer of a task, whole: whoever knows its id can check the bytes. For audits; 404 for a reducer of ' +
      'this package.',
    answer: z.object({ bundle: bytes }),
  },
  events: {
    method: 'GET',
    path: '/v1/tasks/{task}/events',
    summary:
      'Server-sent events `decided`, one a height. The id of an event is its height: with Last-Event-ID the stream goes on ' +
      'after it, also when the node was restarted in between.',
    answer: decided,
    isStream: true,
  },
  setInput: {
    method: 'PUT',
    path: '/v1/tasks/{task}/input',
    summary:
      'What this node brings to every height from now on, until it is given another; 422 if the reducer does not accept it.',
    needsToken: true,
    body: z.strictObject({ state: bytes }),
    answer: ok,
  },
  command: {
    method: 'POST',
    path: '/v1/tasks/{task}/commands',
    summary:
      'Proposes a command to the machine of a task and answers with what it said, at the height that holds it. The command is ' +
      'on disk before it is proposed: 504 means that no height holds it yet, and it goes on. A request name, given again, means ' +
      'the same command. 422 not-a-command; 409 session-over, over, superseded: it will not be applied; 503 busy.',
    needsToken: true,
    body: proposal,
    answer: z.object({ height, result: bytes }),
  },
  outcome: {
    method: 'GET',
    path: '/v1/tasks/{task}/outcome',
    summary:
      'What became of a command, by the name of its request, at the node that was asked: `waiting` for a height; `decided` by the ' +
      'members; `anchored`: a checkpoint on chain has the height, so that the chain’s evidence and audits stand behind it; ' +
      '`superseded`: the task has ended without the height, which counts for nothing. 404 for a name that is not kept.',
    query: z.strictObject({ request: REQUEST_NAME }),
    answer: z.discriminatedUnion('outcome', [
      z.object({ outcome: z.literal('waiting') }),
      z.object(outcomeFields),
    ]),
  },
  ...LINE_ROUTES,
  ...STORE_ROUTES,
  ...LOCK_ROUTES,
  ...TRANSACTION_ROUTES,
  leave: {
    method: 'POST',
    path: '/v1/tasks/{task}/leave',
    summary: 'Leaves a task for good (rsdp node leave).',
    needsToken: true,
    answer: z.object({ answer: z.string() }),
  },
  trust: {
    method: 'POST',
    path: '/v1/tasks/{task}/trust',
    summary: 'Signs in a task although the store may lack what was signed (rsdp node trust-store).',
    needsToken: true,
    answer: z.object({ answer: z.string() }),
  },
  resume: {
    method: 'POST',
    path: '/v1/tasks/{task}/resume',
    summary: 'Votes for values again in a task that was frozen (rsdp app resume).',
    needsToken: true,
    answer: z.object({ answer: z.string() }),
  },
  stop: {
    method: 'POST',
    path: '/v1/stop',
    summary: 'Ends the node in order (rsdp node stop).',
    needsToken: true,
    answer: z.object({ pid: z.int() }),
  },
} as const satisfies Readonly<Record<string, Route>>

export type Operation = keyof typeof ROUTES
/** What an operation answers. */
export type AnswerOf<K extends Operation> = z.output<(typeof ROUTES)[K]['answer']>
export type Decided = z.output<typeof decided>
