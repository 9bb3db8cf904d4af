import { setImmediate } from 'node:timers/promises'
import type { Assignment, Copy, CopyInit, ServiceKind } from '../../src/agents/kind.ts'
import type { Kind } from '../../src/services/placement/spec.ts'
import type { Address } from '../../src/types/ids.ts'

/** What happened to the copies of a kind, in order. */
export interface CopyEvent {
  readonly what: 'open' | 'assigned' | 'drain' | 'stop'
  readonly service: number
  readonly copy: number
}

/** A kind whose copies write down what is done to them, and crash when they are told to. */
export class FakeKind implements ServiceKind {
  readonly kind: Kind
  readonly events: CopyEvent[] = []
  /** Copies that are open, by number. */
  readonly open_ = new Map<number, CopyInit>()
  readonly received: Uint8Array[] = []
  failsToOpen = false
  isReady = true
  #count = 0

  constructor(kind: Kind = 'counter') {
    this.kind = kind
  }

  open(init: CopyInit): Promise<Copy> {
    const copy = (this.#count += 1)
    const { service } = init.assignment.spec
    const note = (what: CopyEvent['what']): void => void this.events.push({ what, service, copy })
    note('open')
    if (this.failsToOpen) return Promise.reject(new Error('does not open'))
    this.open_.set(copy, init)
    return Promise.resolve({
      assigned: () => note('assigned'),
      receive: (_: Address, bytes: Uint8Array) => void this.received.push(bytes),
      request: (bytes: Uint8Array) => Promise.resolve(bytes),
      served: () => 0,
      isReady: () => this.isReady,
      report: () => null,
      drain: () => {
        note('drain')
        return Promise.resolve()
      },
      stop: () => {
        note('stop')
        this.open_.delete(copy)
        return Promise.resolve()
      },
    })
  }

  /** Services with a copy that is open, ascending; one that has two is there twice. */
  services(): number[] {
    return [...this.open_.values()].map(({ assignment }) => assignment.spec.service).sort((a, b) => a - b)
  }

  crash(service: number): void {
    for (const init of this.open_.values())
      if (init.assignment.spec.service === service) init.onCrash(new Error('crashed'))
  }
}

const SELF: Address = `0x${'aa'.repeat(20)}`

export function assignment(service: number, kind: Kind = 'counter'): Assignment {
  return {
    spec: {
      ...{ service, kind, tier: 'any', spread: 'node', priority: 5, copiesMin: 1, copiesMax: 1 },
      needs: { cpu: 1, memory: 1, transactions: 1 },
      criticality: 0,
      calls: [0, 0, 0, 0],
    },
    ...{
      height: 1,
      agreedMs: 1,
      keys: [SELF],
      self: SELF,
      primary: SELF,
      copies: [],
      victims: [],
      group: null,
    },
  }
}

/** What waits for nothing but promises has happened. */
export const settled = (): Promise<void> => setImmediate(undefined)
