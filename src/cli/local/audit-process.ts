import { spawn } from 'node:child_process'
import { environmentForChildren } from '../environment.ts'
import { MAIN_FILE } from './main-file.ts'
import type { LocalNetwork } from './network.ts'

type Place = Pick<LocalNetwork, 'rpcUrl' | 'deploymentFile'>

/** Runs `rsdp audit` as a process of its own, which knows nothing but the RPC URL and the deployment file. */
export async function auditProcess(
  place: Place,
  taskId: bigint,
): Promise<{ exitCode: number; text: string; data: unknown }> {
  const readable = await command(place, 'audit', String(taskId))
  const machine = await command(place, 'audit', String(taskId), '--json')
  const envelope = JSON.parse(machine.stdout || '{}') as { data?: unknown }
  return {
    exitCode: readable.exitCode === 0 ? machine.exitCode : readable.exitCode,
    text: readable.stderr + readable.stdout,
    data: envelope.data,
  }
}

/** The same, with bodies from members: what it reports, without the text. */
export async function auditWithBodies(
  place: Place,
  taskId: bigint,
  bodies: readonly string[],
): Promise<{ exitCode: number; data: unknown }> {
  const { exitCode, stdout } = await command(place, 'audit', String(taskId), '--json', '--bodies', ...bodies)
  return { exitCode, data: (JSON.parse(stdout || '{}') as { data?: unknown }).data }
}

/** Runs `rsdp explain` in the same way. */
export async function explainProcess(
  place: Place,
  transaction: string,
): Promise<{ exitCode: number; text: string }> {
  const { exitCode, stderr, stdout } = await command(place, 'explain', transaction)
  return { exitCode, text: stderr + stdout }
}

function command({ rpcUrl, deploymentFile }: Place, ...args: readonly string[]): ReturnType<typeof run> {
  return run([MAIN_FILE, ...args, '--rpc-url', rpcUrl, '--deployment', deploymentFile])
}

function run(args: readonly string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environmentForChildren(),
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
    child.once('close', (code) => resolve({ exitCode: code ?? 1, stdout, stderr }))
  })
}
