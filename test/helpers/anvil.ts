import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Anvil {
  readonly rpcUrl: string
  close(): Promise<void>
}

/** Where npm puts the program for this machine; null if it has none for it. */
export function anvilProgram(): string | null {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const root = fileURLToPath(new URL('../../node_modules/@foundry-rs', import.meta.url))
  const program = join(root, `anvil-${process.platform}-${arch}`, 'bin', 'anvil')
  return existsSync(program) ? program : null
}

/**
 * A chain by Foundry's anvil as a process of its own, on a free port: another EVM than Hardhat's, with the same test
 * accounts. A transaction is mined at once, and a block every so often.
 */
export async function startAnvil(program: string, blockMs: number): Promise<Anvil> {
  const args = ['--port', '0', '--accounts', '20', '--mixed-mining', '--block-time', String(blockMs / 1000)]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<null>((resolve) => child.once('exit', () => resolve(null)))
  const listening = new Promise<string>((resolve) => {
    // the reader goes on, so that the pipe never fills
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, address] = /^Listening on (\S+)/.exec(line) ?? []
      if (address !== undefined) resolve(`http://${address}`)
    })
  })
  const rpcUrl = await Promise.race([listening, exited])
  if (rpcUrl === null) throw new Error(`anvil ended with ${String(child.exitCode)} before it listened`)
  return {
    rpcUrl,
    close: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}
