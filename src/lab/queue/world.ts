import type { Random } from '../../faults/random.ts'
import { isInService } from '../../services/health/codec.ts'
import { resourceWeights } from '../../services/metrics/weights.ts'
import type { Backend } from '../../services/placement/balancers.ts'
import type { ServiceSpec } from '../../services/placement/spec.ts'
import type { Agreed, Observed, ServicesPolicy } from '../../services/services.ts'
import type { MemberIndex } from '../../types/ids.ts'
import { stream } from '../draw.ts'
import { choose } from './balancers.ts'
import type { BalancerName, Memory } from './balancers.ts'
import type { NodeSpec } from './cluster.ts'
import { Control, decisionMs, HEIGHT_MS } from './control.ts'
import type { Fault } from './faults.ts'
import { Heap } from './heap.ts'
import type { Timed } from './heap.ts'
import { Machine } from './node.ts'
import { observationOf, Watch } from './observe.ts'
import type { Usage } from './observe.ts'
import type { Recorder } from './recorder.ts'
import type { Demand } from './workload.ts'

export interface WorldInit {
  readonly seed: number
  readonly nodes: readonly NodeSpec[]
  /** Services that placement puts on nodes; none: every node serves every request. */
  readonly services: readonly (ServiceSpec & { readonly share: number })[]
  readonly balancer: BalancerName
  readonly policy: ServicesPolicy
  readonly isDetecting: boolean
  /** Other nodes that a client tries after the first. */
  readonly retries: number
  readonly faults: readonly Fault[]
  /** Times of arrival, from the begin of the warm-up. */
  readonly arrivals: Float64Array
  readonly demands: { next(): Demand }
  readonly warmupMs: number
  readonly measuredMs: number
  readonly meanCpuMs: number
  /** Processor time that a height costs each node, ms. */
  readonly heightCpuMs: number
  /** Broken on purpose: the gateway takes all nodes for equal. */
  readonly isWeightless: boolean
  readonly recorder: Recorder
}

interface Request {
  readonly arrivedMs: number
  readonly service: number
  readonly demand: Demand
  tried: readonly MemberIndex[]
}

interface Event extends Timed {
  readonly run: () => void
}

/** A client gives a node up after this long. */
const TIMEOUT_MS = 200
/** From a decision until a new copy serves. */
const START_MS = 2000
/** From a proof of lies until the conviction is in the ledger. */
const CONVICTION_MS = 5000
/** Heights before the first request: services are placed and run. */
const HEIGHTS_BEFORE = 8
const EPOCH_MS = 1_700_000_000_000

/** A cluster that serves requests, its faults, and the real control plane over it. */
export class QueueWorld {
  readonly machines: readonly Machine[]
  readonly control: Control
  readonly #init: WorldInit
  readonly #heap = new Heap<Event>()
  readonly #random: Random
  readonly #watch: Watch
  readonly #memories = new Map<number, Memory>()
  /** Requests that a node has not answered, by node: the gateway's own count. */
  readonly #connections: number[]
  /** By node: what the gateway knows of it. */
  #known = new Map<MemberIndex, Backend & { connections: number }>()
  /** By service. */
  #backends = new Map<number, readonly Backend[]>()
  readonly #inFlight = new Map<MemberIndex, Set<Request>>()
  /** By `service * 256 + member`: from when a copy serves, and what it served since the last height. */
  readonly #copies = new Map<number, { readonly sinceMs: number; served: number }>()
  readonly #backlogs: { cpu: number; disk: number }[]
  readonly #decisionMs: number
  /** By kind and node: faults that last. */
  readonly #faulty = new Map<string, number>()
  #nowMs = 0

