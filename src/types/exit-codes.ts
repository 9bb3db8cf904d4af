/** Exit codes of every command; documented and stable. */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  precondition: 3,
  unreachable: 4,
  timeout: 5,
  mismatch: 6,
  busy: 7,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
