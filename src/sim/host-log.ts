import type { Logger } from '../ports/logger.ts'
import type { Host } from './host.ts'
import type { World } from './world.ts'

/** What a node says goes into the trace; what it may never say is a violation. */
export function logOf(host: Host, world: World): Logger {
  const told = (event: string, facts: Readonly<Record<string, unknown>> = {}): void => {
    if (event === 'evidence.found')
      world.judge.accused(host.member, Number(facts['member']), String(facts['type']))
    if (!world.trace.isTold) return
    const shown = Object.entries(facts).map(([name, value]) => `${name}=${short(value)}`)
    world.say(`${host.index} ${event} ${shown.join(' ')}`)
  }
  return { info: told, warn: told, error: told }
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 14 && text.startsWith('0x') ? `${text.slice(0, 10)}…` : text
}
