import type { Sampler } from '../ports/sampler.ts'
import type { DecidedState, StateSource } from '../ports/state-source.ts'
import type { PeerSample } from '../services/metrics/codec.ts'
import type { Suspicion } from '../services/health/codec.ts'
import type { Tier } from '../services/placement/spec.ts'
import { NO_MODELS } from '../services/sentinel/models.ts'
import { services } from '../services/services.ts'
import type { Agreed, Observed } from '../services/services.ts'
import type { Sighting } from '../services/trust/codec.ts'
import { sightingOf } from '../services/trust/sighting.ts'
import type { Address, MemberIndex } from '../types/ids.ts'
import type { LedgerEvent } from '../types/ledger.ts'
import type { DeclaredCapacity } from './own-sample.ts'
import { ownSample, whole } from './own-sample.ts'
import type { PeerWatch } from './peer-watch.ts'
import type { Supervisor } from './supervisor.ts'

/** Where a node stands, and what its operator says that it has. */
export interface HostFacts {
  readonly tier: Tier
  readonly region: number
  readonly capacity: DeclaredCapacity
}

export interface ServicesSourceInit {
  readonly host: HostFacts
  /** How often this node has started. */
  readonly incarnation: number
  readonly sampler: Sampler
  readonly watch: PeerWatch
  /** Unix time, ms. */
  readonly clockMs: () => number
  /** Keys of the cluster, by seat. */
  readonly seats: readonly Address[]
  readonly self: MemberIndex
  readonly heights: number
  /** All its heights are decided: nothing is observed any more. */
  readonly isOver: boolean
  /** Runs what the task decides. */
  readonly supervisor: Pick<Supervisor, 'reports' | 'replicas' | 'waits'>
  /** Of each event of the ledger. */
  readonly onPosted: (event: LedgerEvent) => void
  /** Of each decided state. */
  readonly onDecided: (state: Agreed) => void
  readonly onOver: () => void
}

/** Brings to each height of a `services@1` task what this node sees: of itself, and of the other members. */
export class ServicesSource implements StateSource {
  readonly #init: ServicesSourceInit
  readonly #unwatch: () => void

  constructor(init: ServicesSourceInit) {
    this.#init = init
    this.#unwatch = init.watch.watch(init.isOver ? [] : init.seats)
    // rates need two looks
    init.sampler.sample()
  }

  posted(event: LedgerEvent): void {
    this.#init.onPosted(event)
  }

  observe(): Promise<Uint8Array> {
    return Promise.resolve(services.state.encode(this.#observed()))
  }

  decided({ height, state }: DecidedState): void {
    const { heights, onDecided } = this.#init
    if (height === heights) this.#unwatch()
    const agreed = services.state.decode(state)
    if (agreed?.kind === 'agreed') onDecided(agreed)
  }

  over(): void {
    this.#unwatch()
    this.#init.onOver()
  }

  #observed(): Observed {
    const { host, incarnation, sampler, clockMs, supervisor } = this.#init
    const machine = sampler.sample()
    const reports = supervisor.reports()
    const use = { transactions: reports.reduce((sum, { load }) => sum + load, 0), lockContention: 0 }
    const own = machine === null ? [] : [ownSample(machine, host.capacity, use)]
    const { samples, suspicions, sightings } = this.#peers()
    return {
      kind: 'observed',
      clock: { clockMs: clockMs() },
      metrics: { own, peers: samples },
      health: { incarnation, isDraining: 'no', peers: suspicions },
      trust: { peers: sightings },
      placement: { tier: host.tier, region: host.region, reports },
      replication: { reports: supervisor.replicas() },
      deadlock: { waits: supervisor.waits() },
      models: NO_MODELS,
    }
  }

  #peers(): {
    readonly samples: readonly PeerSample[]
    readonly suspicions: readonly Suspicion[]
    readonly sightings: readonly Sighting[]
  } {
    const { seats, watch } = this.#init
    const samples: PeerSample[] = []
    const suspicions: Suspicion[] = []
    const sightings: Sighting[] = []
    for (const [member, key] of seats.entries()) {
      const view = watch.view(key)
      if (view === null) continue
      suspicions.push({ member, phi: view.phi, silenceMs: whole(view.silenceMs) })
      sightings.push(sightingOf(member, view.phi, view.link?.loss ?? null))
      if (view.link !== null)
        samples.push({ member, latency: whole(10 * view.link.latencyMs), loss: view.link.loss })
    }
    return { samples, suspicions, sightings }
  }
}
