/** A copy on this node, as its supervisor knows it. */
export interface Supervised {
  readonly service: number
  /** `waiting`: it has crashed, and starts again at `dueMs`. `given-up`: it has crashed too often. */
  readonly standing: 'starting' | 'running' | 'stopping' | 'waiting' | 'given-up'
  /** In a row. */
  readonly crashes: number
  /** When it may start; of a running one, when it began to run. */
  readonly dueMs: number
}

export interface Step {
  readonly step: 'start' | 'stop' | 'forget'
  readonly service: number
}

/** Restarts in a row after which a copy is given up. */
export const RESTARTS_MAX = 3
const BACK_OFF_MS = 500
/** A copy that ran for so long before its crash has not crashed in a row. */
const STABLE_MS = 60_000

/**
 * What has to be done for the copies that are wanted here. Only a decided placement makes anything start or stop: while
 * none is decided, this is asked with the one before.
 *
 * @param wanted services that the last decided placement gives this node
 */
export function stepsTo(
  wanted: ReadonlySet<number>,
  copies: readonly Supervised[],
  nowMs: number,
): readonly Step[] {
  const known = new Set(copies.map(({ service }) => service))
  const steps: Step[] = [...wanted]
    .filter((service) => !known.has(service))
    .map((service) => ({ step: 'start', service }))
  for (const { service, standing, dueMs } of copies) {
    const isWanted = wanted.has(service)
    if (standing === 'waiting' && isWanted && nowMs >= dueMs) steps.push({ step: 'start', service })
    if (isWanted || standing === 'stopping') continue
    const hasProcess = standing === 'running' || standing === 'starting'
    steps.push({ step: hasProcess ? 'stop' : 'forget', service })
  }
  return steps.sort((a, b) => a.service - b.service)
}

/** A copy after a crash: it waits twice as long each time, and is given up after `RESTARTS_MAX` restarts in a row. */
export function crashed({ service, standing, crashes, dueMs }: Supervised, nowMs: number): Supervised {
  const wasStable = standing === 'running' && nowMs - dueMs >= STABLE_MS
  const inRow = (wasStable ? 0 : crashes) + 1
  if (inRow > RESTARTS_MAX) return { service, standing: 'given-up', crashes: inRow, dueMs: 0 }
  return { service, standing: 'waiting', crashes: inRow, dueMs: nowMs + BACK_OFF_MS * 2 ** (inRow - 1) }
}
