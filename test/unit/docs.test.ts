import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Command, CommanderError } from 'commander'
import { appFiles } from '../../src/cli/app/template.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { commandsIn } from '../helpers/doc-commands.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'examples/temperature/README.md',
  'examples/ballot/README.md',
  'examples/rate-limit/README.md',
  ...readdirSync(`${ROOT}docs`).map((name) => `docs/${name}`),
].filter((page) => page.endsWith('.md'))
const COMMANDS = PAGES.flatMap(commandsIn)
const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  scripts: Record<string, string>
}

/** Commands that npm has by itself. */
const OF_NPM = new Set(['install', 'pack'])

/** Words that stand for something else, as something that parses. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/ …(?= |$)/g, ''],
  [/0x[\da-fA-F]+…[\da-fA-F]+/g, `0x${'15'.repeat(20)}`],
  [/<[^>]*>/g, '1'],
  [/\ba\.\.b\b/g, '1..2'],
  [/\bURL\b/g, 'http://127.0.0.1:1'],
  [/\bNAME\b/g, 'silent'],
]

/** What is for the shell: where the output goes, that it goes on behind. */
const SHELL = / (>>? |&$).*$/

function wordsOf(text: string): string[] {
  const plain = PLACEHOLDERS.reduce((line, [what, instead]) => line.replaceAll(what, instead), text)
  const typed = plain.replace(/^(\.\/|npx )?rsdp /, '').replace(SHELL, '')
  const words = typed.match(/"[^"]*"|\S+/g) ?? []
  return words.map((word) => word.replaceAll('"', ''))
}

/** `node init / register / stop` names a command of a group after the other. */
function namedIn(text: string): string[][] {
  const [first = '', ...others] = text.replace(/^(\.\/|npx )?rsdp /, '').split(' / ')
  const group = first.split(' ').slice(0, -1)
  return [first.split(' '), ...others.map((name) => [...group, name])]
}

/** Anchors of the headings of a page, as GitHub makes them. */
function headingsOf(page: string): string[] {
  const text = readFileSync(`${ROOT}${page}`, 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

const isList = (text: string): boolean => text.includes(' / ')

/** The command that the words lead to; nothing for one in prose that leaves out what it must have. */
async function reached(words: readonly string[], isWhole: boolean): Promise<string> {
  let ran = ''
  const program = buildProgram((command) => {
    ran = command
    return Promise.resolve()
  })
  const quiet = (command: Command): void => {
    command.configureOutput({ writeErr: () => undefined })
    command.commands.forEach(quiet)
  }
  quiet(program)
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (isWhole || (error as CommanderError).code !== 'commander.missingMandatoryOptionValue') throw error
  }
  return ran
}

describe('commands in the docs', () => {
  it('the README leads to a page for everybody', () => {
    const readme = readFileSync(`${ROOT}README.md`, 'utf8')
    for (const page of ['deployer', 'operator', 'publisher', 'auditor', 'author'])
      expect(readme).include(`(docs/${page}.md)`)
  })

  it('the README shows the reducer that a new application begins with', () => {
    const shown = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(`${ROOT}README.md`, 'utf8'))?.[1] ?? 'nothing'
    expect(appFiles('hello', true).get('reducer.ts')).include(shown)
  })

  it('pages, files and headings that pages link to exist', () => {
    const linked = [...PAGES, 'CHANGELOG.md', 'test/README.md'].flatMap((page) =>
      [...readFileSync(`${ROOT}${page}`, 'utf8').matchAll(/\]\(((?!https?:)[^)\s]*)\)/g)].map(
        ([, to = '']) => {
          const [file = '', heading] = to.split('#')
          const path = file === '' ? page : join(dirname(page), file)
          return { page, to, path, heading }
        },
      ),
    )
    expect(linked).length.greaterThan(100)
    const broken = linked.filter(({ path, heading }) => {
      if (!existsSync(`${ROOT}${path}`)) return true
      return heading !== undefined && !headingsOf(path).includes(heading)
    })
    expect(broken.map(({ page, to }) => `${page}: ${to}`)).deep.equal([])
  })

  it('every page is on the list by reader', () => {
    const list = readFileSync(`${ROOT}docs/README.md`, 'utf8')
    const missing = readdirSync(`${ROOT}docs`).filter(
      (name) => name.endsWith('.md') && name !== 'README.md' && !list.includes(`(${name})`),
    )
    expect(missing).deep.equal([])
  })

  it('there are many', () => {
    expect(COMMANDS).length.greaterThan(60)
  })

  for (const { page, text, isWhole } of COMMANDS.filter(({ text: line }) =>
    /^(\.\/|npx )?rsdp (?!--script)/.test(line),
  )) {
    it(`${page}: ${text}`, async () => {
      const all = isList(text) ? namedIn(text) : [wordsOf(text)]
      for (const words of all) {
        if (!isList(text)) {
          const ran = await reached(words, isWhole)
          expect(words.join(' ')).match(new RegExp(`^${ran}\\b`))
          continue
        }
        let at: Command | undefined = buildProgram(() => Promise.resolve())
        for (const word of words) at = at?.commands.find((command) => command.name() === word)
        expect(at, words.join(' ')).not.equal(undefined)
      }
    })
  }

  for (const { page, text } of COMMANDS.filter(({ text: line }) => line.includes('--script'))) {
    it(`${page}: ${text}`, () => {
      const file = /--script (\S+)/.exec(text)?.[1] ?? ''
      expect(existsSync(`${ROOT}${file}`), file).equal(true)
    })
  }

  for (const { page, text } of COMMANDS.filter(({ text: line }) => line.startsWith('npm '))) {
    it(`${page}: ${text}`, () => {
      const [, run = ''] = /^npm (?:run )?(\S+)/.exec(text) ?? []
      if (!OF_NPM.has(run)) expect(scripts).include.keys(run)
    })
  }
})
