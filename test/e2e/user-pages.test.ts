import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { environmentForChildren } from '../../src/cli/environment.ts'
import { holdPort } from '../../src/cli/local/ports.ts'
import { anvilProgram, startAnvil } from '../helpers/anvil.ts'
import type { Anvil } from '../helpers/anvil.ts'
import type { DocStep } from '../helpers/doc-steps.ts'
import { stepsOf } from '../helpers/doc-steps.ts'
import { walk } from '../helpers/doc-walk.ts'
import { Shell } from '../helpers/shell.ts'
import { skip } from '../helpers/skip.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BLOCK_MS = 250
/** Two need what no test has: a chain that is worth something, and three endpoints of one. */
const NO_RUN_MAX = 2

const page = (name: string): DocStep[] =>
  stepsOf(`docs/${name}.md`, readFileSync(join(ROOT, 'docs', `${name}.md`), 'utf8'))

/** A folder where `./rsdp` is the launcher, and a shell in it: with none of this run's settings. */
class Desk {
  readonly #dir = mkdtempSync(join(tmpdir(), 'rsdp-pages-'))
  readonly #shells: Shell[] = []

  constructor() {
    writeFileSync(join(this.#dir, 'rsdp'), `#!/bin/sh\nexec ${ROOT}rsdp "$@"\n`, { mode: 0o755 })
  }

  terminal(): Shell {
    // dozens of short processes: compiling the same files is most of what they do
    const NODE_COMPILE_CACHE = join(this.#dir, '.compiled')
    const shell = new Shell(this.#dir, { ...environmentForChildren(), NODE_COMPILE_CACHE })
    this.#shells.push(shell)
    return shell
  }

  async close(): Promise<void> {
    await Promise.all(this.#shells.map((shell) => shell.close()))
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

/** One that the system gives to no outgoing connection. */
async function freePort(): Promise<string> {
  const { port, release } = await holdPort()
  release()
  return String(port)
}

/** One after the other; on anvil not the publisher's: what it sends, others send there too. */
const WALKS = {
  Hardhat: ['deployer', 'operator', 'publisher', 'auditor'],
  anvil: ['deployer', 'operator', 'auditor'],
  // it brings a network of its own up
  alone: ['author'],
} as const

for (const [chain, pages] of Object.entries(WALKS))
  describe(`what users read, typed as it stands: ${chain}`, function () {
    this.timeout(900_000)
    const desk = new Desk()
    let anvil: Anvil | null = null

    after(async () => {
      await desk.close()
      await anvil?.close()
    })

    it(`every command of ${pages.join(', ')} does as its page says`, async function () {
      const program = anvilProgram()
      if (chain === 'anvil' && program === null) skip(this, 'npm has no anvil for this machine')
      if (chain === 'anvil') anvil = await startAnvil(program!, BLOCK_MS)
      const rpcUrl = anvil?.rpcUrl
      const ports: Readonly<Record<string, string>> = {
        '8545': rpcUrl === undefined ? await freePort() : new URL(rpcUrl).port,
        '9100': await freePort(),
      }
      const fill = (text: string): string =>
        // this chain runs already
        rpcUrl !== undefined && text.includes('scripts/start-chain.ts')
          ? `echo "chain 31337 on ${rpcUrl}, a block every ${BLOCK_MS} ms" &`
          : text.replaceAll(/8545|9100/g, (port) => ports[port] ?? port)
      for (const name of pages) {
        const steps = page(name)
        const walked = await walk(desk.terminal(), steps, fill)
        for (const [{ command }, problem] of walked)
          if (problem !== null) expect.fail(`docs/${name}.md: ${command}: ${problem}`)
        expect(walked).length(steps.filter(({ isRun }) => isRun).length)
      }
    })
  })

describe('pages for users', () => {
  const all = [...WALKS.Hardhat, ...WALKS.alone].flatMap(page)

  it('hold many commands, and hardly one that is not run', () => {
    expect(all.filter(({ isRun }) => isRun)).length.greaterThan(60)
    const not = all.filter(({ isRun }) => !isRun).map(({ command }) => command)
    expect(not, not.join('\n')).length.at.most(NO_RUN_MAX)
  })

  describe('a walk notices', () => {
    const desk = new Desk()
    after(() => desk.close())
    const problemsOf = async (markdown: string): Promise<(string | null)[]> => [
      ...(await walk(desk.terminal(), stepsOf('page', markdown))).values(),
    ]

    it('a command that fails, and goes no further', async () => {
      const [one, two, three] = await problemsOf('```sh\ntrue\n./rsdp task lists\ntrue\n```\n')
      expect([one, three]).deep.equal([null, undefined])
      expect(two).match(/^exit 2, the page says 0/)
    })

    it('one that does not fail as it should', async () => {
      const [wrong] = await problemsOf('```sh\ntrue   # exit 3: nothing runs\n```\n')
      expect(wrong).match(/^exit 0, the page says 3/)
    })

    it('output that is not there, and parts of it in another order', async () => {
      const shows = (line: string): Promise<(string | null)[]> =>
        problemsOf(`\`\`\`sh\nx=7; echo "height 1 of $x"\n\`\`\`\n\n\`\`\`text\n${line}\n\`\`\`\n`)
      expect(await shows('height … of 7')).deep.equal([null])
      expect((await shows('height 2'))[0]).match(/does not write: height 2/)
      expect((await shows('of … height'))[0]).match(/does not write: of … height/)
    })

    it('a block that is neither run nor marked as not run', () => {
      for (const kind of ['', 'bash', 'sh norun'])
        expect(() => stepsOf('page', `\`\`\`${kind}\ntrue\n\`\`\`\n`), kind).throw(/a block is/)
      expect(() => stepsOf('page', '```sh no-run\ntrue\n```\n\n```text\nx\n```\n')).throw(
        /nothing that is run/,
      )
    })

    it('variables and what runs behind stay from one command to the next; nobody answers', async () => {
      const markdown =
        '```sh\nexport X=1\nsleep 60 &\nlast=$!\nkill -0 $last && test $X = 1\nread line   # exit 1\n```\n'
      expect(await problemsOf(markdown)).deep.equal([null, null, null, null, null])
    })
  })
})
