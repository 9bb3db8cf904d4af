import type { Host } from './host.ts'
import type { Cut } from './network.ts'
import type { Random } from '../faults/random.ts'
import type { Fault } from './scenario.ts'
import type { World } from './world.ts'
import { TASK_ID } from './world.ts'

/** All faults of a world: those that last from the start to the heal, and those that come and go. */
export class Chaos {
  readonly #world: World
  readonly #dice: Random
  #isOver = false

  constructor(world: World, dice: Random) {
    this.#world = world
    this.#dice = dice
  }

  start(): void {
    const world = this.#world
    const { scenario, network, hosts } = world
    if (scenario.chaosMs === 0) return
    network.isRough = true
    for (const host of hosts) {
      // slower and faster clocks stay so after the heal
      if (this.#has('clock-drift')) host.drift = this.#dice.int(85, 115) / 100
      if (this.#has('reducer-timeout') && this.#dice.chance(0.5))
        host.reducerFaults = this.#dice.int(5, 50) / 100
      if (this.#has('confirm-crash')) host.brittle = this.#dice.int(5, 40) / 100
      if (this.#has('slow') && this.#dice.chance(0.3)) network.slow.set(host.index, this.#dice.int(50, 1_200))
    }
    for (const [node, atMs] of scenario.leavers) world.queue.push(atMs, () => world.leave(node))
    for (const host of hosts) if (this.#world.liarOf(host)?.forgets === true) this.#restart(host)
    const victim = scenario.rolledBack === null ? undefined : hosts[scenario.rolledBack]
    victim?.keepCopies()
    if (victim !== undefined) this.#rollBack(victim)
    this.#absence()
    this.#next()
    this.#event()
  }

  /** A chain that makes no block for long, a node that is down for long: each once. */
  #absence(): void {
    const { absence } = this.#world.scenario
    if (absence === null) return
    this.#later(absence.stopFromMs, () => this.#world.stopChain(absence.stopMs))
    const node = absence.away === null ? undefined : this.#world.hosts[absence.away]
    if (node === undefined) return
    this.#later(absence.awayFromMs, () => {
      this.#world.count('away')
      node.crash()
      this.#later(absence.awayMs, () => {
        node.isTooLate = this.#world.chain.tasks.get(TASK_ID)?.result !== null
        if (node.isTooLate) this.#world.count('back after the result')
        node.boot()
      })
    })
  }

  /** All faults end; who is down comes up again, but for those that stay lost. */
  heal(): void {
    const world = this.#world
    this.#isOver = true
    world.network.heal()
    world.trace.note('everything heals')
    for (const host of world.hosts) {
      host.isRpcDown = false
      host.reducerFaults = 0
      host.brittle = 0
      host.fuse = null
      host.disk.isFull = false
      host.pausedUntilMs = 0
      if (world.scenario.lost.has(host.index)) {
        host.crash()
        host.isLost = true
      }
      host.boot()
    }
  }

  #has(fault: Fault): boolean {
    return this.#world.scenario.faults.has(fault)
  }

  /** Something goes wrong, and again after a while. */
  #next(): void {
    const { pauseMs, faults } = this.#world.scenario
    this.#world.queue.push(this.#dice.int(0, 2 * pauseMs), () => {
      if (this.#isOver) return
      const sudden = ([...faults] as Fault[]).filter((fault) => SUDDEN.has(fault))
      if (sudden.length > 0) this.#strike(this.#dice.pick(sudden))
      this.#next()
    })
  }

  /** The client posts ledger events, faults or not. */
  #event(): void {
    const { eventMs } = this.#world.scenario
    if (eventMs === 0) return
    this.#world.queue.push(this.#dice.int(0, 2 * eventMs), () => {
      if (this.#isOver) return
      this.#world.postEvent()
      this.#event()
    })
  }

  #strike(fault: Fault): void {
    const world = this.#world
    const host = this.#dice.pick(world.hosts)
    const lastsMs = this.#dice.int(200, 6_000)
    world.trace.note(`fault: ${fault} ${host.index} ${lastsMs}`)
    if (fault !== 'torn') world.count(fault)
    switch (fault) {
      case 'spikes':
        world.network.spike = this.#dice.int(3, 30)
        this.#later(lastsMs, () => (world.network.spike = 1))
        break
      case 'partition':
        world.network.cut = this.#cut()
        this.#later(lastsMs, () => (world.network.cut = () => false))
        break
      case 'crash':
        this.#crash(host, lastsMs)
        break
      case 'torn':
        host.fuse = this.#dice.int(1, 25)
        break
      case 'stop':
        host.stop(lastsMs)
        break
      case 'blackout':
        for (const each of world.hosts) this.#crash(each, this.#dice.int(200, 2_000))
        break
      case 'stall':
        host.pausedUntilMs = world.queue.nowMs + lastsMs
        break
      case 'disk-full':
        host.disk.isFull = true
        this.#later(lastsMs, () => (host.disk.isFull = false))
        break
      case 'rpc-down': {
        const struck = this.#dice.chance(0.5) ? [host] : world.hosts
        for (const each of struck) each.isRpcDown = true
        this.#later(lastsMs, () => struck.forEach((each) => (each.isRpcDown = false)))
        break
      }
      case 'loss':
      case 'duplication':
      case 'reordering':
      case 'slow':
      case 'reducer-timeout':
      case 'clock-drift':
      case 'confirm-crash':
        break
    }
  }

  #crash(host: Host, downMs: number): void {
    host.crash()
    this.#later(downMs, () => host.boot())
  }

  /** Stops and starts a node, again and again. */
  #restart(host: Host): void {
    this.#later(this.#dice.int(500, 5_000), () => {
      this.#crash(host, this.#dice.int(10, 300))
      this.#restart(host)
    })
  }

  /** A disk goes back to an older copy of itself, with its seal or with none, again and again. */
  #rollBack(host: Host): void {
    this.#later(this.#dice.int(1_000, 5_000), () => {
      host.rollBack(this.#dice.chance(0.5) ? 'kept' : 'lost')
      this.#later(this.#dice.int(10, 1_500), () => host.boot())
      this.#rollBack(host)
    })
  }

  /** The end of a fault, unless the heal has ended it already. */
  #later(delayMs: number, run: () => void): void {
    this.#world.queue.push(delayMs, () => {
      if (!this.#isOver) run()
    })
  }

  /** One node cut off, one direction cut, two halves, or single links. */
  #cut(): Cut {
    const nodes = this.#world.hosts.length
    const one = this.#dice.int(0, nodes - 1)
    const side = Array.from({ length: nodes }, () => this.#dice.chance(0.5))
    const links = Array.from({ length: nodes * nodes }, () => this.#dice.chance(0.25))
    const shapes: readonly Cut[] = [
      (from, to) => from === one || to === one,
      (from) => from === one,
      (_, to) => to === one,
      (from, to) => side[from] !== side[to],
      (from, to) => side[from] === true && side[to] === false,
      (from, to) => links[from * nodes + to] === true,
    ]
    return this.#dice.pick(shapes)
  }
}

/** Faults that strike at a moment; the others last as long as the chaos. */
const SUDDEN: ReadonlySet<Fault> = new Set<Fault>([
  'spikes',
  'partition',
  'crash',
  'torn',
  'stop',
  'blackout',
  'stall',
  'disk-full',
  'rpc-down',
])
