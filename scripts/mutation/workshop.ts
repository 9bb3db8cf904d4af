/** A copy of the project whose compiled contracts are broken and mended again, for tests that have to notice. */
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const COPIED = [
  'artifacts',
  'cache',
  'contracts',
  'types',
  'hardhat.config.ts',
  'package.json',
  'tsconfig.json',
]
const LINKED = ['node_modules', 'src', 'test', 'ignition']
/** A mutant may loop for ever. */
const MINUTES_MAX = 15

interface Solc {
  compile(input: string, callbacks: { import: (path: string) => { contents: string } }): string
}

interface Compiled {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, Bytecodes>>>>
}

interface Bytecodes {
  readonly evm: Readonly<Record<'bytecode' | 'deployedBytecode', { readonly object: string }>>
}

const solc = createRequire(import.meta.url)('solc') as Solc
const SETTINGS = {
  evmVersion: 'osaka',
  optimizer: { enabled: true, runs: 800 },
  viaIR: true,
  // without it, what compiles to the same code is the same
  metadata: { appendCBOR: false },
}

export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'rsdp-mutant-'))

  constructor() {
    for (const path of COPIED) cpSync(join(root, path), join(this.folder, path), { recursive: true })
    for (const path of LINKED) symlinkSync(join(root, path), join(this.folder, path))
    const config = join(this.folder, 'hardhat.config.ts')
    const text = readFileSync(config, 'utf8')
    writeFileSync(config, text.replace('timeout: 60_000', 'timeout: 60_000, bail: true'))
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Contracts that use a file: those that are deployed, or those that open libraries to tests. */
  users(file: string, kind: 'deployed' | 'harness'): string[] {
    const paths = kind === 'deployed' ? 'contracts/*.sol' : 'contracts/dev/*Harness.sol'
    return globSync(paths, { cwd: root }).filter((path) => sourcesOf(path).has(file))
  }

  /**
   * Puts the code of contracts in place that are compiled with another text of one file.
   *
   * @returns their code, one after the other; null if they do not compile
   */
  put(file: string, text: string, contracts: readonly string[]): string | null {
    const codes: string[] = []
    for (const contract of contracts) {
      const code = compile(contract, file, text)
      if (code === null) return null
      const name = contract.slice(contract.lastIndexOf('/') + 1, -'.sol'.length)
      const path = join(this.folder, 'artifacts', contract, `${name}.json`)
      const artifact = JSON.parse(readFileSync(path, 'utf8')) as object
      const bytecode = `0x${code.evm.bytecode.object}`
      const deployedBytecode = `0x${code.evm.deployedBytecode.object}`
      writeFileSync(path, JSON.stringify({ ...artifact, bytecode, deployedBytecode }))
      codes.push(bytecode)
    }
    return codes.join('\n')
  }

  /** The contracts as they are. */
  mend(contracts: readonly string[]): void {
    for (const contract of contracts) {
      const path = join('artifacts', contract)
      cpSync(join(root, path), join(this.folder, path), { recursive: true })
    }
  }

  /** What Hardhat's tests say; null if they pass. */
  test(args: readonly string[], env: Record<string, string> = {}): string | null {
    const cli = join(root, 'node_modules/hardhat/dist/src/cli.js')
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [cli, 'test', args[0] ?? '', '--no-compile', ...args.slice(1)],
      {
        cwd: this.folder,
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
        timeout: MINUTES_MAX * 60_000,
        env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: 'true', CI: 'true', ...env },
      },
    )
    return status === 0 ? null : stdout + stderr
  }
}

function compile(contract: string, file: string, text: string): Bytecodes | null {
  const read = (path: string): string => {
    if (path === file) return text
    return readFileSync(join(root, path.startsWith('@') ? join('node_modules', path) : path), 'utf8')
  }
  const input = {
    language: 'Solidity',
    sources: { [contract]: { content: read(contract) } },
    settings: {
      ...SETTINGS,
      outputSelection: { [contract]: { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  }
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), { import: (path) => ({ contents: read(path) }) }),
  ) as Compiled
  if (output.errors?.some(({ severity }) => severity === 'error')) return null
  return Object.values(output.contracts?.[contract] ?? {})[0] ?? null
}

/** A contract's file and all of the project's that it imports. */
function sourcesOf(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen
  seen.add(path)
  for (const [, target] of readFileSync(join(root, path), 'utf8').matchAll(/from "(\.[^"]+)"/g))
    sourcesOf(join(dirname(path), target ?? ''), seen)
  return seen
}
