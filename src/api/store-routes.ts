import { z } from 'zod'
import { CONSISTENCIES } from '../types/store-request.ts'
import { bytes } from './fields.ts'

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const counted = z.coerce.number().pipe(count)
const said = {
  consistency: z.enum(CONSISTENCIES),
  /** Heights of the line that the copy knew of. */
  height: count,
  /** Last entry of the log that the copy has applied; 0 where there is no log. */
  index: count,
  /** Entry that wrote the key last, 0: none. */
  version: count,
  /** Of a causal or eventual store. */
  context: bytes.nullable(),
  clock: bytes.nullable(),
}
const wrote = z.object({ ...said, outcome: z.enum(['done', 'missing']) })
const key = '/v1/tasks/{task}/stores/{service}/keys/{key}'

/** What stores answer to: a part of the table of routes. Values are not public, so that all of them need the token. */
export const STORE_ROUTES = {
  storeGet: {
    method: 'GET',
    path: key,
    summary:
      'The value of a key, or values that stand side by side; none: there is no such key. Strong: no older than the last write that ' +
      'was acknowledged. `after`: a clock that an answer had, which the copy has to have seen (409 behind). 423 locked: a transaction that is not decided yet changes the key.',
    needsToken: true,
    query: z.strictObject({ after: bytes.optional() }),
    answer: z.object({ ...said, values: z.array(bytes) }),
  },
  storePut: {
    method: 'PUT',
    path: key,
    summary:
      'Writes a value of at most 32 KiB. Strong: `version` writes only if the key has it, 0: if there is none (409 conflict); with ' +
      '`session` and `seq` (1, 2, …) a retry is applied once. Causal and eventual: `context` of a read says what is replaced. ' +
      '423 locked (by a transaction; go on with the next seq), 503 not-primary, no-copy and no-quorum: nothing was done; 504 unknown-outcome: ' +
      'perhaps.',
    needsToken: true,
    body: z.strictObject({
      value: bytes,
      ...{ version: count.optional(), session: count.optional(), seq: count.optional() },
      ...{ context: bytes.optional(), after: bytes.optional() },
    }),
    answer: wrote,
  },
  storeDelete: {
    method: 'DELETE',
    path: key,
    summary: 'Removes a key; what a put says in its body, this says in its query.',
    needsToken: true,
    query: z.strictObject({
      ...{ version: counted.optional(), session: counted.optional(), seq: counted.optional() },
      ...{ context: bytes.optional(), after: bytes.optional() },
    }),
    answer: wrote,
  },
  storeSession: {
    method: 'POST',
    path: '/v1/tasks/{task}/stores/{service}/sessions',
    summary: 'Begins a session of a strong store: writes of it are applied once, whoever is asked again.',
    needsToken: true,
    answer: z.object({ session: count }),
  },
  storesKept: {
    method: 'GET',
    path: '/v1/stores',
    summary:
      'What copies of stores have on the disk of this node. `placed`: in use; `left`: the members have agreed that no copy is here; ' +
      '`unknown`: this node has no decided placement of the line, which is named by its first task.',
    needsToken: true,
    answer: z.object({
      copies: z.array(
        z.object({
          ...{ line: z.string(), service: count, bytes: count },
          use: z.enum(['placed', 'left', 'unknown']),
        }),
      ),
    }),
  },
  storePurge: {
    method: 'DELETE',
    path: '/v1/tasks/{task}/stores/{service}/data',
    summary:
      'Removes what a copy left on the disk of this node, for good. 409 placed: it is in use; 409 unknown: not without `force`; ' +
      '404 nothing.',
    needsToken: true,
    query: z.strictObject({ force: z.enum(['true', 'false']).optional() }),
    answer: z.object({ bytes: count }),
  },
  storeChanges: {
    method: 'GET',
    path: '/v1/tasks/{task}/stores/{service}/changes',
    summary:
      'Server-sent events `changed` of a strong store, from a node that has a copy, in the order of the log. The id of an event is its ' +
      'index (before the last one of a transaction: the index before). With Last-Event-ID or `after` the stream goes on behind it (410 gone: read all anew); else it begins now.',
    needsToken: true,
    query: z.strictObject({ after: counted.optional(), key: z.string().min(1).max(256).optional() }),
    answer: z.object({ index: count, key: z.string(), value: bytes.nullable() }),
    isStream: true,
  },
} as const
