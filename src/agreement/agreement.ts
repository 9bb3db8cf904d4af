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
 * task has decided its last height.
 */
export type NotDecided = 'not-a-command' | 'busy' | 'session-over' | 'over'

export type Proposed = CommandAnswer | { readonly refused: NotDecided }

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
  #isOver = false

  constructor({ decided, ...init }: AgreementInit) {
    this.#init = init
    this.#past = decided
    this.#codec = logCodec(init.machine.state)
    this.#pending = [...init.journal.pending()]
    const last = init.journal.last()
    this.#session = last === null ? null : { id: last.session, next: last.seq + 1 }
    if (!init.goesOn) this.#catchUp()
  }

  /** Once; until then commands are taken and wait. */
  handedOver(state: Uint8Array): void {
    this.#before = state
    if (this.#init.goesOn) this.#catchUp()
    if (this.#pending.length > 0) this.#init.wish()
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
   * @throws RsdpError E_JOURNAL
   */
  propose(command: Uint8Array, request: string | null = null): Promise<Proposed> {
    const { machine, journal, heights, wish } = this.#init
    const answered = request === null ? null : journal.answered(request)
    if (answered !== null) return Promise.resolve(answered)
    const known = this.#pending.find((one) => request !== null && one.request === request)
    if (known !== undefined) return this.#wait(known)
    const isCommand = command.length <= this.#room && machine.isCommand(command)
    const refused = !isCommand
      ? 'not-a-command'
      : this.#isOver || this.#height >= heights
        ? 'over'
        : this.#pending.length >= PENDING_MAX
          ? 'busy'
          : null
    if (refused !== null) return Promise.resolve({ refused })
    const session = (this.#session ??= this.#open())
    const taken = {
      ...{ session: session.id, seq: session.next, command: command.slice(), request },
      since: this.#height,
    }
    journal.add(taken)
    session.next += 1
    this.#pending.push(taken)
    const outcome = this.#wait(taken)
    wish()
    return outcome
  }

  /** What became of a command that was given this name; `waiting`: no height holds it yet; null: no such name is kept. */
  outcome(request: string): CommandAnswer | 'waiting' | null {
    const answered = this.#init.journal.answered(request)
    if (answered !== null) return answered
    return this.#pending.some((one) => one.request === request) ? 'waiting' : null
  }

  observe(): Promise<Uint8Array> {
    const [first] = this.#pending
    const clockMs = BigInt(this.#init.clockMs())
    const commands: Uint8Array[] = []
    let bytes = INPUT_HEAD_BYTES
    for (const { session, command } of this.#pending) {
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
    if (this.#pending.length > 0) this.#init.wish()
  }

  /** What waits may be in a height that this node has not seen: nobody is told that it is not. */
  over(): void {
    this.#isOver = true
  }

  close(): void {
    this.#init.journal.close()
  }

  get #room(): number {
    return Math.min(COMMAND_BYTES_MAX, this.#init.inputCap - INPUT_HEAD_BYTES - 2)
  }

  #take({ height, state, inputs = [] }: DecidedState): void {
    const { machine, params, seats, self, heights } = this.#init
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
    if (height < heights) return
    for (const one of [...this.#pending]) this.#refuse(one, 'over')
  }

  /** On disk before anybody is told. */
  #settle(answers: readonly SettledCommand[]): void {
    const byName = new Map(this.#pending.map((one) => [nameOf(one), one]))
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
    for (const one of this.#pending.filter(({ session }) => session === brought.session))
      this.#refuse(one, 'session-over')
    if (this.#session?.id === brought.session) this.#session = null
  }

  #refuse(command: JournaledCommand, refused: NotDecided): void {
    this.#init.journal.drop(command.session, command.seq)
    this.#end(command, { refused })
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
