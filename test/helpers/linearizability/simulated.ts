import { Agreement } from '../../../src/agreement/agreement.ts'
import { toHex, utf8Hex } from '../../../src/codec/hex.ts'
import { Random } from '../../../src/faults/random.ts'
import type { SourceRequest } from '../../../src/node/node-init.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { StateSource } from '../../../src/ports/state-source.ts'
import { findMachine, findReducer, reducerHash } from '../../../src/reducers/catalog.ts'
import { paramsCodec } from '../../../src/reducers/command-log/reducer.ts'
import { makeFence } from '../../../src/reducers/fence.ts'
import { isValidInput, runReducer } from '../../../src/reducers/run.ts'
import type { SimulatedApp } from '../../../src/sim/application.ts'
import { play } from '../../../src/sim/run-seed.ts'
import type { SeedOptions } from '../../../src/sim/run-seed.ts'
import type { Hex } from '../../../src/types/ids.ts'
import type { Operation } from './history.ts'
import { Recorder } from './history.ts'
import { MemoryJournal } from './memory-journal.ts'
import type { Workload, WorkloadName } from './workloads.ts'
import { show, WORKLOADS } from './workloads.ts'

/** One seeded world, with clients, and what became of them. */
export interface SimulatedRun {
  readonly seed: number
  readonly operations: number
  /** Of which nobody knows the outcome. */
  readonly open: number
  /** Faults that struck while an operation was under way: without one the history counts for nothing. */
  readonly effective: number
  readonly liars: readonly string[]
  /** Inputs that were brought a second time. */
  readonly repeated: number
  /** Sessions that were begun. */
  readonly sessions: number
  /** Empty: all is well. */
  readonly problems: readonly string[]
}

export interface MachineOptions extends Partial<SeedOptions> {
  /** Some nodes bring inputs again that they brought before, and begin sessions anew; default: drawn. */
  readonly repeats?: boolean
  /** Agreed time per simulated time; default 1. */
  readonly clockRate?: number
}

const START_MS = 1_700_000_000_000
const CAP = 31_744
const PARAMS = toHex(paramsCodec.encode({ minHeightTicks: 2, sessionIdleMs: 60_000, generation: 0n }))
const NODES = [4, 4, 4, 5, 7] as const
const CLIENTS_A_NODE = 2
/** At most so many clients, so many operations of a key, as the search is to end. */
const CLIENTS_MAX = 8
const OPERATIONS_MAX = 50
const KEYS = ['a', 'b'] as const
/** Faults that come and go, by what the trace says. */
const STRUCK = /fault: |is down|everything heals/

/** Runs one world of a machine, with clients at its nodes, and judges the history. */
export async function runMachineSeed(
  name: WorkloadName,
  seed: number,
  options: MachineOptions = {},
): Promise<SimulatedRun> {
  const dice = new Random(seed ^ 0x11ea)
  const world = new MachineWorld(WORKLOADS[name], dice, options)
  const { world: played } = await play(seed, {
    heights: 36,
    nodes: dice.pick(NODES),
    reorgs: false,
    provable: false,
    ...options,
    app: world.app,
    tell: (line) => world.told(line),
  })
  const liars = played.hosts.filter((host) => played.isLiar(host))
  for (const { index } of liars) world.distrust(index)
  const problems = [
    ...played.violations.map(({ kind, detail }) => `${kind}: ${detail}`),
    ...world.judge(),
    ...world.unanswered(
      played.honest.filter(({ isLost }) => !isLost).map(({ index }) => index),
      played.scenario.isBelowThird,
    ),
  ]
  return {
    seed,
    operations: world.recorder.history.length,
    open: world.recorder.history.filter(({ output }) => output === null).length,
    effective: world.effective,
    liars: liars.map(({ index }) => played.scenario.liars.get(index) ?? ''),
    repeated: world.repeated,
    sessions: world.sessions.size,
    problems,
  }
}

interface Client {
  readonly node: number
  readonly name: string
  readonly owner: Hex
  readonly dice: Random
  readonly seen: Map<string, unknown[]>
  count: number
  /** What it waits for, over deaths of its node. */
  waiting: { readonly operation: Operation<unknown, unknown>; readonly request: string } | null
}

class MachineWorld {
  readonly app: SimulatedApp
  readonly recorder: Recorder<unknown, unknown>
  readonly problems: string[] = []
  readonly sessions = new Set<string>()
  effective = 0
  repeated = 0
  readonly #workload: Workload<unknown, unknown>
  readonly #dice: Random
  readonly #options: MachineOptions
  readonly #journals = new Map<number, MemoryJournal>()
  readonly #clients = new Map<number, Client[]>()
  /** What watches at each node have seen: states by height. */
  readonly #seen = new Map<number, string[]>()
  readonly #liars = new Set<number>()
  #broken: { readonly node: number; readonly what: string }[] = []
  readonly #repeats: boolean
  readonly #refused: { node: number; operation: Operation<unknown, unknown>; why: string }[] = []
  #operations = 0
  #moments = 0
  /** One for each thing that tokens are given of. */
  readonly #resources = new Map<string, ReturnType<typeof fencedResource>>()

