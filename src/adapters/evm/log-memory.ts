import type { RawLog } from './history-rpc.ts'

/** Logs of one query, all of them up to a block. */
export interface LogsUpTo {
  readonly upTo: number
  readonly logs: readonly RawLog[]
}

/** Keeps logs that were read and that no re-org can change. */
export interface KeepsLogs {
  get(query: string): LogsUpTo | null
  set(query: string, found: LogsUpTo): void
}

/** As long as the process runs. */
export class LogMemory implements KeepsLogs {
  readonly #known = new Map<string, LogsUpTo>()

  get(query: string): LogsUpTo | null {
    return this.#known.get(query) ?? null
  }

  set(query: string, found: LogsUpTo): void {
    this.#known.set(query, found)
  }
}
