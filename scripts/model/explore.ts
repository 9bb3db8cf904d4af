import { invariant } from '../../src/types/errors.ts'
import type { Core } from './core.ts'
import { Cores } from './core.ts'
import { judge } from './judge.ts'
import type { Option } from './local.ts'
import { Seat } from './local.ts'
import { makeNames } from './names.ts'
import type { Protocol } from './protocol.ts'
import { Table } from './table.ts'
import type { Scope, World } from './world.ts'
import { makeWorld } from './world.ts'

/** Cores that fit into one number together. */
const CORES_MAX = 65_536
/** What one core counts in that number, by place. */
const UNITS = [CORES_MAX * CORES_MAX, CORES_MAX, 1]

export interface Violation {
  readonly what: string
  /** How it comes about, shortest way first found. */
  readonly story: readonly string[]
}

export interface Report {
  readonly states: number
  readonly transitions: number
  /** Cores by honest member. */
  readonly cores: readonly number[]
  /** Options by honest member. */
  readonly options: readonly number[]
  /** Calls of the real `step`. */
  readonly steps: number
  /** Moves not followed because they vote for lists outside the model. */
  readonly cuts: number
  /** States in which some node has decided, by value. */
  readonly decided: ReadonlyMap<string, number>
  readonly violation: Violation | null
  readonly seconds: number
}

export interface Progress {
  readonly states: number
  readonly open: number
  readonly transitions: number
}

/** Breadth first over everything that three honest nodes and one liar can do; stops at the first violation. */
export class Exploration {
  readonly world: World
  readonly cores: Cores
  readonly seats: readonly Seat[]
  readonly #table = new Table()
  readonly #decided = new Map<string, number>()
  #transitions = 0

  constructor(protocol: Protocol, scope: Scope) {
    this.world = makeWorld(scope)
    const names = makeNames(this.world)
    this.cores = new Cores(names)
    this.seats = this.world.honest.map((member) => new Seat(protocol, this.world, names, this.cores, member))
  }

  run(onProgress: (progress: Progress) => void = () => undefined): Report {
    const start = performance.now()
    this.#table.add(pack(this.seats.map(({ first }) => first)), 0)
    let violation: Violation | null = null
    for (let at = 0; at < this.#table.size && violation === null; at += 1) {
      if (at % 1_000_000 === 0 && at > 0)
        onProgress({ states: this.#table.size, open: this.#table.size - at, transitions: this.#transitions })
      violation = this.#expand(at)
    }
    return {
      states: this.#table.size,
      transitions: this.#transitions,
      cores: this.seats.map(({ explored }) => explored),
      options: this.seats.map(({ optionCount }) => optionCount),
      steps: this.seats.reduce((sum, { steps }) => sum + steps, 0),
      cuts: this.cores.cuts,
      decided: this.#decided,
      violation,
      seconds: (performance.now() - start) / 1_000,
    }
  }

  /** Whether a state was found: for checks from outside. */
  has(cores: readonly Core[]): boolean {
    return this.#table.has(pack(cores))
  }

  #expand(at: number): Violation | null {
    const cores = this.#unpack(this.#table.key(at))
    const wrong = judge(this.cores, cores)
    if (wrong !== null) return { what: wrong, story: this.#story(at) }
    for (const core of cores) {
      if (core.settled === null) continue
      this.#decided.set(core.settled, (this.#decided.get(core.settled) ?? 0) + 1)
      break
    }
    const key = this.#table.key(at)
    for (let place = 0; place < cores.length; place += 1) {
      const id = cores[place]?.id ?? 0
      const unit = UNITS[place] ?? 0
      for (const option of this.#optionsAt(cores, place)) {
        if (!this.#isEnabled(cores, option)) continue
        if (option.faults.length > 0) {
          const story = [...this.#story(at), this.#tell(place, option)]
          return { what: option.faults.join(', '), story }
        }
        this.#transitions += 1
        this.#table.add(key + (option.next.id - id) * unit, at)
      }
    }
    return null
  }

  #optionsAt(cores: readonly Core[], place: number): readonly Option[] {
    const core = cores[place]
    const seat = this.seats[place]
    invariant(core !== undefined && seat !== undefined, 'three honest seats')
    return seat.options(core)
  }

  #isEnabled(cores: readonly Core[], option: Option): boolean {
    for (let place = 0; place < cores.length; place += 1) {
      const needed = option.needs[this.world.honest[place] ?? 0] ?? 0
      if ((needed & ~(cores[place]?.signed ?? 0)) !== 0) return false
    }
    return true
  }

  #unpack(key: number): Core[] {
    return UNITS.map((unit) => this.cores.at(Math.floor(key / unit) % CORES_MAX))
  }

  /** The moves from the start to a state. */
  #story(at: number): string[] {
    const told: string[] = []
    for (let index = at; index !== 0; index = this.#table.parent(index)) {
      const before = this.#unpack(this.#table.key(this.#table.parent(index)))
      const after = this.#unpack(this.#table.key(index))
      const place = after.findIndex((core, i) => core !== before[i])
      const option = this.#optionsAt(before, place).find(
        (candidate) => candidate.next === after[place] && this.#isEnabled(before, candidate),
      )
      if (option !== undefined) told.unshift(this.#tell(place, option))
    }
    return told
  }

  #tell(place: number, option: Option): string {
    const heard = option.actions.map(({ label }) => label).join(', then ')
    return `${this.world.honest[place] ?? 0}: ${heard} -> ${option.next.key}`
  }
}

function pack(cores: readonly Core[]): number {
  let key = 0
  for (const { id } of cores) {
    invariant(id < CORES_MAX, 'more cores than a number can name')
    key = key * CORES_MAX + id
  }
  return key
}
