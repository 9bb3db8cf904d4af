import type { Context } from 'mocha'

/**
 * Skips the running test, or from a `before` hook its whole suite, and says why: the runner prints the reason and
 * allows only a few skips in all.
 */
export function skip(context: Context, reason: string): never {
  const running = context.test
  const wholeSuite = running?.title.startsWith('"before all"') === true
  const target = wholeSuite ? running.parent : (context.currentTest ?? running)
  if (target !== undefined) Object.assign(target, { skipReason: reason })
  return context.skip()
}
