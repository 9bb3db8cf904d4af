import type {
  CommandAnswer,
  CommandJournal,
  JournaledCommand,
  SettledCommand,
} from '../ports/command-journal.ts'
import type { DecidedState, StateSource } from '../ports/state-source.ts'
import type { LogParams } from '../reducers/command-log/fold.ts'
import { COMMAND_BYTES_MAX, COMMANDS_MAX, logCodec } from '../reducers/command-log/log-state.ts'
import type { LogState } from '../reducers/command-log/log-state.ts'
import type { Machine } from '../reducers/command-log/machine.ts'
import { outcomesOf } from '../reducers/command-log/reducer.ts'
import { SESSION_CHANCE_BITS } from '../reducers/command-log/sessions.ts'
import type { ContextMember } from '../reducers/reducer.ts'
import type { MemberIndex } from '../types/ids.ts'

/**
 * Why a command will never be applied, as far as this node knows. `session-over`: the log has dropped its session; `over`: the
 * task takes none any more; `not-a-member`: the line went on without this node; `superseded`: it was decided, at a height that
 * the task's result does not have.
 */
export type NotDecided = 'not-a-command' | 'busy' | 'session-over' | 'over' | 'not-a-member' | 'superseded'

export type Proposed = CommandAnswer | { readonly refused: NotDecided }

/** What is known of a command: `decided`, as far as this node has seen; `final`: the task's result has it. */
export type Known = 'waiting' | (CommandAnswer & { readonly standing: 'decided' | 'final' | 'superseded' })

export interface AgreementInit {
  readonly machine: Machine<unknown>
  readonly params: LogParams
  /** Heights of the task, and the cap of its inputs, bytes. */
  readonly heights: number
  readonly inputCap: number
  readonly seats: readonly ContextMember[]
  readonly self: MemberIndex
  readonly journal: CommandJournal
  /** The task goes on from another one: what that hands over comes by `handedOver`, before anything else. */
  readonly goesOn: boolean
  /** Heights decided before a restart, ascending from 1. */
  readonly decided: readonly DecidedState[]
  /** Listed inputs of a decided height. */
  readonly inputsAt: (height: number) => NonNullable<DecidedState['inputs']>
  /** Asks for the next height. */
  readonly wish: () => void
  /** Unix time, ms. */
  readonly clockMs: () => number
  /** A number in [0, 2^20) that others do not draw. */
  readonly chance: () => number
  /** The task is of a line: commands that are addressed to it, and that this task will not hold, were left to the next one. */
  readonly onLeft?: () => void
}

/** Commands that wait at most: each is on the disk and in memory. */
const PENDING_MAX = 4_096
/** An input without commands: tag, clock, session, number, count. */
const INPUT_HEAD_BYTES = 23

/**
 * Commands of this node's clients in one task: on disk before they are proposed, brought to every height until one holds them,
 * answered with what the machine made of them there. Applied once, whatever crashes in between.
 */
export class Agreement implements StateSource {
  readonly #init: Omit<AgreementInit, 'decided'>
  /** Told of once. */
  #past: readonly DecidedState[]
  readonly #codec: ReturnType<typeof logCodec>
  readonly #waiting = new Map<string, ((outcome: Proposed) => void)[]>()
  #pending: JournaledCommand[]
  #session: { readonly id: bigint; next: number } | null
  #before: Uint8Array = new Uint8Array()
  #height = 0
  #isRetired = false
  /** Last height that counts, once the chain has said so. */
  #ended: number | null = null
  /** Those of `#pending` that no height of this task will hold. */
  readonly #left = new Set<JournaledCommand>()

  constructor({ decided, ...init }: AgreementInit) {
    this.#init = init
    this.#past = decided
    this.#codec = logCodec(init.machine.state)
    this.#pending = [...init.journal.pending()]
    const last = init.journal.last()
    this.#session = last === null ? null : { id: last.session, next: last.seq + 1 }
    if (!init.goesOn) this.#catchUp()
  }

  /** Whether it takes no commands any more. */
  get isOver(): boolean {
    return this.#isRetired || this.#ended !== null || this.#height >= this.#init.heights
  }

