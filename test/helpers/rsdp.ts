import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface CliRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a TypeScript file of this project as its user would, to the end; stdin is closed. */
export function runFile(file: string, args: readonly string[]): Promise<CliRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** Runs `rsdp …`. */
export function rsdp(...args: readonly string[]): Promise<CliRun> {
  return runFile(MAIN, args)
}

/** Error code of a failed command: `error[E_…]: …` is the last line on stderr, and no stack trace is anywhere. */
export function errorCode({ stdout, stderr }: CliRun): string | undefined {
  const [, code] = /^error\[(E_[A-Z_]+)\]: .+ -> .+$/m.exec(stderr) ?? []
  return /^\s+at .+:\d+:\d+/m.test(stdout + stderr) ? 'a stack trace' : code
}
