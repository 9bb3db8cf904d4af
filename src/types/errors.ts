import type { ExitCode } from './exit-codes.ts'

export interface ErrorInfo {
  /** Stable and literal, `E_` + UPPER_CASE. Tests and scripts compare this, never the message. */
  readonly code: `E_${string}`
  /** What is wrong, with the value seen. */
  readonly message: string
  /** What to do about it. */
  readonly hint: string
  readonly exit: ExitCode
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** A fault of the caller, the operator or the environment. Faults of peers are data, not exceptions. */
export class RsdpError extends Error {
  readonly code: `E_${string}`
  readonly hint: string
  readonly exit: ExitCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(info: ErrorInfo) {
    super(info.message, { cause: info.cause })
    this.name = 'RsdpError'
    this.code = info.code
    this.hint = info.hint
    this.exit = info.exit
    this.details = info.details ?? {}
  }
}

/** A bug of ours. Stops the process; nothing catches it but the outermost handler. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws InvariantError unless `condition` holds. Stays on in production. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}
