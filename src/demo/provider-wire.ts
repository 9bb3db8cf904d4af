import { z } from 'zod'

/** What the provider takes and says, as both of its sides read it. Amounts are tokens, times milliseconds. */

export const TOKENS_MAX = 1_000_000_000
/** Windows or log entries in one answer. */
export const PAGE_MAX = 1_000

const count = z.int().min(0)
const window = z.int().min(1)
const name = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/)

export const wire = {
  /** POST /requests. `window`: refuse (412) unless this is the running one. */
  request: z.strictObject({ id: name, tokens: z.int().min(1).max(TOKENS_MAX), window: window.optional() }),
  /** POST /sessions */
  session: z.strictObject({ name, next: window }),
  /** POST /budget */
  budget: z.strictObject({ budget: count.max(TOKENS_MAX) }),

  instant: z.object({ window, elapsedMs: z.number().min(0) }),
  sessionAnswer: z.object({
    window,
    elapsedMs: z.number().min(0),
    windowMs: z.int().min(1),
    firstWindow: z.int(),
  }),
  usageAnswer: z.object({
    windows: z.array(
      z.object({ window, budget: count, served: count, rejected: count, unused: count, overBudget: count }),
    ),
  }),
  logAnswer: z.object({
    entries: z.array(
      z.object({ seq: z.int(), id: name, tokens: count, window, elapsedMs: z.number().min(0) }),
    ),
  }),
  budgetAnswer: z.object({ budget: count, fromWindow: window }),
}

/** One served request, as the provider's log has it. */
export type LogEntry = z.infer<typeof wire.logAnswer>['entries'][number]
