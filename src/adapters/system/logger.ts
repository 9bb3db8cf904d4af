import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { pino } from 'pino'
import type { Logger } from '../../ports/logger.ts'
import { redact } from './redact.ts'

export type LogLevel = 'info' | 'warn' | 'error'

/** Where lines go: a stream, or a test's list. */
export interface LogDestination {
  write(line: string): unknown
}

export interface LogFile extends LogDestination {
  /** What comes later is dropped. */
  close(): void
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

/**
 * A log file, mode 0600, appended to; its directory is made. A full disk loses lines and stops nothing. Throws the system's
 * error if the file cannot be opened.
 */
export function openLogFile(path: string): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const file = openSync(path, 'a', 0o600)
  let isOpen = true
  /** The last line is there in part. */
  let isCut = false
  return {
    write: (line) => {
      const bytes = Buffer.from(isCut ? `\n${line}` : line)
      let at = 0
      try {
        while (isOpen && at < bytes.length) at += writeSync(file, bytes, at)
        isCut = false
      } catch {
        isCut ||= at > 0
      }
    },
    close: () => {
      if (isOpen) closeSync(file)
      isOpen = false
    },
  }
}
