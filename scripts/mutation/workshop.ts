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
const DEPLOYED = ['contracts/*.sol', 'contracts/reducers/*.sol']
/** A mutant may loop for ever. */
const MINUTES_MAX = 15

interface Solc {
  compile(input: string, callbacks: { import: (path: string) => { contents: string } }): string
}

interface Compiled {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, Bytecodes>>>>
}

export interface Bytecodes {
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
  readonly #originals = new Map<string, string>()

  constructor() {
    for (const path of COPIED) cpSync(join(root, path), join(this.folder, path), { recursive: true })
    for (const path of LINKED) symlinkSync(join(root, path), join(this.folder, path))
    const config = join(this.folder, 'hardhat.config.ts')
    // a busy machine is not a failing test: what is slow has until MINUTES_MAX
    const text = readFileSync(config, 'utf8')
    writeFileSync(config, text.replace('timeout: 60_000', 'timeout: 600_000, bail: true'))
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Contracts that use a file: those that are deployed, or those that open libraries to tests. */
  users(file: string, kind: 'deployed' | 'harness'): string[] {
    const paths = kind === 'deployed' ? DEPLOYED : 'contracts/dev/*Harness.sol'
    return globSync(paths, { cwd: root }).filter((path) => sourcesOf(path).has(file))
  }

  /** Whether contracts that are compiled with another text of one file are the same as before. */
  areSame(codes: ReadonlyMap<string, Bytecodes>): boolean {
    return [...codes].every(([contract, { evm }]) => evm.bytecode.object === this.#original(contract))
  }

  #original(contract: string): string {
    const known = this.#originals.get(contract)
    if (known !== undefined) return known
    const code = compile(contract)?.evm.bytecode.object ?? ''
    this.#originals.set(contract, code)
    return code
  }

  /** Puts the code of contracts in place. */
  put(codes: ReadonlyMap<string, Bytecodes>): void {
    for (const [contract, { evm }] of codes) {
      const path = join(this.folder, 'artifacts', contract, `${nameOf(contract)}.json`)
      const artifact = JSON.parse(readFileSync(path, 'utf8')) as object
      const bytecode = `0x${evm.bytecode.object}`
      const deployedBytecode = `0x${evm.deployedBytecode.object}`
      writeFileSync(path, JSON.stringify({ ...artifact, bytecode, deployedBytecode }))
    }
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
    return run(this.folder, [cli, 'test', args[0] ?? '', '--no-compile', ...args.slice(1)], env)
  }
}

/** What Node says of a run; null if it ends well. */
export function run(
  folder: string,
  args: readonly string[],
  env: Record<string, string> = {},
): string | null {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: MINUTES_MAX * 60_000,
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: 'true', CI: 'true', ...env },
  })
  return status === 0 ? null : stdout + stderr
}

/** The code of contracts with another text of one file; null if one of them does not compile. */
export function compileAll(
  contracts: readonly string[],
  file: string,
  text: string,
): Map<string, Bytecodes> | null {
  const codes = new Map<string, Bytecodes>()
  for (const contract of contracts) {
    const code = compile(contract, file, text)
    if (code === null) return null
    codes.set(contract, code)
  }
  return codes
}

function compile(contract: string, file?: string, text?: string): Bytecodes | null {
  const read = (path: string): string => {
    if (path === file && text !== undefined) return text
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
  return output.contracts?.[contract]?.[nameOf(contract)] ?? null
}

const nameOf = (contract: string): string => contract.slice(contract.lastIndexOf('/') + 1, -'.sol'.length)

/** A contract's file and all of the project's that it imports. */
function sourcesOf(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen
  seen.add(path)
  for (const [, target] of readFileSync(join(root, path), 'utf8').matchAll(/from "(\.[^"]+)"/g))
    sourcesOf(join(dirname(path), target ?? ''), seen)
  return seen
}
