import type { SourceRequest } from '../node/node-init.ts'
import type { Sampler } from '../ports/sampler.ts'
import type { StateSource } from '../ports/state-source.ts'
import { services } from '../services/services.ts'
import type { PeerWatch } from './peer-watch.ts'
import { ServicesSource } from './services-source.ts'
import type { HostFacts } from './services-source.ts'

export interface ServicesAgentsInit {
  readonly host: HostFacts
  /** How often this node has started. */
  readonly incarnation: number
  readonly sampler: Sampler
  /** Unix time, ms. */
  readonly clockMs: () => number
}

/** What a node does for the tasks of `services@1`: an application of it. */
export class ServicesAgents {
  readonly reducers = [services.id]
  readonly #init: ServicesAgentsInit

  constructor(init: ServicesAgentsInit) {
    this.#init = init
  }

  open({ cluster, self, params }: SourceRequest, watch: PeerWatch): StateSource {
    const seats = cluster.members.map(({ key }) => key)
    return new ServicesSource({ ...this.#init, watch, seats, self, heights: params.heights })
  }
}
