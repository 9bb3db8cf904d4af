import type { Locks } from '../ports/locks.ts'
import type { LockAnswer, LockAsk, LockCode } from '../types/lock-request.ts'
import { Refused } from './refused.ts'
import type { Asked } from './http.ts'
import type { Handlers } from './server.ts'

const STATUSES = {
  waiting: 504,
  victim: 409,
  over: 409,
  full: 503,
  'bad-request': 400,
  'not-ready': 503,
  'no-service': 404,
  'no-host': 503,
  unknown: 504,
} as const satisfies Readonly<Record<Exclude<LockCode, 'granted' | 'released'>, number>>

/** What the routes of locks do. */
export function lockHandlers(locks: Locks): Pick<Handlers, 'lockAcquire' | 'lockRelease'> {
  const ask = async ({ task, service }: Asked, what: LockAsk): Promise<LockAnswer> => {
    const answer = await locks.ask(task, service, what)
    const { code } = answer
    if (code === 'granted' || code === 'released') return answer
    throw new Refused(STATUSES[code], code)
  }
  return {
    lockAcquire: async (asked) => {
      const said = asked.body as Omit<LockAsk & { readonly kind: 'acquire' }, 'kind' | 'key'>
      const { token } = await ask(asked, { kind: 'acquire', key: asked.key, ...said })
      return { token: String(token) }
    },
    lockRelease: async (asked) => {
      await ask(asked, { kind: 'release', tx: (asked.body as { readonly tx: number }).tx })
      return { released: true }
    },
  }
}
