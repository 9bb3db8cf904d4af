import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { root } from './suites.ts'

/** A process that takes longer is stuck. */
const MINUTES_MAX = 45
/** A suite whose tests have ended must exit by itself: what keeps it alive is a leak. */
const EXIT_SECONDS_MAX = 15

/** What to stop when the runner is interrupted. */
const running = new Set<(signal: NodeJS.Signals, reason: string) => void>()

function interrupt(signal: NodeJS.Signals): void {
  for (const stop of running) stop(signal, 'interrupted')
  process.exit(signal === 'SIGINT' ? 130 : 143)
}
process.once('SIGINT', interrupt).once('SIGTERM', interrupt)

export interface ProcessRun {
  /** What Node runs. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** File that the process writes when its last test has ended. */
  readonly counts?: string
  /** File descriptor for what it prints. */
  readonly output: number
}

/** Runs one Node process to its end; `problem` says what was wrong with how it ended. */
export async function runProcess({
  args,
  env,
  counts,
  output,
}: ProcessRun): Promise<{ problem: string | null }> {
  // a process group of its own, so that stopping a suite also stops what it started
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: root,
    // Hardhat reports home and looks for news unless told not to; CI makes suites the same with and without a terminal
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: 'true', CI: 'true', ...env },
    stdio: ['ignore', output, output],
    detached: true,
  })
  const reasons: string[] = []
  const stop = (signal: NodeJS.Signals, reason: string): void => {
    reasons.push(reason)
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal)
  }
  const limit = setTimeout(() => stop('SIGKILL', `stuck for ${MINUTES_MAX} minutes`), MINUTES_MAX * 60_000)
  let idleSeconds = 0
  const watch = setInterval(() => {
    if (counts !== undefined && existsSync(counts)) idleSeconds += 1
    if (idleSeconds > EXIT_SECONDS_MAX)
      stop('SIGKILL', `did not exit within ${EXIT_SECONDS_MAX} s after its last test`)
  }, 1_000)
  running.add(stop)
  const ended = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? null : `ended with ${code === null ? signal : `exit code ${code}`}`),
    )
  })
  clearTimeout(limit)
  clearInterval(watch)
  running.delete(stop)
  return { problem: reasons[0] ?? ended }
}