  /** Addressed to the line, and held by no height of this task: for the next one. */
  get left(): readonly JournaledCommand[] {
    return [...this.#left]
  }

  /** Once; until then commands are taken and wait. */
  handedOver(state: Uint8Array): void {
    this.#before = state
    if (this.#init.goesOn) this.#catchUp()
    if (this.#pending.length > this.#left.size) this.#init.wish()
  }

  /** What was decided while nobody was there to be told. */
  #catchUp(): void {
    const { inputsAt } = this.#init
    const past = this.#past
    this.#past = []
    const since = this.#pending.reduce((least, one) => Math.min(least, one.since), Infinity)
    for (const { height, state } of past)
      this.#take({ height, state, inputs: height > since ? inputsAt(height) : [] })
  }

  /**
   * Proposes a command. It is on disk before anything else happens, and is proposed until a height holds it, over restarts
   * too; the promise may never come to an end while the task stands still.
   *
   * @param request asked again with the same name, the same command is meant: it is proposed once, and answered alike
   * @param isForLine it may wait for the next task of the line
   * @throws RsdpError E_JOURNAL
   */
  propose(command: Uint8Array, request: string | null = null, isForLine = false): Promise<Proposed> {
    const { machine } = this.#init
    const answered = request === null ? null : this.#answered(request)
    if (answered?.standing === 'superseded') return Promise.resolve({ refused: 'superseded' })
    if (answered !== null) return Promise.resolve({ height: answered.height, result: answered.result })
    const known = this.#pending.find((one) => request !== null && one.request === request)
    if (known !== undefined) return this.#wait(known)
    const isCommand = command.length <= this.#room && machine.isCommand(command)
    const refused = !isCommand
      ? 'not-a-command'
      : this.isOver && !isForLine
        ? 'over'
        : this.#pending.length >= PENDING_MAX && !this.isOver
          ? 'busy'
          : null
    if (refused !== null) return Promise.resolve({ refused })
    const taken = this.#add(command, request, isForLine)
    const outcome = this.#wait(taken)
    if (this.isOver) this.#leave([taken])
    return outcome
  }

  /**
   * Gives one that was left to the next task: on its disk first, then it is no longer kept here. What that task has
   * already, it does not take twice.
   *
   * @throws RsdpError E_JOURNAL
   */
  handOn(command: JournaledCommand, next: Agreement): void {
    const outcome = next.propose(command.command, command.request, true)
    const waiting = this.#waiting.get(nameOf(command)) ?? []
    this.#waiting.delete(nameOf(command))
    this.#forget(command)
    void outcome.then((told) => waiting.forEach((resolve) => resolve(told)))
  }

  /** The line has gone on without this node. */
  refuseLeft(): void {
    for (const one of this.left) this.#refuse(one, 'not-a-member')
  }

  /** What became of a command that was given this name; `waiting`: no height holds it yet; null: no such name is kept. */
  outcome(request: string): Known | null {
    const answered = this.#answered(request)
    if (answered !== null) return answered
    return this.#pending.some((one) => one.request === request) ? 'waiting' : null
  }

  /**
   * The chain has ended the task: heights above `height` count for nothing; 0: none counts. That stays so: a line passes over a
   * task that has a result, too, and who starts again may hear of the result last.
   */
  ended(height: number, state: Uint8Array): void {
    if (this.#ended === 0) return
    this.#ended = height
    const content = this.#codec.decode(state)
    const last = content?.kind === 'state' ? content : null
    // while heights that count may still come, only those are left that the result shows not to be in them
    const isComplete = this.#height >= height
    this.#leave(
      this.#pending.filter(
        (one) => !this.#left.has(one) && (isComplete || (last !== null && this.#isMissing(last, one))),
      ),
    )
  }

  observe(): Promise<Uint8Array> {
    const proposed = this.#pending.filter((one) => !this.#left.has(one))
    const [first] = proposed
    const clockMs = BigInt(this.#init.clockMs())
    const commands: Uint8Array[] = []
    let bytes = INPUT_HEAD_BYTES
    for (const { session, command } of proposed) {
      bytes += 2 + command.length
      if (session !== first?.session || bytes > this.#init.inputCap || commands.length >= COMMANDS_MAX) break
      commands.push(command)
    }
    const said =
      first === undefined ? { session: 0n, firstSeq: 0 } : { session: first.session, firstSeq: first.seq }
    return Promise.resolve(this.#codec.encode({ kind: 'input', clockMs, ...said, commands }))
  }

  decided(decision: DecidedState): void {
    this.#take(decision)
    if (this.#pending.length > this.#left.size) this.#init.wish()
  }

  /** What waits may be in a height that this node has not seen: nobody is told that it is not. */
  over(): void {
    this.#isRetired = true
  }

  /** Whether a height is decided, and not the last one. */
  get isOpen(): boolean {
    return this.#height > 0 && this.#height < this.#init.heights
  }

  /** After the height that is decided last; null: none is. */
  machineState(): Uint8Array | null {
    const last = this.#codec.decode(this.#before)
    return last?.kind === 'state' ? this.#init.machine.state.encode(last.machine) : null
  }

  close(): void {
    this.#init.journal.close()
  }

  get #room(): number {
    return Math.min(COMMAND_BYTES_MAX, this.#init.inputCap - INPUT_HEAD_BYTES - 2)
  }

  #take({ height, state, inputs = [] }: DecidedState): void {
    const { machine, params, seats, self } = this.#init
    const before = this.#before
    this.#before = state
    this.#height = height
    const mine = inputs.filter(({ member }) => member === self)
    if (this.#pending.length > 0 && mine.length > 0) {
      const context = { height, members: seats }
      const { applied } = outcomesOf(machine, params, context, before, inputs)
      this.#settle(applied.flatMap((one) => (one.member === self ? [{ ...one, height }] : [])))
      const content = this.#codec.decode(state)
      if (content?.kind === 'state') this.#noteOver(content, mine)
    }
    if (height >= Math.min(this.#init.heights, this.#ended ?? Infinity))
      this.#leave(this.#pending.filter((one) => !this.#left.has(one)))
  }

  #answered(request: string): Exclude<Known, 'waiting'> | null {
    const answered = this.#init.journal.answered(request)
    if (answered === null) return null
    const isFinal = this.#ended !== null && answered.height <= this.#ended
    return { ...answered, standing: isFinal ? 'final' : this.#ended === null ? 'decided' : 'superseded' }
  }

  /** Whether a state, and every later one of this task, is without a command. */
  #isMissing({ sessions, floor }: LogState<unknown>, { session, seq }: JournaledCommand): boolean {
    const key = this.#init.seats[this.#init.self]?.key
    const row = sessions.find((one) => one.proposer === key && one.session === session)
    // a session that was dropped may have had it
    return row === undefined ? session > floor : row.seq < seq
  }

  /** No height of this task will hold them. */
  #leave(commands: readonly JournaledCommand[]): void {
    const { onLeft } = this.#init
    for (const one of commands)
      if (one.isForLine) this.#left.add(one)
      else this.#refuse(one, 'over')
    if (this.#left.size > 0) onLeft?.()
  }

  #add(command: Uint8Array, request: string | null, isForLine: boolean): JournaledCommand {
    const { journal, wish } = this.#init
    const session = (this.#session ??= this.#open())
    const taken = {
      ...{ session: session.id, seq: session.next, command: command.slice(), request },
      ...{ since: this.#height, isForLine },
    }
    journal.add(taken)
    session.next += 1
    this.#pending.push(taken)
    if (!this.isOver) wish()
    return taken
  }

  /** On disk before anybody is told. */
  #settle(answers: readonly SettledCommand[]): void {
    // what is left to the next task may be there already
    const proposed = this.#pending.filter((one) => !this.#left.has(one))
    const byName = new Map(proposed.map((one) => [nameOf(one), one]))
    const known = answers.flatMap((answer) => {
      const command = byName.get(nameOf(answer))
      return command === undefined ? [] : [{ command, answer }]
    })
    if (known.length === 0) return
    this.#init.journal.settle(known.map(({ answer }) => answer))
    for (const { command, answer } of known)
      this.#end(command, { height: answer.height, result: answer.result })
  }

  /** What this node brought, and the log took none of: its session is over. */
  #noteOver({ sessions }: LogState<unknown>, mine: NonNullable<DecidedState['inputs']>): void {
    const brought = mine.map(({ state }) => this.#codec.decode(state))[0]
    if (brought?.kind !== 'input' || brought.commands.length === 0) return
    const key = this.#init.seats[this.#init.self]?.key
    const row = sessions.find(({ proposer, session }) => proposer === key && session === brought.session)
    if (row !== undefined && row.seq >= brought.firstSeq) return
    for (const one of this.#pending)
      if (one.session === brought.session && !this.#left.has(one)) this.#refuse(one, 'session-over')
    if (this.#session?.id === brought.session) this.#session = null
  }

  #refuse(command: JournaledCommand, refused: NotDecided): void {
    this.#forget(command)
    this.#end(command, { refused })
  }

  #forget(command: JournaledCommand): void {
    this.#init.journal.drop(command.session, command.seq)
    this.#pending = this.#pending.filter((one) => one !== command)
    this.#left.delete(command)
  }

  #open(): { readonly id: bigint; next: number } {
    const last = this.#codec.decode(this.#before)
    const ms = last?.kind === 'state' ? last.agreedMs : BigInt(this.#init.clockMs())
    return { id: (ms << SESSION_CHANCE_BITS) | BigInt(this.#init.chance()), next: 1 }
  }

  #wait(command: JournaledCommand): Promise<Proposed> {
    const { promise, resolve } = Promise.withResolvers<Proposed>()
    const name = nameOf(command)
    this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve])
    return promise
  }

  #end(command: JournaledCommand, outcome: Proposed): void {
    const name = nameOf(command)
    this.#pending = this.#pending.filter((one) => one !== command)
    for (const resolve of this.#waiting.get(name) ?? []) resolve(outcome)
    this.#waiting.delete(name)
  }
}

const nameOf = ({ session, seq }: Pick<JournaledCommand, 'session' | 'seq'>): string => `${session}/${seq}`
