import type { Address } from '../../types/ids.ts'
import type { Codec } from '../reducer.ts'

/** What a machine knows when it applies a command. */
export interface CommandContext {
  /** Key of the member that proposed it. */
  readonly proposer: Address
  /** Agreed time of the height, ms: it never falls. */
  readonly agreedMs: bigint
  /** Fencing token of this height: greater than that of every height before. */
  readonly token: bigint
  /** Number of the command in the whole log, from 1. */
  readonly index: bigint
}

/**
 * A state machine that fits into the agreed state. Pure and total, like a reducer: integers only, no throw on any command
 * that `isCommand` accepts. Arguments are never written to.
 */
export interface Machine<S> {
  /** `name@version`, of the machine and of its reducer. */
  readonly id: string
  readonly empty: S
  /** At most `MACHINE_BYTES_MAX` bytes: a command that would take more is answered, not applied. */
  readonly state: Codec<S>
  /** Whether these bytes are a command: an input with another one is no input. */
  isCommand(command: Uint8Array): boolean
  apply(
    state: S,
    command: Uint8Array,
    context: CommandContext,
  ): { readonly state: S; readonly result: Uint8Array }
  /** Runs once at each height before its commands: ends what has a time. Absent: nothing does. */
  turn?(state: S, context: Pick<CommandContext, 'agreedMs' | 'token'>): S
}
