import { execFileSync, spawnSync } from 'node:child_process'
import { expect } from 'chai'
import type { Command } from 'commander'
import { completionScript, SHELLS } from '../../../../src/cli/completion/scripts.ts'
import { placesOf } from '../../../../src/cli/completion/tree.ts'
import { buildProgram } from '../../../../src/cli/program.ts'
import { rsdpHere } from '../../../helpers/cli.ts'

interface Wanted {
  readonly path: readonly string[]
  readonly words: readonly string[]
}

/** What a person may type after each command and group, read from what `--help` is made of. */
function wanted(command: Command, path: readonly string[] = []): Wanted[] {
  const help = command.createHelp()
  const named = help.visibleCommands(command).map((one) => one.name())
  const flags = help.visibleOptions(command).map(({ long }) => long ?? '')
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? [])
  const own = { path, words: [...named.filter((name) => name !== 'help'), ...choices, ...flags] }
  const others = command.commands.filter((one) => named.includes(one.name()))
  return [own, ...others.flatMap((one) => wanted(one, [...path, one.name()]))]
}

describe('shell completion', function () {
  this.timeout(60_000)
  const program = buildProgram(() => Promise.resolve())
  const places = placesOf(program)
  const all = wanted(program)

  it('a shell that it does not know is misuse', async () => {
    expect((await rsdpHere('completion', 'powershell')).code).equal(2)
    expect((await rsdpHere('completion')).code).equal(2)
  })

  it('names are words that no shell reads as anything else', () => {
    for (const { path, words } of all)
      for (const word of [...path, ...words]) expect(word).match(/^[a-z0-9-]+$/i)
  })

  it('bash offers exactly the commands and flags of each place, whatever flags stand before', () => {
    const asks = all.flatMap(({ path }) => [path, [...path, '--flag', 'value']])
    const calls = asks.map((path) => {
      const words = ['rsdp', ...path, ''].map((word) => `'${word}'`).join(' ')
      return `COMP_WORDS=(${words}); COMP_CWORD=${path.length + 1}; _rsdp; echo "\${COMPREPLY[*]}"`
    })
    const script = [completionScript('bash', places), ...calls].join('\n')
    const lines = execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' }).split('\n')
    const sorted = (words: readonly string[]): string => [...words].sort().join(' ')
    for (const [i, { path, words }] of all.entries())
      for (const line of [lines[2 * i], lines[2 * i + 1]])
        expect(sorted(line?.split(' ') ?? []), path.join(' ')).equal(sorted(words))
  })

  it('bash completes what was begun', () => {
    for (const begun of ['fol', 'follow']) {
      const ask = `COMP_WORDS=(rsdp audit ${begun}); COMP_CWORD=2; _rsdp; echo "\${COMPREPLY[*]}"`
      const script = `${completionScript('bash', places)}\n${ask}`
      expect(execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })).equal('follow\n')
    }
  })

  it('every script has every command and flag, and is read by its shell where that is installed', () => {
    for (const shell of SHELLS) {
      const script = completionScript(shell, places)
      for (const { words } of all)
        for (const word of words)
          expect(script, `${shell} ${word}`).contain(
            shell === 'fish' && word.startsWith('--') ? `-l ${word.slice(2)} ` : word,
          )
      const { error, status, stderr } = spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' })
      if (error === undefined) expect(status, stderr).equal(0)
    }
  })
})
