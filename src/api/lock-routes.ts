import { z } from 'zod'
import { TX_MAX } from '../types/lock-request.ts'

const tx = z.int().min(1).max(TX_MAX)

/** What locks of transactions answer to: a part of the table of routes. */
export const LOCK_ROUTES = {
  lockAcquire: {
    method: 'PUT',
    path: '/v1/tasks/{task}/locks/{service}/keys/{key}',
    summary:
      'Locks a key for a transaction, whose number its client chooses; answers when it has the lock, with a fencing token. 504 waiting: ' +
      'ask again. 409 victim: the members have agreed that it gives way in a deadlock; 409 over: it asked for nothing for 15 s; either ' +
      'way it has no lock here any more. `work` (operations done) and `priority` say who gives way.',
    needsToken: true,
    body: z.strictObject({
      tx,
      mode: z.enum(['read', 'write']).default('write'),
      work: z.int().min(0).max(65_535).default(0),
      priority: z.int().min(0).max(255).default(0),
    }),
    answer: z.object({ token: z.string() }),
  },
  lockRelease: {
    method: 'POST',
    path: '/v1/tasks/{task}/locks/{service}/release',
    summary: 'Releases all that a transaction has locked at a service, and what it waits for.',
    needsToken: true,
    body: z.strictObject({ tx }),
    answer: z.object({ released: z.literal(true) }),
  },
} as const
