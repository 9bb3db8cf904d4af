import type { Logger } from '../ports/logger.ts'

/** The logger, with everything that passes told to somebody else first. */
export function tee(
  logger: Logger,
  take: (event: string, facts: Readonly<Record<string, unknown>>) => void,
): Logger {
  const of =
    (level: keyof Logger) =>
    (event: string, facts: Readonly<Record<string, unknown>> = {}): void => {
      take(event, facts)
      logger[level](event, facts)
    }
  return { info: of('info'), warn: of('warn'), error: of('error') }
}
