import type { Random } from '../../faults/random.ts'
import { lognormal, stream, weibull } from '../draw.ts'
import { nodesOf } from '../queue/cluster.ts'
import type { NodeSpec } from '../queue/cluster.ts'
import type { Cell } from '../scenario.ts'

/** Bursts of failures, and repairs of nodes in hours, as a public log of a large computer has them. */
const SHAPE = 0.75
const REPAIR_H = { median: 63 / 60, mean: 272 / 60 }
const HOURS_PER_YEAR = 8766
/** A shorter gap is no failure of the service, though it counts as time without it. */
const FAILURE_H = 10 / 3600
/** Use of a node from which on its hazard rises. */
const HARD = 0.8

interface Life {
  readonly spec: NodeSpec
  isUp: boolean
  /** Hours until it fails, if it is used no more than HARD; while it is down, until it is repaired. */
  leftH: number
}

interface Service {
  /** Nodes of its copies. */
  nodes: number[]
  /** Since when it is away; null: it serves. */
  downSinceH: number | null
  /** When a copy elsewhere serves; Infinity: nobody sees to it. */
  readyAtH: number
}

/**
 * Years of node failures and repairs, and what they do to services. A service is away while all of its copies are on nodes
 * that are down, until one is repaired or, with detection, a copy elsewhere serves.
 *
 * Hazard of a node at use u: h₀ · exp(β · max(0, u − 0.8)); its age runs so many times as fast. β = 0 is the control.
 */
export function playYears(cell: Cell, seed: number): Record<string, number> {
  const { years, mechanisms } = cell
  const random = stream(seed, 'years')
  const world = new Years(cell, seed, random)
  const endH = years.span * HOURS_PER_YEAR
  for (let nowH = 0; nowH < endH;) nowH = world.step(nowH, endH)
  const { failures, downH, longestH, nodeFailures, serviceFailures } = world
  const serviceH = endH * years.services
  const minutes = downH * 60
  const requests = downH * 3600 * years.requests_per_s
  const copies = mechanisms.redundancy ? years.replicas : 1
  return {
    node_failures: nodeFailures,
    failures,
    // no failure in the whole span: no figure
    mtbf_h: failures === 0 ? Number.NaN : (serviceH - downH) / failures,
    mttr_s: serviceFailures === 0 ? Number.NaN : (3600 * downH) / serviceFailures,
    rto_s: serviceFailures === 0 ? Number.NaN : 3600 * longestH,
    availability: 1 - downH / serviceH,
    cost_per_year:
      (minutes * years.cost_per_minute + requests * years.cost_per_request) / years.span +
      copies * years.services * years.cost_per_copy_year,
  }
}

class Years {
  failures = 0
  serviceFailures = 0
  nodeFailures = 0
  downH = 0
  longestH = 0
  readonly #cell: Cell
  readonly #random: Random
  readonly #lives: readonly Life[]
  readonly #services: readonly Service[]

  constructor(cell: Cell, seed: number, random: Random) {
    this.#cell = cell
    this.#random = random
    this.#lives = nodesOf(cell.cluster, seed).map((spec) => ({
      spec,
      isUp: true,
      leftH: weibull(random, SHAPE, cell.years.mtbf_h),
    }))
    const copies = cell.mechanisms.redundancy ? cell.years.replicas : 1
    this.#services = Array.from({ length: cell.years.services }, (_, i) => ({
      nodes: Array.from({ length: copies }, (_unused, copy) => (i + copy * 3) % this.#lives.length),
      downSinceH: null,
      readyAtH: Infinity,
    }))
  }

  /** To the next thing that happens. @returns when */
  step(nowH: number, endH: number): number {
    const speeds = this.#lives.map((life) => (life.isUp ? this.#speed(life) : 1))
    const next = this.#lives.map(({ leftH }, i) => nowH + leftH / (speeds[i] ?? 1))
    const atH = Math.min(endH, ...next, ...this.#services.map(({ readyAtH }) => readyAtH))
    this.#lives.forEach((life, i) => (life.leftH -= (atH - nowH) * (speeds[i] ?? 1)))
    if (atH >= endH) {
      for (const service of this.#services) this.#back(service, endH)
      return endH
    }
    next.forEach((at, i) => {
      if (at <= atH) this.#turn(i)
    })
    for (const service of this.#services) this.#look(service, atH)
    return atH
  }

  /** A node fails, with the other of its rack now and then, or is repaired. */
  #turn(i: number): void {
    const life = this.#lives[i]
    if (life === undefined) return
    if (!life.isUp) {
      life.isUp = true
      life.leftH = weibull(this.#random, SHAPE, this.#cell.years.mtbf_h)
      return
    }
    const other = this.#lives.find((one) => one !== life && one.isUp && one.spec.region === life.spec.region)
    const isPair = this.#random.chance(this.#cell.years.correlated)
    for (const one of isPair && other !== undefined ? [life, other] : [life]) {
      one.isUp = false
      one.leftH = lognormal(this.#random, REPAIR_H.median, REPAIR_H.mean)
      this.nodeFailures += 1
    }
  }

  #look(service: Service, nowH: number): void {
    const isServing = service.nodes.some((node) => this.#lives[node]?.isUp === true)
    const { detection } = this.#cell.mechanisms
    if (detection && service.readyAtH <= nowH) {
      const free = this.#lives.flatMap(({ isUp }, i) => (isUp && !service.nodes.includes(i) ? [i] : []))
      const lost = service.nodes.findIndex((node) => this.#lives[node]?.isUp !== true)
      service.readyAtH = Infinity
      if (free.length > 0 && lost >= 0) service.nodes[lost] = this.#random.pick(free)
      this.#look(service, nowH)
      return
    }
    if (isServing) this.#back(service, nowH)
    else service.downSinceH ??= nowH
    const isShort = service.nodes.some((node) => this.#lives[node]?.isUp !== true)
    if (detection && isShort && service.readyAtH === Infinity) {
      const [min, max] = this.#cell.years.failover_s
      service.readyAtH = nowH + (min + (max - min) * this.#random.fraction()) / 3600
    }
  }

  #back(service: Service, nowH: number): void {
    if (service.downSinceH === null) return
    const awayH = nowH - service.downSinceH
    service.downSinceH = null
    this.downH += awayH
    this.longestH = Math.max(this.longestH, awayH)
    this.serviceFailures += 1
    if (awayH >= FAILURE_H) this.failures += 1
  }

  /** How many times as fast a node ages as one that is not used hard. */
  #speed({ spec }: Life): number {
    const { beta } = this.#cell.years
    if (beta === 0) return 1
    const up = this.#lives.filter(({ isUp }) => isUp)
    const cores = this.#lives.reduce((sum, one) => sum + one.spec.cores, 0)
    const work = this.#cell.workload.load * cores
    const left = up.reduce((sum, one) => sum + one.spec.cores, 0)
    // capacity-blind: the same work for each; otherwise by cores
    const isBlind = this.#cell.balancer === 'random' || this.#cell.balancer === 'round-robin'
    const use = Math.min(1, isBlind ? work / up.length / spec.cores : work / left)
    return Math.exp(beta * Math.max(0, use - HARD))
  }
}
