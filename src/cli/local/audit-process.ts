import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { environmentForChildren } from '../environment.ts'
import type { LocalNetwork } from './network.ts'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

/** Runs `rsdp audit` as a process of its own, which knows nothing but the RPC URL and the deployment file. */
export async function auditProcess(
  { rpcUrl, deploymentFile }: Pick<LocalNetwork, 'rpcUrl' | 'deploymentFile'>,
  taskId: bigint,
): Promise<{ exitCode: number; text: string; data: unknown }> {
  const args = [MAIN, 'audit', String(taskId), '--rpc-url', rpcUrl, '--deployment', deploymentFile]
  const readable = await run(args)
  const machine = await run([...args, '--json'])
  const envelope = JSON.parse(machine.stdout || '{}') as { data?: unknown }
  return {
    exitCode: readable.exitCode === 0 ? machine.exitCode : readable.exitCode,
    text: readable.stderr + readable.stdout,
    data: envelope.data,
  }
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
