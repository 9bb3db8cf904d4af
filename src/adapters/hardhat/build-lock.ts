import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

const POLL_MS = 200
/** Longer than a compilation on a slow and busy machine. */
const WAIT_MS_MAX = 300_000

/** Runs `work` while no other process holds the lock file. A lock whose process is gone counts for nothing. */
export async function withBuildLock(path: string, work: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + WAIT_MS_MAX
  while (!take(path)) {
    const holder = holderOf(path)
    if (holder !== null && !isRunning(holder)) rmSync(path, { force: true })
    if (performance.now() > deadline) throw busy(path, holder)
    await sleep(POLL_MS)
  }
  try {
    await work()
  } finally {
    rmSync(path, { force: true })
  }
}

function take(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Null while the file is being written or removed. */
function holderOf(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return pid > 0 ? pid : null
  } catch {
    return null
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function busy(path: string, holder: number | null): RsdpError {
  return new RsdpError({
    code: 'E_BUILD',
    message: `process ${holder ?? '?'} has been compiling the contracts for minutes`,
    hint: `wait for it, or remove ${path}`,
    exit: EXIT.busy,
    details: { path, holder },
  })
}
