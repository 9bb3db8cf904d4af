import { Agreement } from '../../src/agreement/agreement.ts'
import { fromHex, toHex, utf8Hex } from '../../src/codec/hex.ts'
import { Random } from '../../src/faults/random.ts'
import type { SourceRequest } from '../../src/node/node-init.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { StateSource } from '../../src/ports/state-source.ts'
import { findMachine, findReducer, reducerHash } from '../../src/reducers/catalog.ts'
import type { LogContent, LogState } from '../../src/reducers/command-log/log-state.ts'
import { logCodec } from '../../src/reducers/command-log/log-state.ts'
import { paramsCodec } from '../../src/reducers/command-log/reducer.ts'
import { decodeKvResult, encodeKvCommand, kvConfig } from '../../src/reducers/machines/kv-config.ts'
import type { KvState } from '../../src/reducers/machines/kv-config.ts'
import { isValidInput, runReducer } from '../../src/reducers/run.ts'
import type { SimulatedApp } from '../../src/sim/application.ts'
import type { MakeKeys } from '../../src/sim/keys.ts'
import { play } from '../../src/sim/run-seed.ts'
import type { World } from '../../src/sim/world.ts'
import { TASK_ID } from '../../src/sim/world.ts'
import { MemoryJournal } from './linearizability/memory-journal.ts'

export interface LineOptions {
  readonly seed: number
  readonly tasks: number
  readonly heights: number
  readonly keys: MakeKeys
  /** Told after each task. */
  readonly tell?: (summary: LineSummary) => void
}

/** What a line has been through, and what is wrong with it. */
export interface LineSummary {
  /** Tasks that went on from the one before. */
  successions: number
  heights: number
  /** With other members than the task before. */
  redrawn: number
  /** The result was on chain only while the next cluster waited for it. */
  stalled: number
  reorgs: number
  /** Of nodes that went on with the task. */
  restarts: number
  worldsWithLiars: number
  acknowledged: number
  /** Came too late for a task, and went to the next. */
  carried: number
  /** Nobody knows what became of them: their node was lost, or left, or lied. */
  open: number
  readonly problems: string[]
}

const START_MS = 1_700_000_000_000
const CAP = 31_744
const PARAMS = { minHeightTicks: 2, sessionIdleMs: 60_000, generation: 0n }
const PARAMS_HEX = toHex(paramsCodec.encode(PARAMS))
/** Keys of all who ever are members of a line. */
const POOL = 10
const SIZES = [4, 4, 4, 5, 7] as const
const CLIENTS = 6
const codec = logCodec(kvConfig.state)

interface Client {
  readonly name: string
  /** Of the command that it sends, from 1. */
  number: number
  node: number
  isWaiting: boolean
  /** The last that was acknowledged; null if a later one is open. */
  last: string | null
}

/**
 * A line of tasks in simulated worlds: each is handed the result that the chain of the world before has, at a chain that
 * takes blocks back and to nodes that crash and lie, now and then while they already wait. Clients go on from task to task.
 */
export async function runLine({ seed, tasks, heights, keys, tell }: LineOptions): Promise<LineSummary> {
  const line = new Line(seed, heights, keys)
  for (let task = 1; task <= tasks && line.summary.problems.length === 0; task += 1) {
    await line.runTask(task)
    tell?.(line.summary)
  }
  return line.summary
}

class Line {
  readonly summary: LineSummary = {
    ...{ successions: 0, heights: 0, redrawn: 0, stalled: 0, reorgs: 0, restarts: 0, worldsWithLiars: 0 },
    ...{ acknowledged: 0, carried: 0, open: 0, problems: [] },
  }
  readonly #seed: number
  readonly #heights: number
  readonly #keys: MakeKeys
  readonly #dice: Random
  readonly #clients: readonly Client[]
  readonly #acknowledged = new Map<string, bigint>()
  readonly #applied = new Map<string, number>()
  #members: readonly number[] = []
  #before: LogState<KvState> | null = null
  #elapsedMs = 0