  constructor(init: WorldInit) {
    this.#init = init
    this.#random = stream(init.seed, 'gateway')
    const weights = init.nodes.map(({ weight }) => weight)
    this.control = new Control(
      init.seed,
      weights,
      init.services.map((spec) => ({ spec })),
      init.policy,
    )
    this.#nowMs = -HEIGHTS_BEFORE * HEIGHT_MS
    this.machines = init.nodes.map((spec) => new Machine(spec, this.#nowMs))
    this.#watch = new Watch(init.nodes.length, this.#nowMs, init.isDetecting)
    this.#connections = init.nodes.map(() => 0)
    this.#backlogs = init.nodes.map(() => ({ cpu: 0, disk: 0 }))
    this.#decisionMs = decisionMs(
      init.nodes.map(({ rttMs }) => rttMs),
      weights,
    )
  }

  run(): void {
    const { arrivals, warmupMs, measuredMs, faults } = this.#init
    const endMs = warmupMs + measuredMs
    for (const fault of faults) this.#schedule(fault)
    for (let at = this.#nowMs; at <= endMs; at += HEIGHT_MS) this.#at(at, () => this.#height())
    let next = 0
    for (;;) {
      const arrivalMs = arrivals[next] ?? Infinity
      if (Math.min(arrivalMs, this.#heap.nextMs) > endMs + TIMEOUT_MS * 4) break
      if (arrivalMs < this.#heap.nextMs) {
        this.#nowMs = arrivalMs
        next += 1
        this.#send(this.#draw(arrivalMs))
        continue
      }
      const event = this.#heap.pop()
      if (event === null) break
      this.#nowMs = event.atMs
      event.run()
    }
  }

  #at(atMs: number, run: () => void): void {
    this.#heap.push({ atMs, order: 0, run })
  }

  #draw(arrivedMs: number): Request {
    const { services, demands } = this.#init
    const demand = demands.next()
    let point = this.#random.fraction()
    const service = services.find(({ share }) => (point -= share) < 0) ?? services.at(-1)
    return { arrivedMs, service: service?.service ?? 0, demand, tried: [] }
  }

  /** Sends a request to the node that the balancer chooses among those not tried yet. */
  #send(request: Request): void {
    const { service, tried } = request
    const all = this.#backends.get(service) ?? []
    const backends = tried.length === 0 ? all : all.filter(({ member }) => !tried.includes(member))
    let memory = this.#memories.get(service)
    if (memory === undefined) this.#memories.set(service, (memory = { turns: new Map() }))
    const member = choose(this.#init.balancer, backends, memory, this.#random)
    if (member === null) {
      this.#end(request, null)
      return
    }
    request.tried = [...tried, member]
    this.#connect(member, 1)
    this.#deliver(request, member)
  }

  #deliver(request: Request, member: MemberIndex): void {
    const machine = this.machines[member] as Machine
    const sentMs = this.#nowMs
    const isLost = !machine.isReachable || (machine.loss > 0 && this.#random.chance(machine.loss))
    const copy = this.#copies.get(256 * request.service + member)
    const isServing = this.#init.services.length === 0 || (copy !== undefined && copy.sinceMs <= sentMs)
    if (isLost || !isServing || machine.isLying) {
      this.#at(sentMs + (isLost ? TIMEOUT_MS : machine.spec.rttMs), () => this.#failed(request, member))
      return
    }
    const half = machine.spec.rttMs / 2
    const slot = machine.take(sentMs + half, request.demand)
    if (slot === null) {
      this.#at(sentMs + machine.spec.rttMs, () => this.#failed(request, member))
      return
    }
    const { life } = machine
    this.#at(slot.endMs + half, () => {
      // a crash has closed the connection already
      if (machine.life !== life) return
      machine.give(request.demand.memoryMb)
      machine.served += 1
      if (copy !== undefined) copy.served += 1
      this.#connect(member, -1)
      this.#inFlight.get(member)?.delete(request)
      this.#end(request, this.#nowMs - request.arrivedMs)
    })
    let flying = this.#inFlight.get(member)
    if (flying === undefined) this.#inFlight.set(member, (flying = new Set()))
    flying.add(request)
  }

