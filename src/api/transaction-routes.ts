import { z } from 'zod'
import { PROTOCOLS, TX_CAUSES, TX_LIMITS } from '../types/transaction.ts'
import { bytes } from './fields.ts'

const version = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const service = z.int().min(1).max(65_535)
const key = z.string().min(1).max(256)
const write = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('put'), key, value: bytes, version: version.optional() }),
  z.strictObject({ kind: z.literal('delete'), key, version: version.optional() }),
  z.strictObject({ kind: z.literal('check'), key, version }),
])

/** What transactions over stores answer to: a part of the table of routes. */
export const TRANSACTION_ROUTES = {
  transactionBegin: {
    method: 'POST',
    path: '/v1/tasks/{task}/transactions',
    summary:
      'Changes several strong stores, or none of them; answers once it is committed. `version`: only if the key has it, 0: if there is ' +
      'none. `agreed`: a task of transactions@1 decides, and no node is waited for; `2pc`: this node decides; `3pc`: this node, or a ' +
      'majority of the stores without it. 409 aborted: `cause` and `service` say why; 504 undecided: ask for its outcome. A request name, ' +
      'given again at this node, means the same transaction.',
    needsToken: true,
    body: z.strictObject({
      protocol: z.enum(PROTOCOLS).default('agreed'),
      /** For how long stores may take to vote. */
      ttlMs: z.int().min(100).max(20_000).default(5_000),
      request: z.string().min(1).max(64).optional(),
      stores: z
        .array(z.strictObject({ service, writes: z.array(write).min(1).max(TX_LIMITS.writes) }))
        .min(1)
        .max(TX_LIMITS.stores),
    }),
    answer: z.object({ transaction: z.string(), outcome: z.literal('commit') }),
  },
  transactionOutcome: {
    method: 'GET',
    path: '/v1/tasks/{task}/transactions/{key}',
    summary:
      'What became of a transaction, at the node that coordinates it: the first half of its name is that node’s key. 404 ' +
      'no-transaction: it is not known here; the last 1,024 that are over are.',
    needsToken: true,
    answer: z.object({
      transaction: z.string(),
      outcome: z.enum(['commit', 'abort', 'pending']),
      cause: z.enum(TX_CAUSES).nullable(),
      /** Whose doing an abort is; 0: no store’s. */
      service: z.int().min(0),
    }),
  },
  transactionsOpen: {
    method: 'GET',
    path: '/v1/transactions',
    summary:
      'Transactions that are not over: those that this node coordinates (`service` 0), and those in doubt at stores that it leads.',
    needsToken: true,
    answer: z.object({
      transactions: z.array(
        z.object({
          transaction: z.string(),
          protocol: z.enum(PROTOCOLS),
          service: z.int().min(0),
          services: z.array(service),
          phase: z.string(),
        }),
      ),
    }),
  },
} as const
