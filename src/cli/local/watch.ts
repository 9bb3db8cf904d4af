import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { NodeEvent, NodeProcess } from './node-process.ts'

/** What one node said about one decided height. */
export interface DecidedReport {
  readonly round: number
  readonly value: string
  readonly state: string
  readonly inputs: number
  readonly globallyValid: boolean
  readonly locallyValid: boolean | null
}

interface MeasuredReport {
  readonly magnitude: number
  readonly entropy: number
  readonly concentration: number
  readonly compared: number
}

/** Everything the nodes' logs have said so far, by node. */
export class Watch {
  readonly decided = new Map<number, Map<string, DecidedReport>>()
  /** Transitional and operational validity as each node measured it. */
  readonly measured = new Map<
    number,
    Map<string, { transitional: MeasuredReport | null; operational: MeasuredReport | null }>
  >()
  readonly #events = new Map<string, { node: string; facts: Readonly<Record<string, unknown>> }[]>()

  take(node: string, { event, facts }: NodeEvent): void {
    const said = { node, facts }
    const before = this.#events.get(event)
    if (before === undefined) this.#events.set(event, [said])
    else before.push(said)
    if (event === 'height.decided') {
      entry(this.decided, Number(facts['height'])).set(node, facts as unknown as DecidedReport)
    }
    if (event === 'validity.measured') {
      entry(this.measured, Number(facts['height'])).set(
        node,
        facts as unknown as { transitional: MeasuredReport | null; operational: MeasuredReport | null },
      )
    }
  }

  /** All events of a name, in the order they were said; more come. */
  of(event: string): readonly { node: string; facts: Readonly<Record<string, unknown>> }[] {
    return this.#events.get(event) ?? []
  }

  /** Whether each of that many nodes has last said that it is connected to all others. */
  isMesh(nodes: number): boolean {
    const last = new Map(this.of('peers.connected').map(({ node, facts }) => [node, facts['connected']]))
    return last.size === nodes && [...last.values()].every((connected) => connected === nodes - 1)
  }

  /** How many different nodes said it. */
  nodesThatSaid(event: string): number {
    return new Set(this.of(event).map(({ node }) => node)).size
  }
}

function entry<T>(map: Map<number, Map<string, T>>, key: number): Map<string, T> {
  const existing = map.get(key)
  if (existing !== undefined) return existing
  const created = new Map<string, T>()
  map.set(key, created)
  return created
}

export interface WaitOptions {
  readonly what: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly nodes: readonly NodeProcess[]
}

/** How often a condition is looked at. */
const LOOK_MS = 40

/** Waits for a condition; a dead node, an interrupt or the time-out ends it with an error that says what was missing. */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  options: WaitOptions,
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs
  while (!(await condition())) {
    const dead = options.nodes.find((node) => node.exitCode !== null)
    if (dead !== undefined) throw dead.failure()
    if (options.signal.aborted) {
      throw new RsdpError({
        code: 'E_INTERRUPTED',
        message: `interrupted while waiting for ${options.what}`,
        hint: 'run it again to see it through',
        exit: EXIT.timeout,
      })
    }
    if (performance.now() > deadline) {
      throw new RsdpError({
        code: 'E_MISSING_EVENT',
        message: `did not happen within ${String(options.timeoutMs / 1000)} s: ${options.what}`,
        hint: 'the machine may be too busy; if it happens again on an idle one, it is a fault of ours',
        exit: EXIT.timeout,
      })
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
