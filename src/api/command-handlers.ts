import { randomUUID } from 'node:crypto'
import { fromHex, toHex } from '../codec/hex.ts'
import type { Address, Hex } from '../types/ids.ts'
import { Refused } from './refused.ts'
import type { Asked } from './http.ts'
import type { Handlers } from './server.ts'

/** A command that some height holds. */
interface Answered {
  readonly height: number
  readonly result: Uint8Array
}

/** Why a command is not applied, and the status that says so. */
const REFUSALS = {
  'not-a-command': 422,
  busy: 503,
  'session-over': 409,
  over: 409,
  superseded: 409,
  'not-a-member': 410,
} as const

type Proposed<T extends Answered> = T | { readonly refused: keyof typeof REFUSALS }
type Known<T extends Answered> = 'waiting' | (T & { readonly standing: 'decided' | 'final' | 'superseded' })
type InLine = Answered & { readonly task: bigint }

/** Takes commands for the machines of tasks; null: no such task, or line, takes any. */
export interface TakesCommands {
  propose(taskId: bigint, command: Uint8Array, request: string | null): Promise<Proposed<Answered>> | null
  outcome(taskId: bigint, request: string): Known<Answered> | null
  proposeInLine(line: Address, command: Uint8Array, request: string): Promise<Proposed<InLine>> | null
  outcomeInLine(line: Address, request: string): Known<InLine> | null
}

export interface CommandHandlersInit {
  readonly commands: TakesCommands
  /** Height up to which checkpoints of a task are on chain; 0: this node runs no such task. */
  readonly anchoredHeight: (taskId: bigint) => number
  /** Whom the line has gone on with. */
  readonly membersOf: (line: Address) => Readonly<Record<string, unknown>>
}

/** How long an answer is waited for: longer than a height takes, shorter than clients wait. */
const COMMAND_MS = 8_000

/** What the routes of commands do, to a task and to a line. */
export function commandHandlers({
  commands,
  anchoredHeight,
  membersOf,
}: CommandHandlersInit): Pick<Handlers, 'command' | 'outcome' | 'lineCommand' | 'lineOutcome'> {
  const shown = <T extends Answered>(known: Known<T> | null, taskOf: (answered: T) => bigint) => {
    if (known === null) throw new Refused(404, 'no-request', 'no command of this name is kept here')
    if (known === 'waiting') return { outcome: 'waiting' } as const
    const { standing, height, result } = known
    const isAnchored = standing === 'final' || height <= anchoredHeight(taskOf(known))
    const outcome = standing === 'superseded' ? standing : isAnchored ? 'anchored' : 'decided'
    return { outcome, height, result: toHex(result), task: String(taskOf(known)) } as const
  }
  return {
    command: async ({ task, body }: Asked) => {
      const { command, request = null } = body as Proposal
      const proposed = commands.propose(task, fromHex(command), request)
      if (proposed === null)
        throw new Refused(404, 'no-machine', 'no task of this number takes commands here')
      const outcome = await within(proposed, {})
      if ('refused' in outcome) throw new Refused(REFUSALS[outcome.refused], outcome.refused)
      return { height: outcome.height, result: toHex(outcome.result) }
    },
    outcome: ({ task, query }) => {
      const known = shown(commands.outcome(task, (query as Named).request), () => task)
      if (known.outcome === 'waiting') return known
      const { outcome, height, result } = known
      return { outcome, height, result }
    },
    lineCommand: async ({ line, body }: Asked) => {
      const { command, request = randomUUID() } = body as Proposal
      const proposed = commands.proposeInLine(line, fromHex(command), request)
      if (proposed === null) throw noLine()
      const outcome = await within(proposed, { request })
      if (!('refused' in outcome))
        return { task: String(outcome.task), height: outcome.height, result: toHex(outcome.result) }
      const { refused } = outcome
      throw new Refused(REFUSALS[refused], refused, '', refused === 'not-a-member' ? membersOf(line) : {})
    },
    lineOutcome: ({ line, query }) =>
      shown(commands.outcomeInLine(line, (query as Named).request), ({ task }) => task),
  }
}

interface Proposal {
  readonly command: Hex
  readonly request?: string
}

interface Named {
  readonly request: string
}

/** Of a line that this node was not drawn for, or whose tasks take no commands. */
const noLine = (): Refused => new Refused(404, 'no-line', 'this node was drawn for no such line of a machine')

async function within<T>(outcome: Promise<T>, named: Readonly<Record<string, unknown>>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () =>
      late.reject(new Refused(504, 'undecided', 'no height holds it yet; it goes on being proposed', named)),
    COMMAND_MS,
  )
  try {
    return await Promise.race([outcome, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