  constructor(seed: number, heights: number, keys: MakeKeys) {
    this.#seed = seed
    this.#heights = heights
    this.#keys = keys
    this.#dice = new Random(seed)
    this.#clients = Array.from({ length: CLIENTS }, (_, i) => ({
      ...{ name: `client ${i}`, number: 1, node: 0, isWaiting: false, last: null },
    }))
  }

  async runTask(task: number): Promise<void> {
    const dice = this.#dice
    const isRedrawn = task === 1 || dice.chance(0.5)
    if (isRedrawn) {
      const pool = Array.from({ length: POOL }, (_, i) => i)
      this.#members = dice.shuffled(pool).slice(0, dice.pick(SIZES))
    }
    const lateMs = dice.chance(0.15) ? dice.int(3_000, 9_000) : 0
    const worldSeed = this.#seed * 100_000 + task
    const run = new TaskRun(this.#clients, this.#elapsedMs, dice.fork())
    const room = this.#keys(this.#seed)
    const members = this.#members
    const { world } = await play(worldSeed, {
      heights: this.#heights,
      nodes: members.length,
      provable: false,
      app: run.app,
      keys: () => ({ ...room, keyring: (seat) => room.keyring(members[seat] ?? seat) }),
      ...(this.#before === null ? {} : { seam: { result: codec.encode(this.#before), lateMs } }),
    })
    this.#elapsedMs += Math.ceil(world.queue.nowMs)
    const { summary } = this
    if (task > 1) {
      summary.successions += 1
      if (isRedrawn) summary.redrawn += 1
      if (lateMs > 0) summary.stalled += 1
    }
    summary.heights += world.isFormed ? world.judge.decisions.byHeight.size : 0
    summary.reorgs += world.counts['re-org'] ?? 0
    summary.restarts += run.restarts
    if (world.scenario.liars.size > 0) summary.worldsWithLiars += 1
    for (const problem of this.#judge(task, run, world)) summary.problems.push(`${worldSeed}: ${problem}`)
  }

  #judge(task: number, run: TaskRun, world: World): string[] {
    const problems = world.violations.map(({ kind, detail }) => `${kind}: ${detail}`)
    const result = world.chain.tasks.get(TASK_ID)?.result ?? null
    const state = result === null ? null : codec.decode(result)
    if (state?.kind !== 'state') return [...problems, 'no result']
    const before = this.#before
    const applied = run.applied(world)
    const count = before?.count ?? 0n
    if (state.task !== task) problems.push(`is task ${state.task} of the line, not ${task}`)
    if (state.agreedMs < (before?.agreedMs ?? 0n)) problems.push('agreed time fell')
    if (state.count !== count + BigInt(applied.length))
      problems.push(`counts ${state.count} commands, ${count} and ${applied.length} were new`)
    for (const text of applied) {
      const times = (this.#applied.get(text) ?? 0) + 1
      this.#applied.set(text, times)
      if (times > 1) problems.push(`applied ${times} times: ${text}`)
    }
    const isTrusted = (node: number): boolean => !world.scenario.liars.has(node)
    for (const { node, text, version } of run.answered) {
      if (!isTrusted(node)) continue
      this.summary.acknowledged += 1
      if (this.#applied.get(text) !== 1) problems.push(`acknowledged and lost: ${text}`)
      if (version <= count || version > state.count) problems.push(`answered out of its task: ${text}`)
      if ([...this.#acknowledged.values()].includes(version))
        problems.push(`two commands are number ${version}`)
      this.#acknowledged.set(text, version)
    }
    const now = new Set(applied)
    for (const { node, text } of run.refused)
      if (isTrusted(node) && now.has(text)) problems.push(`refused and applied: ${text}`)
    this.summary.carried += run.refused.length
    for (const client of this.#clients) this.#close(client, isTrusted(client.node), state, problems)
    this.#before = state
    return problems
  }

  /** What a client knows when a task is over. */
  #close(client: Client, isTrusted: boolean, { machine }: LogState<KvState>, problems: string[]): void {
    if (client.isWaiting || !isTrusted) {
      // it may have been applied, so it is not sent again
      client.number += 1
      client.isWaiting = false
      client.last = null
      this.summary.open += 1
      return
    }
    const entry = machine.find(({ key }) => key === utf8Hex(client.name))
    const held = entry === undefined ? null : toHex(entry.value)
    if (client.last !== null && held !== utf8Hex(client.last))
      problems.push(`${client.last} was acknowledged, and its key holds ${held}`)
  }
}

/** One task of a line: its nodes' agreements, and the clients at them. */
class TaskRun {
  readonly app: SimulatedApp
  readonly answered: { node: number; text: string; version: bigint }[] = []
  readonly refused: { node: number; text: string }[] = []
  restarts = 0
  readonly #clients: readonly Client[]
  readonly #startMs: number
  readonly #dice: Random
  readonly #journals = new Map<number, MemoryJournal>()
  /** Listed inputs by height, and who was a member, as some node has them. */
  readonly #inputs = new Map<number, ReturnType<SourceRequest['inputsAt']>>()
  #keys: readonly string[] = []
  #isPlaced = false

  constructor(clients: readonly Client[], elapsedMs: number, dice: Random) {
    this.#clients = clients
    this.#startMs = START_MS + elapsedMs
    this.#dice = dice
    const caps = { stateBytesMax: CAP, inputBytesMax: CAP }
    const reducer = kvConfig.id
    this.app = {
      name: reducer,
      get hash() {
        return reducerHash(reducer)
      },
      params: PARAMS_HEX,
      usesPrevious: true,
      ...{ stateCap: CAP, inputCap: CAP, bundle: null },
      run: (call) => runReducer(call, caps),
      isValid: (input) => isValidInput(reducer, PARAMS_HEX, input, caps),
      open: (request, { node, clock }) => this.#open(request, node, clock),
      worst: () => codec.encode({ kind: 'input', clockMs: 0n, session: 0n, firstSeq: 0, commands: [] }),
      event: null,
    }
  }

  /**
   * Texts of all commands that the decided lists bring for the first time, from the bodies alone: a second way. A command is new if
   * its number follows the last of its session.
   */
  applied(world: World): string[] {
    const next = new Map<string, number>()
    const texts: string[] = []
    for (const height of [...world.judge.decisions.byHeight.keys()].sort((a, b) => a - b)) {
      for (const { member, state } of this.#inputs.get(height) ?? []) {
        const input: LogContent<KvState> | null = codec.decode(state)
        if (input?.kind !== 'input') continue
        const session = `${this.#keys[member]}/${input.session}`
        for (const [i, command] of input.commands.entries()) {
          const seq = input.firstSeq + i
          if (seq !== (next.get(session) ?? 1)) continue
          next.set(session, seq + 1)
          texts.push(textOf(command))
        }
      }
    }
    return texts
  }

  #open(request: SourceRequest, node: number, clock: Clock): StateSource {
    const machine = findMachine(kvConfig.id)
    if (machine === null || findReducer(kvConfig.id) === null) throw new Error('no machine')
    if (this.#journals.has(node)) this.restarts += 1
    const journal = this.#journals.get(node) ?? new MemoryJournal()
    this.#journals.set(node, journal)
    this.#keys = request.cluster.members.map(({ key }) => key)
    for (const { height } of request.decided) this.#note(height, request.inputsAt(height))
    const agreement = new Agreement({
      ...{ machine, params: PARAMS, journal, decided: [...request.decided], inputsAt: request.inputsAt },
      wish: request.wish,
      goesOn: request.params.predecessor !== 0n,
      heights: request.params.heights,
      inputCap: request.params.inputCap,
      seats: request.cluster.members.map(({ key, weight }) => ({ key, weight })),
      self: request.self,
      clockMs: () => this.#startMs + 37 * node + Math.floor(clock.nowMs()),
      chance: () => this.#dice.int(0, 2 ** 20 - 1),
    })
    if (!this.#isPlaced) {
      this.#isPlaced = true
      for (const client of this.#clients) client.node = this.#dice.int(0, request.members - 1)
    }
    const propose = (bytes: Uint8Array, name: string): ReturnType<Agreement['propose']> =>
      agreement.propose(bytes, name)
    for (const client of this.#clients) if (client.node === node) this.#go(client, propose, clock)
    return {
      handedOver: (state) => agreement.handedOver(state),
      observe: () => agreement.observe(),
      decided: (decision) => {
        if (decision.inputs !== undefined) this.#note(decision.height, decision.inputs)
        agreement.decided(decision)
      },
    }
  }

  #note(height: number, inputs: ReturnType<SourceRequest['inputsAt']>): void {
    if (!this.#inputs.has(height)) this.#inputs.set(height, inputs)
  }

  /** The command that waits, or the next one, at this life of the client's node. */
  #go(
    client: Client,
    propose: (bytes: Uint8Array, name: string) => ReturnType<Agreement['propose']>,
    clock: Clock,
  ): void {
    clock.after(client.isWaiting ? 1 : this.#dice.int(1, 400), () => {
      client.isWaiting = true
      const { number, node } = client
      const text = `${client.name} #${number}`
      const command = { kind: 'put', key: utf8Hex(client.name), version: null } as const
      const bytes = encodeKvCommand({ ...command, value: fromHex(utf8Hex(text)) })
      void propose(bytes, text).then((outcome) => {
        if (!client.isWaiting || client.number !== number) return
        client.isWaiting = false
        if ('refused' in outcome) {
          this.refused.push({ node, text })
          if (outcome.refused === 'over') return
        } else {
          const result = decodeKvResult(outcome.result)
          this.answered.push({ node, text, version: result?.version ?? 0n })
          client.last = text
          client.number += 1
        }
        this.#go(client, propose, clock)
      })
    })
  }
}

function textOf(command: Uint8Array): string {
  const hex = toHex(command)
  const at = hex.lastIndexOf(utf8Hex('client ').slice(2))
  return new TextDecoder().decode(fromHex(`0x${hex.slice(at)}`))
}
