import type { EngineInput } from '../../src/protocol/io.ts'
import type { EngineState } from '../../src/protocol/state.ts'
import { invariant } from '../../src/types/errors.ts'
import type { MemberIndex } from '../../src/types/ids.ts'
import { checkFixed, forget, normalise, textOf } from './canonical.ts'
import type { Core, Cores } from './core.ts'
import type { Outcome } from './drive.ts'
import { drive } from './drive.ts'
import type { Action, Message } from './menu.ts'
import { makeMenu } from './menu.ts'
import type { Names } from './names.ts'
import type { Protocol } from './protocol.ts'
import type { Phases } from './relevant.ts'
import { phasesOf } from './relevant.ts'
import { retold } from './retell.ts'
import type { World } from './world.ts'
import { configOf, PENDING_TICKS } from './world.ts'

/** A visible change of one node: what must have been signed elsewhere for it, and what it becomes. */
export interface Option {
  /** By member: bits of the objects that must exist. */
  readonly needs: readonly number[]
  readonly next: Core
  /** Deliveries and time-outs, in order; the last one makes the change. */
  readonly actions: readonly Action[]
  readonly faults: readonly string[]
}

interface Found extends Option {
  /** The node before it forgets. */
  readonly state: EngineState
}

interface Reached {
  readonly state: EngineState
  readonly text: string
  readonly phase: number
  readonly needs: readonly number[]
  readonly actions: readonly Action[]
}

/** One honest seat: its options from any core, each found with the real step and remembered. */
export class Seat {
  readonly member: MemberIndex
  readonly first: Core
  /** Calls of the program under check. */
  steps = 0
  readonly #protocol: Protocol
  readonly #world: World
  readonly #names: Names
  readonly #cores: Cores
  readonly #menu: readonly Message[]
  #empty: EngineState
  /** What this seat's engine is in a core. */
  readonly #states = new Map<number, EngineState>()
  readonly #options = new Map<number, readonly Option[]>()

