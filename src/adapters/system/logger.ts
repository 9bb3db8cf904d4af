import { pino } from 'pino'
import type { Logger } from '../../ports/logger.ts'
import { redact } from './redact.ts'

export type LogLevel = 'info' | 'warn' | 'error'

/** Where lines go: a stream, or a test's list. */
export interface LogDestination {
  write(line: string): unknown
}

/** Names that every line has; a fact of such a name gets a trailing underscore. */
const RESERVED = new Set(['level', 'time', 'event'])

/**
 * A logger that writes one JSON object per line: `level`, `time` (ISO 8601, UTC), the facts, `event`. Facts are
 * redacted (`redact`) before anything is written. Writes happen before the call returns.
 *
 * @param level least level that is written
 */
export function createLogger(destination: LogDestination, level: LogLevel = 'info'): Logger {
  const out = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void destination.write(line) },
  )
  const write =
    (at: LogLevel) =>
    (event: string, facts: Readonly<Record<string, unknown>> = {}): void => {
      if (!out.isLevelEnabled(at)) return
      const safe = Object.entries(facts).map(([name, value]) => [
        RESERVED.has(name) ? `${name}_` : name,
        redact(name, value),
      ])
      out[at]({ ...(Object.fromEntries(safe) as Record<string, unknown>), event })
    }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}
