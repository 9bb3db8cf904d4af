import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Command } from 'commander'
import { buildProgram } from '../../../src/cli/program.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'
import { rsdpHere } from '../../helpers/cli.ts'
import type { CliRun } from '../../helpers/rsdp.ts'
import { errorCode, rsdp } from '../../helpers/rsdp.ts'

interface Leaf {
  readonly path: readonly string[]
  readonly command: Command
}

/** Every command that does something. */
function leaves(command: Command, path: readonly string[] = []): Leaf[] {
  if (command.commands.length === 0) return [{ path, command }]
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]))
}

const ALL = leaves(buildProgram(() => Promise.resolve()))
const PUBLIC = ALL.filter(({ path }) => path.join(' ') !== 'node private')
const EXITS: ReadonlySet<unknown> = new Set([...Object.values(EXIT)])
/** Something that parses for each argument. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  id: '1',
  task: '1',
  service: '1',
  amount: '1',
  tranche: '0',
  name: 'nobody',
  command: 'nonsense',
  dir: 'No-Name-For-An-App',
}

describe('command tree', function () {
  this.timeout(60_000)
  let scratch: string
  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-tree-'))
    writeFileSync(join(scratch, 'pw'), 'short\n', { mode: 0o600 })
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  /** The command with everything it must have, pointed at things that are not there. */
  function doomed({ path, command }: Leaf): string[] {
    const has = (flag: string): boolean => command.options.some(({ long }) => long === flag)
    return [
      ...path,
      // the last of two counts, and a list ends at the next flag
      ...command.options.flatMap(({ long, mandatory, parseArg }) =>
        mandatory ? [long ?? '', parseArg === undefined ? '0x' : '1'] : [],
      ),
      // flags first: `config show` takes those after its words for the command's own
      ...(has('--json') ? ['--json'] : []),
      ...(has('--data-dir') ? ['--data-dir', join(scratch, 'nowhere')] : []),
      ...(has('--deployment') ? ['--deployment', join(scratch, 'no-deployment.json')] : []),
      ...(has('--rpc-url') ? ['--rpc-url', 'http://127.0.0.1:1'] : []),
      ...(has('--key-file') ? ['--key-file', join(scratch, 'no-key')] : []),
      ...(has('--keys-dir') ? ['--keys-dir', join(scratch, 'keys')] : []),
      ...(has('--password-file') ? ['--password-file', join(scratch, 'pw')] : []),
      ...command.registeredArguments.map((argument) => ARGUMENTS[argument.name()] ?? 'x'),
    ]
  }

  const failed = ({ stdout }: CliRun): { ok: boolean; error: { code: string; hint: string } } =>
    JSON.parse(stdout) as { ok: boolean; error: { code: string; hint: string } }

  it('every command says what it does, and every flag what it is for', () => {
    expect(ALL).length.greaterThan(20)
    for (const { path, command } of ALL) {
      expect(command.description(), path.join(' ')).match(/^\S.{15,}/)
      for (const option of command.options)
        expect(option.description, `${path.join(' ')} ${option.flags}`).not.equal('')
    }
  })

  it('every group says what it is about', () => {
    const groups = (command: Command): Command[] =>
      command.commands.length === 0 ? [] : [command, ...command.commands.flatMap(groups)]
    for (const group of groups(buildProgram(() => Promise.resolve())))
      expect(group.description(), group.name()).match(/^\S.{9,}/)
  })

  it('--help shows examples that begin as the command does, and that parse', async () => {
    for (const { path } of PUBLIC) {
      const { code, stdout } = await rsdpHere(...path, '--help')
      const name = path.join(' ')
      expect(code, name).equal(0)
      const shown = stdout.slice(stdout.indexOf('Examples:'))
      expect(shown, name).match(new RegExp(`^Examples:\\n  \\$ (RSDP_\\w+=\\S+ )?rsdp ${name}( |$)`, 'm'))
      const lines = shown.match(/^ {2}\$ (RSDP_\w+=\S+ )?rsdp .*$/gm) ?? []
      for (const line of lines) {
        const words = line
          .replace(/^.*?rsdp /, '')
          .replace(/ {2,}#.*$/, '')
          .match(/"[^"]*"|\S+/g)!
        let ran = ''
        const program = buildProgram((command) => {
          ran = command
          return Promise.resolve()
        })
        await program.parseAsync(
          words.map((word) => word.replaceAll('"', '')),
          { from: 'user' },
        )
        expect(ran, line).equal(name)
      }
    }
  })

  it('--help --all is the help of every command, as that command gives it', async () => {
    const all = await rsdpHere('--help', '--all')
    expect(all.code).equal(0)
    const text = all.stdout.replaceAll(/^ +/gm, '')
    for (const { path } of PUBLIC) {
      const { stdout } = await rsdpHere(...path, '--help')
      const examples = stdout.slice(stdout.indexOf('Examples:')).trimEnd().replaceAll(/^ +/gm, '')
      expect(text.includes(`\nrsdp ${path.join(' ')}\n\nUsage: `), path.join(' ')).equal(true)
      expect(text.includes(examples), path.join(' ')).equal(true)
    }
    expect(all.stdout).not.include('node private')
    const { stdout: short } = await rsdpHere('--help')
    expect([short.includes('--all'), short.includes('Examples:')]).deep.equal([true, false])
  })

  it('a flag that does not exist is misuse: exit 2, with a hint', async () => {
    for (const { path } of PUBLIC.filter(({ path }) => path[0] !== 'config')) {
      const run = await rsdpHere(...path, '--no-such-flag')
      expect(run.code, path.join(' ')).equal(EXIT.usage)
      expect(run.stderr, path.join(' ')).match(/--help/)
    }
  })

  it('without what it needs, every command fails with an envelope, a known exit code and a hint', async () => {
    const reach = PUBLIC.filter(
      ({ path }) =>
        !['demo', 'dev', 'sim', 'keys list', 'page', 'services template', 'lab report', 'lab list'].includes(
          path.join(' '),
        ),
    )
    for (const leaf of reach.filter(({ command }) => command.options.some(({ long }) => long === '--json'))) {
      const name = leaf.path.join(' ')
      const run = await rsdpHere(...doomed(leaf))
      expect(
        EXITS.has(run.code) && run.code !== EXIT.ok && run.code !== EXIT.bug,
        `${name}: ${run.code}`,
      ).equal(true)
      if (name === 'doctor') continue // its result is the list of what failed
      expect(errorCode(run), `${name} ${run.stderr}`).match(/^E_(?!BUG)/)
      const { ok, error } = failed(run)
      expect({ ok, code: error.code, name }).deep.equal({ ok: false, code: errorCode(run), name })
      expect(error.hint, name).not.equal('')
    }
  })

  it('a process with its input closed asks nothing and ends', async () => {
    const run = await rsdp('keys', 'new', 'x', '--keys-dir', join(scratch, 'keys'), '--json')
    expect([run.code, errorCode(run)]).deep.equal([EXIT.usage, 'E_NEEDS_INPUT'])
    expect(failed(run).error.hint).match(/--password-file/)
  })
})