  constructor(workload: Workload<unknown, unknown>, dice: Random, options: MachineOptions) {
    this.#workload = workload
    this.#dice = dice
    this.#options = options
    this.#repeats = options.repeats ?? dice.chance(0.4)
    this.recorder = new Recorder(() => (this.#moments += 1))
    const { reducer } = workload
    const caps = { stateBytesMax: CAP, inputBytesMax: CAP }
    this.app = {
      name: reducer,
      get hash() {
        return reducerHash(reducer)
      },
      params: PARAMS,
      usesPrevious: true,
      ...{ stateCap: CAP, inputCap: CAP, bundle: null },
      run: (call) => runReducer(call, caps),
      isValid: (input) => isValidInput(reducer, PARAMS, input, caps),
      open: (request, { node, clock }) => this.#open(request, node, clock),
      worst: () =>
        findReducer(reducer)?.state.encode({
          ...{ kind: 'input', clockMs: 0n, session: 0n, firstSeq: 0, commands: [] },
        }) ?? new Uint8Array(),
      event: null,
    }
  }

  told(line: string): void {
    const isBusy = [...this.#clients.values()].flat().some(({ waiting }) => waiting !== null)
    if (STRUCK.test(line) && isBusy) this.effective += 1
  }

  /** Nobody promises anything to clients of a liar: what they were answered is not known. */
  distrust(node: number): void {
    const names = new Set((this.#clients.get(node) ?? []).map(({ name }) => name))
    for (const operation of this.recorder.history) {
      if (!names.has(operation.client)) continue
      operation.said = operation.output
      operation.output = null
      operation.returnedAt = Infinity
    }
    this.#broken = this.#broken.filter((one) => one.node !== node)
    this.#liars.add(node)
  }

  judge(): string[] {
    for (const { node, operation, why } of this.#refused) {
      // a node that brings its inputs again may bring what it has given up
      const isSure = !this.#liars.has(node) && (why === 'over' || !this.#repeats)
      if (isSure) this.recorder.refused(operation)
    }
    const verdict = this.#workload.check(this.recorder.history)
    const problems = [...this.problems, ...this.#broken.map(({ what }) => what)]
    if (verdict.kind === 'undecided') problems.push(`undecided: ${verdict.key}`)
    if (verdict.kind === 'violation') {
      const { key, longest, of } = verdict
      const lines = this.recorder.history.filter((one) => one.key === key).map(show)
      problems.push(`not linearizable: ${key}, ${longest} of ${of}\n${lines.join('\n')}`)
    }
    return [...problems, ...[...this.#resources.values()].flatMap(({ accepted }) => misused(accepted))]
  }

  /** Whoever is at an honest node that runs in the end has an answer: the task is over. */
  unanswered(nodes: readonly number[], isPromised: boolean): string[] {
    if (!isPromised) return []
    return nodes
      .flatMap((node) => this.#clients.get(node) ?? [])
      .flatMap(({ name, waiting }) => (waiting === null ? [] : [`unanswered: ${name}`]))
  }

  #open(request: SourceRequest, node: number, clock: Clock): StateSource {
    const { reducer } = this.#workload
    const machine = findMachine(reducer)
    if (machine === null) throw new Error(`no machine ${reducer}`)
    const journal = this.#journals.get(node) ?? new MemoryJournal()
    this.#journals.set(node, journal)
    this.#watch(node, request.decided)
    const { clockRate = 1 } = this.#options
    const params = { minHeightTicks: 2, sessionIdleMs: 60_000, generation: 0n }
    const make = (decided: SourceRequest['decided']): Agreement =>
      new Agreement({
        ...{ machine, params, journal, decided, inputsAt: request.inputsAt, wish: request.wish },
        goesOn: false,
        heights: request.params.heights,
        inputCap: request.params.inputCap,
        seats: request.cluster.members.map(({ key, weight }) => ({ key, weight })),
        self: request.self,
        clockMs: () => START_MS + 37 * node + Math.floor(clock.nowMs() * clockRate),
        chance: () => this.#dice.int(0, 2 ** 20 - 1),
      })
    const decided = [...request.decided]
    let agreement = make(decided)
    const clients = this.#clientsOf(node)
    const life = { propose: (bytes: Uint8Array, name: string) => agreement.propose(bytes, name) }
    for (const client of clients) this.#go(client, life, clock)
    const brought: Uint8Array[] = []
    return {
      observe: async () => {
        if (this.#repeats && brought.length > 0 && this.#dice.chance(0.3)) {
          this.repeated += 1
          return this.#dice.chance(0.5) ? brought[brought.length - 1]! : this.#dice.pick(brought)
        }
        const input = await agreement.observe()
        const said = findReducer(reducer)?.state.decode(input) as { session: bigint } | null
        if (said !== null && said.session !== 0n) {
          this.sessions.add(`${node}/${said.session}`)
          brought.push(input)
        }
        return input
      },
      decided: (decision) => {
        this.#watch(node, [decision], true)
        decided.push(decision)
        agreement.decided(decision)
        if (!this.#repeats || journal.pending().length > 0 || !this.#dice.chance(0.3)) return
        journal.forgetSession()
        agreement = make(decided)
      },
    }
  }

  #clientsOf(node: number): Client[] {
    const known = this.#clients.get(node)
    if (known !== undefined) return known
    const room = CLIENTS_MAX - [...this.#clients.values()].reduce((sum, { length }) => sum + length, 0)
    const made = Array.from({ length: Math.min(CLIENTS_A_NODE, room) }, (_, i): Client => {
      const name = `${node}-${i}`
      return {
        ...{ node, name: `${node}/${utf8Hex(name)}`, owner: utf8Hex(name), dice: this.#dice.fork() },
        ...{ seen: new Map<string, unknown[]>(), count: 0, waiting: null },
      }
    })
    this.#clients.set(node, made)
    return made
  }

  /** The next operation, or the one that waits, at this life of the client's node. */
  #go(
    client: Client,
    life: { readonly propose: (bytes: Uint8Array, name: string) => ReturnType<Agreement['propose']> },
    clock: Clock,
  ): void {
    const begin = (): void => {
      if (client.waiting === null) {
        if (this.#operations >= OPERATIONS_MAX * KEYS.length) return
        this.#operations += 1
        client.count += 1
        const key = client.dice.pick(KEYS)
        const input = this.#workload.draw(client.dice, client.owner, key, client.seen.get(key) ?? [])
        const operation = this.recorder.invoke(client.name, key, input)
        client.waiting = { operation, request: `${client.name}/${client.count}` }
      }
      const { operation, request } = client.waiting
      void life.propose(this.#workload.encode(operation.input), request).then((outcome) => {
        if (client.waiting?.operation !== operation) return
        client.waiting = null
        if ('refused' in outcome) {
          this.#refused.push({ node: client.node, operation, why: outcome.refused })
          if (outcome.refused === 'over') return
        } else {
          const output = this.#workload.decode(outcome.result)
          if (output === null) return void this.problems.push(`${operation.client}: an answer of no machine`)
          this.recorder.answered(operation, output, outcome.height)
          client.seen.set(operation.key, [...(client.seen.get(operation.key) ?? []), output])
          this.#use(client, clock, operation.key, this.#workload.grant(operation.input, output))
        }
        this.#go(client, life, clock)
      })
    }
    clock.after(client.waiting === null ? client.dice.int(0, 600) : 1, begin)
  }

  /** Writes to a resource that has a fence, soon or much later: the holder may have slept past its lease. */
  #use(
    client: Client,
    clock: Clock,
    key: string,
    grant: { readonly of: string; readonly token: bigint } | null,
  ): void {
    if (grant === null) return
    const { of, token } = grant
    const resource = this.#resources.get(`${key}/${of}`) ?? fencedResource()
    this.#resources.set(`${key}/${of}`, resource)
    for (let i = 0; i < 2; i += 1)
      clock.after(client.dice.pick([1, 200, 1_500, 6_000]), () => {
        if (resource.fence(token)) resource.accepted.push({ token, client: client.name })
      })
  }

  /** A watch that goes on over restarts: every height once, and none of them ever changes. */
  #watch(node: number, heights: SourceRequest['decided'], isNew = false): void {
    const seen = this.#seen.get(node) ?? []
    const complain = (what: string): void => void this.#broken.push({ node, what: `watch: ${node} ${what}` })
    this.#seen.set(node, seen)
    const [first] = heights
    if (isNew && first?.height !== seen.length + 1) complain(`is told ${first?.height} after ${seen.length}`)
    if (!isNew && heights.length < seen.length) complain(`has lost heights after ${heights.length}`)
    for (const { height, state } of heights) {
      const hex = toHex(state)
      if (height > seen.length + 1) complain(`has no height before ${height}`)
      if (seen[height - 1] !== undefined && seen[height - 1] !== hex)
        complain(`has another state of ${height}`)
      seen[height - 1] = hex
    }
  }
}

interface Write {
  readonly token: bigint
  readonly client: string
}

function fencedResource(): { readonly fence: (token: bigint) => boolean; readonly accepted: Write[] } {
  let highest = 0n
  const fence = makeFence(
    () => highest,
    (token) => (highest = token),
  )
  return { fence, accepted: [] }
}

/** What a resource should not have let in: writes of an earlier holder, or of two with one token. */
function misused(accepted: readonly Write[]): string[] {
  return accepted.flatMap(({ token, client }, i) => {
    const before = accepted[i - 1]
    if (before === undefined) return []
    if (token < before.token) return [`fence: ${client} wrote behind ${before.client}`]
    const isShared = token === before.token && client !== before.client
    return isShared ? [`fence: ${client} and ${before.client} share a token`] : []
  })
}
