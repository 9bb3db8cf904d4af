/** Structured log: `event` names are stable, facts never hold keys, passwords or RPC URLs. */
export interface Logger {
  info(event: string, facts?: Readonly<Record<string, unknown>>): void
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void
  error(event: string, facts?: Readonly<Record<string, unknown>>): void
}
