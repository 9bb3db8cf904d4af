import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { reportSchema } from '../../audit/report-schema.ts'
import type { ReportJson } from '../../audit/report-schema.ts'

/** Of a task that is over, nothing but payments is still to come. */
const OVER: ReadonlySet<string | undefined> = new Set(['Closed', 'Expired', 'NoQuorum'])

/**
 * Verdicts of a run over many tasks, a line of JSON each, so that an interrupted run goes on where it was. A file that cannot be
 * read or written costs time alone.
 */
export class KeptVerdicts {
  readonly #path: string
  readonly #reports = new Map<string, ReportJson>()

  constructor(path: string) {
    this.#path = path
    for (const line of linesOf(path)) {
      const report = parsed(line)
      if (report !== null) this.#reports.set(report.taskId, report)
    }
  }

  /** Of an earlier, interrupted run; null for a task that was not over then. */
  get(taskId: bigint): ReportJson | null {
    const report = this.#reports.get(String(taskId))
    return report !== undefined && OVER.has(report.end?.status) ? report : null
  }

  add(report: ReportJson): void {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
      appendFileSync(this.#path, `${JSON.stringify(report)}\n`, { mode: 0o600 })
    } catch {
      // the next run audits the task again
    }
  }

  /** The run is over. */
  clear(): void {
    rmSync(this.#path, { force: true })
  }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

/** Null for a line that was cut off. */
function parsed(line: string): ReportJson | null {
  try {
    return reportSchema.parse(JSON.parse(line))
  } catch {
    return null
  }
}