  #failed(request: Request, member: MemberIndex): void {
    this.#connect(member, -1)
    if (request.tried.length <= this.#init.retries) this.#send(request)
    else this.#end(request, null)
  }

  #end({ service, arrivedMs }: Request, latencyMs: number | null): void {
    this.#init.recorder.answered(service, arrivedMs - this.#init.warmupMs, latencyMs)
  }

  #connect(member: MemberIndex, change: 1 | -1): void {
    const connections = (this.#connections[member] ?? 0) + change
    this.#connections[member] = connections
    const known = this.#known.get(member)
    if (known !== undefined) known.connections = connections
  }

  /** Opens a height: everybody says what it sees; a quorum decides, a moment later. */
  #height(): void {
    const nowMs = this.#nowMs
    const usages = this.machines.map((machine, i) => this.#usage(machine, i))
    this.machines.forEach((machine, member) => {
      if (machine.isReachable && !this.#random.chance(machine.loss)) this.#watch.heard(member, nowMs)
    })
    this.#init.recorder.used(
      nowMs - this.#init.warmupMs,
      usages.map(({ cpu }) => cpu),
      usages.map(({ memory }) => memory),
      usages.map(({ disk }) => disk),
    )
    const inputs = new Map<MemberIndex, Observed>()
    this.machines.forEach((machine, self) => {
      if (machine.isReachable && !this.#random.chance(machine.loss))
        inputs.set(self, this.#observe(self, usages[self] as Usage))
    })
    for (const copy of this.#copies.values()) copy.served = 0
    const before = this.control.agreed?.placement.moveCount ?? 0
    const next = this.control.next(inputs)
    this.#init.recorder.height(next !== null)
    if (next === null) return
    this.#at(nowMs + this.#decisionMs, () => {
      this.control.take(next)
      this.#init.recorder.moved(this.#nowMs - this.#init.warmupMs, next.placement.moveCount - before)
      this.#follow(next)
    })
  }

  #observe(self: MemberIndex, usage: Usage): Observed {
    const { nodes, meanCpuMs } = this.#init
    const cores = nodes[self]?.cores ?? 1
    const placed = this.control.agreed?.placement.instances ?? []
    const reports = placed
      .filter(({ member }) => member === self)
      .flatMap(({ service }) => {
        const copy = this.#copies.get(256 * service + self)
        const isRunning = copy !== undefined && copy.sinceMs <= this.#nowMs
        return isRunning ? [{ service, report: 'running' as const, load: Math.min(0xffff, copy.served) }] : []
      })
    return observationOf({
      self,
      nowMs: this.#nowMs,
      clockMs: EPOCH_MS + this.#nowMs,
      machines: this.machines,
      usage,
      transactionsMax: Math.floor((1000 * cores) / meanCpuMs),
      reports,
      watch: this.#watch,
    })
  }

  /** Nodes and gateways do what was decided. */
  #follow(agreed: Agreed): void {
    const { services } = this.#init
    for (const { service, member } of agreed.placement.instances) {
      const key = 256 * service + member
      const isEarly = this.#nowMs < 0
      if (!this.#copies.has(key) && this.machines[member]?.isUp === true)
        this.#copies.set(key, { sinceMs: this.#nowMs + (isEarly ? 0 : START_MS), served: 0 })
    }
    const kept = new Set(agreed.placement.instances.map(({ service, member }) => 256 * service + member))
    for (const key of this.#copies.keys()) if (!kept.has(key)) this.#copies.delete(key)
    const weights = new Map(
      resourceWeights(agreed.metrics.rows).map(({ member, weight }) => [member, weight]),
    )
    const uses = new Map(agreed.metrics.rows.map(({ member, cpu }) => [member, cpu]))
    const alive = new Set(
      agreed.health.rows.filter(({ verdict }) => isInService(verdict)).map(({ member }) => member),
    )
    this.#known = new Map(
      this.machines.flatMap((_, member) => {
        if (!alive.has(member)) return []
        const connections = this.#connections[member] ?? 0
        const weight = this.#init.isWeightless ? 1 : (weights.get(member) ?? 1)
        return [[member, { member, weight, connections, use: uses.get(member) ?? 0 }]]
      }),
    )
    const serving = agreed.placement.instances.filter(
      ({ phase }) => phase === 'running' || phase === 'leaving',
    )
    this.#backends = new Map(
      services.length === 0
        ? [[0, [...this.#known.values()]]]
        : services.map(({ service }) => [
            service,
            serving
              .filter((row) => row.service === service)
              .flatMap(({ member }) => this.#known.get(member) ?? []),
          ]),
    )
  }

  /** What a machine has used since the last look. */
  #usage(machine: Machine, i: number): Usage {
    const { cores, memoryMb } = machine.spec
    if (machine.isUp) machine.take(this.#nowMs, { cpuMs: this.#init.heightCpuMs, memoryMb: 0, ops: 0 })
    const last = this.#backlogs[i] ?? { cpu: 0, disk: 0 }
    const left = {
      cpu: machine.isUp ? machine.backlogMs(this.#nowMs) : 0,
      disk: machine.isUp ? machine.diskBacklogMs(this.#nowMs) : 0,
    }
    const part = (busy: number, capacity: number): number => Math.min(1, Math.max(0, busy / capacity))
    const usage = {
      cpu: part(machine.cpuBusyMs + last.cpu - left.cpu, cores * HEIGHT_MS),
      disk: part(machine.diskBusyMs + last.disk - left.disk, HEIGHT_MS),
      memory: machine.memoryMb / memoryMb,
      served: machine.served,
    }
    this.#backlogs[i] = left
    machine.cpuBusyMs = 0
    machine.diskBusyMs = 0
    machine.served = 0
    return usage
  }

  #schedule({ kind, node, atMs, forMs, loss, slowness }: Fault): void {
    const machine = this.machines[node]
    if (machine === undefined) return
    const from = this.#init.warmupMs + atMs
    const key = `${kind === 'stop' ? 'cut' : kind} ${node}`
    // of several at once the last to end ends them
    const during = (begin: () => void, end: () => void): void => {
      this.#at(from, () => {
        this.#faulty.set(key, (this.#faulty.get(key) ?? 0) + 1)
        begin()
      })
      this.#at(from + forMs, () => {
        const left = (this.#faulty.get(key) ?? 0) - 1
        this.#faulty.set(key, left)
        if (left === 0) end()
      })
    }
    switch (kind) {
      case 'crash':
        during(
          () => this.#crash(machine, node),
          () => machine.restart(this.#nowMs),
        )
        return
      case 'stop':
      case 'cut':
        during(
          () => (machine.isCut = true),
          () => (machine.isCut = false),
        )
        return
      case 'omission':
        during(
          () => (machine.loss = loss),
          () => (machine.loss = 0),
        )
        return
      case 'slow':
        during(
          () => (machine.slowness = slowness),
          () => (machine.slowness = 1),
        )
        return
      case 'byzantine':
        // it answers wrongly, which a client notices; the proof of its lies convicts it, if anybody looks
        during(
          () => (machine.isLying = true),
          () => (machine.isLying = false),
        )
        if (this.#init.isDetecting) this.#at(from + CONVICTION_MS, () => this.control.convict(node))
    }
  }

  #crash(machine: Machine, node: MemberIndex): void {
    machine.crash()
    for (const key of this.#copies.keys()) if (key % 256 === node) this.#copies.delete(key)
    const flying = [...(this.#inFlight.get(node) ?? [])]
    this.#inFlight.delete(node)
    // connections close at once
    for (const request of flying) this.#failed(request, node)
  }
}