  constructor(protocol: Protocol, world: World, names: Names, cores: Cores, member: MemberIndex) {
    this.member = member
    this.#protocol = protocol
    this.#world = world
    this.#names = names
    this.#cores = cores
    // what it signed it has: its own objects come only within bundles
    this.#menu = makeMenu(world, names).filter(
      ({ class: kind, from }) => from !== member || kind === 'bundle' || kind === 'decided',
    )
    this.#empty = { ...protocol.createEngine(configOf(world, member)), bodies: new Map(world.bodies) }
    const opened = this.#drive(this.#empty, { kind: 'start' })
    this.#empty = opened.state
    const core = this.#settle(opened)
    invariant(core !== null && opened.faults.length === 0, 'a node opens height 1')
    this.first = core
  }

  /** Cores of which the options are known. */
  get explored(): number {
    return this.#options.size
  }

  get optionCount(): number {
    return [...this.#options.values()].reduce((sum, options) => sum + options.length, 0)
  }

  options(core: Core): readonly Option[] {
    const known = this.#options.get(core.id)
    if (known !== undefined) return known
    const state = this.#states.get(core.id)
    invariant(core.ended || state !== undefined, `seat ${this.member} was never in ${core.key}`)
    const found: Found[] = []
    if (state !== undefined) {
      for (const phases of phasesOf(state, this.#menu)) this.#explore(core, state, phases, found)
    }
    const kept = minimal(found)
    for (const { next, state: full, faults } of kept) if (faults.length === 0) this.#checkRetold(next, full)
    const options = kept.map(({ needs, next, actions, faults }) => ({ needs, next, actions, faults }))
    this.#options.set(core.id, options)
    return options
  }

  /** All orders of deliveries of a group, up to the first visible change each. */
  #explore(core: Core, from: EngineState, phases: Phases, found: Found[]): void {
    const seen = new Set<string>()
    const text = textOf(from, this.#names)
    const open: Reached[] = [{ state: from, text, phase: 0, needs: [0, 0, 0, 0], actions: [] }]
    for (let reached = open.pop(); reached !== undefined; reached = open.pop()) {
      for (let phase = reached.phase; phase < phases.length; phase += 1) {
        for (const action of phases[phase] ?? []) {
          const next = this.#take(core, reached, action, phase, found)
          if (next === null) continue
          const key = `${phase} ${next.needs.join(',')} ${next.text}`
          if (seen.has(key)) continue
          seen.add(key)
          open.push(next)
        }
      }
    }
  }

  /** One delivery or time-out. Null if it changed nothing, or visibly: then it is an option. */
  #take(core: Core, reached: Reached, action: Action, phase: number, found: Found[]): Reached | null {
    const { state } = reached
    const needs = action.kind === 'message' ? this.#needs(reached.needs, action) : reached.needs
    if (!needs.every((bits) => this.#cores.isPossible(bits))) return null
    const input = this.#inputOf(core, state, action)
    if (input === null) return null
    const before = action.kind === 'timer' ? fired(state, action) : state
    const outcome = this.#drive(before, input)
    const actions = [...reached.actions, action]
    const after = this.#settle(outcome)
    if (outcome.faults.length > 0 || after?.id !== core.id) {
      if (after !== null || outcome.faults.length > 0)
        found.push({ needs, next: after ?? core, actions, faults: outcome.faults, state: outcome.state })
      return null
    }
    const normal = normalise(outcome.state, this.#empty)
    const text = textOf(normal, this.#names)
    return text === reached.text ? null : { state: normal, text, phase, needs, actions }
  }

  /** The core after an outcome, with what others can tell again forgotten. */
  #settle(outcome: Outcome): Core | null {
    const normal = normalise(outcome.state, this.#empty)
    const bare = forget(normal)
    const core = this.#cores.of(bare, outcome)
    if (core === null || core.ended || outcome.faults.length > 0) return core
    if (!this.#states.has(core.id)) {
      checkFixed(outcome.state, this.#empty)
      this.#states.set(core.id, bare)
    }
    return core
  }

  /** What makes forgetting sound: told the same again, the node is where it was, and has done nothing meanwhile. */
  #checkRetold(core: Core, state: EngineState): void {
    const bare = this.#states.get(core.id)
    if (bare === undefined) return
    const full = normalise(state, this.#empty)
    const messages = retold(full, this.#menu, this.#world)
    const [is, was] = [this.#tell(core, bare, messages), this.#tell(core, full, messages)]
    invariant(is === was, `told again, a node is in "${is}" instead of "${was}"`)
  }

  #tell(core: Core, state: EngineState, messages: readonly Message[]): string {
    let told = state
    for (const { from, parts } of messages) {
      const outcome = this.#drive(told, { kind: 'message', from, parts })
      invariant(this.#settle(outcome)?.id === core.id, `telling again changes ${core.key}`)
      told = normalise(outcome.state, this.#empty)
    }
    return textOf(told, this.#names)
  }

  #drive(state: EngineState, input: EngineInput): Outcome {
    this.steps += 1
    return drive(this.#protocol, this.#world, state, input)
  }

  #needs(before: readonly number[], { signed }: Message): number[] {
    const needs = [...before]
    for (const object of signed) {
      if (object.member !== this.member)
        needs[object.member] = (needs[object.member] ?? 0) | this.#cores.bitOf(object)
    }
    return needs
  }

  /** The engine's input for an action; null if it cannot happen here, or would only repeat. */
  #inputOf(core: Core, state: EngineState, action: Action): EngineInput | null {
    switch (action.kind) {
      case 'timer':
        return state.timers.get(action.name) === PENDING_TICKS ? { kind: 'tick' } : null
      case 'answer': {
        const value = this.#world.values.find(
          ({ content }) => content.inputsRoot === state.pending?.inputsRoot,
        )
        if (state.pending === null || value === undefined) return null
        const result = { state: value.result, stateHash: value.content.stateHash }
        return { kind: 'aggregated', token: state.pending.token, result: action.fails ? null : result }
      }
      case 'message': {
        const own = action.signed.filter(({ member }) => member === this.member)
        const unsigned = own.some((object) => (core.signed & this.#cores.bitOf(object)) === 0)
        if (unsigned || isHeld(state, action)) return null
        return { kind: 'message', from: action.from, parts: action.parts }
      }
    }
  }
}

/** The state with one time-out due: the clock goes to 1 and only this deadline is there. */
function fired(state: EngineState, { name }: Extract<Action, { kind: 'timer' }>): EngineState {
  return { ...state, timers: new Map([...state.timers, [name, 1]]) }
}

/** Whether a frame brings nothing: its one object's place is taken, or its quorum is known. */
function isHeld(state: EngineState, message: Message): boolean {
  const box = state.box.rounds.get(message.round)
  const [part] = message.parts
  const member = part?.kind === 'object' ? part.signed.member : message.from
  switch (message.class) {
    case 'status':
      // the liar's second STATUS convicts it: from then on it is in no list of this node's
      return state.box.inputs.has(member) && message.signed.length > 0
    case 'hello':
      return box?.hello !== undefined && box.hello !== null
    case 'share':
      return box?.shares.has(member) === true
    case 'bundle':
      return box?.quorum !== undefined && box.quorum !== null
    case 'confirm':
      return box?.confirms.has(member) === true
    case 'decided':
      return false
  }
}

/** Without options that another one makes superfluous: the same change, and less needed for it. */
function minimal(options: readonly Found[]): Found[] {
  const kept: Found[] = []
  const size = (option: Found): number => option.needs.reduce((sum, bits) => sum + bitCount(bits), 0)
  for (const option of options.toSorted((a, b) => size(a) - size(b))) {
    const covered = kept.some(
      (other) =>
        other.next === option.next &&
        other.faults.length === option.faults.length &&
        other.needs.every((bits, member) => (bits & ~(option.needs[member] ?? 0)) === 0),
    )
    if (!covered) kept.push(option)
  }
  return kept
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1
  return count
}
