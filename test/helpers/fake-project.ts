import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../rsdp', import.meta.url))
/** What the launcher may use besides node and npm. */
const TOOLS = 'sh cat cksum dirname env find ln mkdir readlink rm sleep sort uname xargs'.split(' ')

/** Stands in for npm: writes down how it was called, and "installs" what the launcher looks for. */
const FAKE_NPM = `#!/bin/sh
echo "npm $*" >>"$CALLS"
[ -z "\${NPM_SECONDS:-}" ] || sleep "$NPM_SECONDS"
[ -z "\${NPM_HANGS:-}" ] || exec sleep 60
[ -z "\${NPM_FAILS:-}" ] || exit 1
case "$1" in
  install)
    for package in "$@"; do :; done
    mkdir -p "$3/node_modules/\${package%@*}/bin"
    ln -s "$REAL_NODE" "$3/node_modules/\${package%@*}/bin/node" ;;
  ci)
    rm -rf "$3/node_modules"
    mkdir -p "$3/node_modules/hardhat/dist/src" "$3/artifacts"
    echo 'require("fs").appendFileSync(process.env.CALLS, ["hardhat", ...process.argv.slice(2)].join(" ") + require("os").EOL)' \\
      >"$3/node_modules/hardhat/dist/src/cli.js" ;;
esac
`
const OLD_NODE = '#!/bin/sh\nexit 1\n'
const ENTRY =
  'console.log(JSON.stringify(process.argv.slice(2)))\nprocess.exitCode = Number(process.env.EXIT ?? 0)\n'

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A small project around the real launcher, in a folder with spaces, with a PATH of which the test knows everything. */
export class FakeProject {
  readonly root: string
  readonly #bin: string
  readonly #calls: string
  readonly #scratch = mkdtempSync(join(tmpdir(), 'rsdp launcher '))

  constructor() {
    this.root = join(this.#scratch, 'a project')
    this.#bin = join(this.#scratch, 'bin')
    this.#calls = join(this.#scratch, 'calls')
    mkdirSync(this.#bin)
    for (const tool of TOOLS)
      symlinkSync(
        execFileSync('/bin/sh', ['-c', `command -v ${tool}`])
          .toString()
          .trim(),
        join(this.#bin, tool),
      )
    this.write('package-lock.json', '{}')
    this.write('hardhat.config.ts', '')
    this.write('contracts/A.sol', '')
    this.write('test/solidity/A.t.sol', '')
    this.write('src/cli/main.ts', ENTRY)
    this.write('scripts/other.ts', `console.log('other')\n${ENTRY}`)
    copyFileSync(LAUNCHER, join(this.root, 'rsdp'))
  }

  remove(): void {
    rmSync(this.#scratch, { recursive: true, force: true })
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true })
    writeFileSync(join(this.root, path), text)
  }

  /** Puts onto PATH: a Node that is new enough or too old, and npm. */
  provide(what: 'node' | 'old node' | 'npm' | 'other machine'): void {
    if (what === 'node') symlinkSync(process.execPath, join(this.#bin, 'node'))
    if (what === 'old node') this.#program('node', OLD_NODE)
    if (what === 'npm') this.#program('npm', FAKE_NPM)
    if (what === 'other machine') {
      rmSync(join(this.#bin, 'uname'))
      this.#program('uname', '#!/bin/sh\necho Plan9\n')
    }
  }

  /** Lines of what npm and hardhat were asked, since the last call of this. */
  calls(): string[] {
    const lines = existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').trim().split('\n') : []
    rmSync(this.#calls, { force: true })
    return lines.map((line) => line.replaceAll(this.root, '.'))
  }

  /** Every file with its time of change. */
  files(): string[] {
    return readdirSync(this.root, { recursive: true, encoding: 'utf8' })
      .map((file) => `${file} ${statSync(join(this.root, file)).mtimeMs}`)
      .sort()
  }

  start(
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): { kill: () => void; ended: Promise<Outcome> } {
    const child = spawn('/bin/sh', [join(this.root, 'rsdp'), ...args], {
      cwd: this.#scratch,
      env: { PATH: this.#bin, CALLS: this.#calls, REAL_NODE: process.execPath, ...env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data: Buffer) => void (stdout += data.toString()))
    child.stderr.on('data', (data: Buffer) => void (stderr += data.toString()))
    const ended = new Promise<Outcome>((resolve) => {
      child.once('close', (code) => resolve({ code, stdout, stderr }))
    })
    return { kill: () => void child.kill('SIGTERM'), ended }
  }

  run(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Outcome> {
    return this.start(args, env).ended
  }

  #program(name: string, text: string): void {
    writeFileSync(join(this.#bin, name), text)
    chmodSync(join(this.#bin, name), 0o755)
  }
}
