import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { environmentForChildren } from '../../src/cli/environment.ts'
import { holdPort } from '../../src/cli/local/ports.ts'
import type { DocStep } from './doc-steps.ts'
import { stepsOf } from './doc-steps.ts'
import { walk } from './doc-walk.ts'
import { Shell } from './shell.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** The commands of a page of `docs/`, in order. */
export const page = (name: string): DocStep[] =>
  stepsOf(`docs/${name}.md`, readFileSync(join(ROOT, 'docs', `${name}.md`), 'utf8'))

/** Other tests bring the dashboard of a network up, too. */
const OWN_UI = { RSDP_UI_PORT: '0' }

/** A folder where `./rsdp` is the launcher, and a shell in it: with none of this run's settings. */
export class Desk {
  readonly #dir = mkdtempSync(join(tmpdir(), 'rsdp-pages-'))
  readonly #shells: Shell[] = []

  constructor() {
    writeFileSync(join(this.#dir, 'rsdp'), `#!/bin/sh\nexec ${ROOT}rsdp "$@"\n`, { mode: 0o755 })
  }

  terminal(settings: NodeJS.ProcessEnv = {}): Shell {
    const shell = new Shell(this.#dir, { ...environmentForChildren(), ...settings })
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

/** Pages that are walked one after the other on one chain; the author's brings a network of its own up. */
export const WALKS = {
  Hardhat: ['deployer', 'operator', 'publisher', 'auditor'],
  alone: ['author'],
} as const

/** A test that types every command of the pages of a walk. */
export function describeWalk(chain: keyof typeof WALKS): void {
  const pages = WALKS[chain]
  describe(`what users read, typed as it stands: ${chain}`, function () {
    this.timeout(900_000)
    const desk = new Desk()
    after(() => desk.close())

    it(`every command of ${pages.join(', ')} does as its page says`, async function () {
      const ports: Readonly<Record<string, string>> = { '8545': await freePort(), '9100': await freePort() }
      const fill = (text: string): string => text.replaceAll(/8545|9100/g, (port) => ports[port] ?? port)
      for (const name of pages) {
        const steps = page(name)
        const walked = await walk(desk.terminal(chain === 'alone' ? OWN_UI : {}), steps, fill)
        for (const [{ command }, problem] of walked)
          if (problem !== null) expect.fail(`docs/${name}.md: ${command}: ${problem}`)
        expect(walked).length(steps.filter(({ isRun }) => isRun).length)
      }
    })
  })
}
