import { arrived, phi, silenceMs, watched } from '../../services/health/phi.ts'
import type { Arrivals } from '../../services/health/phi.ts'
import type { Report } from '../../services/placement/codec.ts'
import { NO_MODELS } from '../../services/sentinel/models.ts'
import type { Observed } from '../../services/services.ts'
import type { MemberIndex } from '../../types/ids.ts'
import type { Machine } from './node.ts'

/** Throughput that every node declares, Mbit/s: the queue model has no bandwidth. */
const MBIT = 1000
const U16_MAX = 0xffff

/** What members see of each other. A peer is heard by all or by nobody: lost beats are drawn once for each. */
export class Watch {
  readonly #arrivals: Arrivals[]
  readonly #isDetecting: boolean

  constructor(count: number, nowMs: number, isDetecting: boolean) {
    this.#arrivals = Array.from({ length: count }, () => watched(nowMs))
    this.#isDetecting = isDetecting
  }

  heard(member: MemberIndex, nowMs: number): void {
    const last = this.#arrivals[member]
    if (last !== undefined) this.#arrivals[member] = arrived(last, nowMs)
  }

  /** Without detection nobody ever suspects anybody. */
  peers(self: MemberIndex, nowMs: number): Observed['health']['peers'] {
    return this.#arrivals
      .map((one, member) => ({
        member,
        phi: this.#isDetecting ? phi(one, nowMs) : 0,
        silenceMs: this.#isDetecting ? Math.min(U16_MAX, Math.round(silenceMs(one, nowMs))) : 0,
      }))
      .filter(({ member }) => member !== self)
  }
}

/** What a machine did since the last height. */
export interface Usage {
  readonly cpu: number
  readonly disk: number
  readonly memory: number
  readonly served: number
}

export interface Sight {
  readonly self: MemberIndex
  readonly nowMs: number
  readonly clockMs: number
  readonly machines: readonly Machine[]
  readonly usage: Usage
  /** Transactions per second that the machine can do. */
  readonly transactionsMax: number
  readonly reports: readonly Report[]
  readonly watch: Watch
}

/** The input of a member to a height of `services@1`. A liar says that it is idle. */
export function observationOf(sight: Sight): Observed {
  const { self, machines, usage, transactionsMax, watch } = sight
  const machine = machines[self] as Machine
  const { spec, isLying } = machine
  const gb = (mb: number): number => Math.min(U16_MAX, Math.round((100 * mb) / 1024))
  return {
    kind: 'observed',
    clock: { clockMs: sight.clockMs },
    metrics: {
      own: [
        {
          capacity: {
            cpu: 100 * spec.cores,
            memory: gb(spec.memoryMb),
            throughput: MBIT,
            transactions: transactionsMax,
          },
          cpu: isLying ? 0 : Math.min(1000, Math.round(1000 * usage.cpu)),
          memory: isLying ? 0 : gb(machine.memoryMb),
          throughput: 0,
          transactions: isLying ? 0 : Math.min(U16_MAX, Math.round(usage.served)),
          lockContention: 0,
        },
      ],
      peers: machines.flatMap(({ spec: { rttMs }, loss }, member) =>
        member === self
          ? []
          : [{ member, latency: Math.round(5 * (rttMs + spec.rttMs)), loss: Math.round(1000 * loss) }],
      ),
    },
    health: { incarnation: machine.life + 1, isDraining: 'no', peers: watch.peers(self, sight.nowMs) },
    placement: { tier: spec.tier, region: spec.region, reports: sight.reports },
    trust: { peers: [] },
    models: NO_MODELS,
    replication: { reports: [] },
    deadlock: { waits: [] },
  }
}
