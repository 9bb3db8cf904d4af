import { signDue } from './checkpoint.ts'
import type { Work } from './work.ts'
import { isFenced, own } from './work.ts'

/** Another height up to which nothing is signed. What was going on in the height in work ends there. */
export function onFence(w: Work, upTo: number): void {
  const { s } = w
  s.fence = upTo
  signDue(w)
  if (!isFenced(w)) return
  s.pending = null
  for (const name of ['debate', 'hello', 'share', 'confirm', 'resend'] as const)
    own(w, s, 'timers').delete(name)
}
