import { setTimeout as sleep } from 'node:timers/promises'
import type { DocStep } from './doc-steps.ts'
import { missingFrom } from './doc-steps.ts'
import type { Shell } from './shell.ts'

/** A command that takes longer hangs; a busy machine is slow. */
const STEP_MS_MAX = 300_000
const LOOK_MS = 50

/**
 * Types the commands of one page into a shell, in order, up to the first that does not do what the page says.
 *
 * @param fill what a command has to be here: another port
 * @returns what was wrong with it, by step; null for those that did as the page says, nothing for those not reached
 */
export async function walk(
  shell: Shell,
  steps: readonly DocStep[],
  fill: (command: string) => string = (command) => command,
): Promise<Map<DocStep, string | null>> {
  const problems = new Map<DocStep, string | null>()
  for (const step of steps.filter(({ isRun }) => isRun)) {
    const problem = await problemOf(shell, { ...step, command: fill(step.command) }, fill)
    problems.set(step, problem)
    if (problem !== null) break
  }
  return problems
}

async function problemOf(
  shell: Shell,
  step: DocStep,
  fill: (text: string) => string,
): Promise<string | null> {
  const late = new AbortController()
  const typed = await Promise.race([
    shell.type(step.command),
    sleep(STEP_MS_MAX, null, { signal: late.signal }).catch(() => null),
  ])
  late.abort()
  if (typed === null) return `hangs: no end after ${STEP_MS_MAX} ms`
  const { code, output } = typed
  const told = (): string => `it wrote:\n${output()}`
  if (code !== step.exit) return `exit ${code}, the page says ${step.exit}; ${told()}`
  const here = { ...step, shown: step.shown.map((parts) => parts.map(fill)) }
  // one in the background has begun when it has written what the page shows
  const deadline = performance.now() + (step.isBackground ? STEP_MS_MAX : 0)
  while (missingFrom(output(), here).length > 0) {
    if (performance.now() > deadline)
      return `the page shows what it does not write: ${missingFrom(output(), here).join(' / ')}; ${told()}`
    await sleep(LOOK_MS)
  }
  return null
}
