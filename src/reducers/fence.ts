/**
 * The check that a resource makes of who writes to it: the greatest fencing token seen wins, and lesser ones are refused for
 * good. A holder that was paused past its lease, and then woken, does no harm.
 *
 * @param load the greatest token that was kept, 0 before the first
 * @param keep durable before it returns, and in the same transaction as the write where there is one
 */
export function makeFence(load: () => bigint, keep: (token: bigint) => void): (token: bigint) => boolean {
  let highest = load()
  return (token) => {
    if (token < highest) return false
    if (token > highest) keep(token)
    highest = token
    return true
  }
}
