import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { newPassword, passwordPrompt } from '../../../src/cli/password.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import { confirm } from '../../../src/cli/terminal.ts'
import { RsdpError } from '../../../src/types/errors.ts'

const NOBODY: Terminal = { isInteractive: false, ask: () => Promise.reject(new Error('asked')) }

/** Somebody who gives these answers, in order. */
function person(...answers: readonly (string | null)[]): Terminal {
  const left = [...answers]
  return { isInteractive: true, ask: () => Promise.resolve(left.shift() ?? null) }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'done'
  } catch (error) {
    return error instanceof RsdpError ? error.code : String(error)
  }
}

describe('asking people', () => {
  const effect = ['moves 5 tokens']

  it('does nothing without a yes', async () => {
    for (const answer of ['', 'n', 'yess', null]) {
      const told: string[] = []
      const said = codeOf(confirm({ effect, yes: false }, (line) => told.push(line), person(answer)))
      expect(await said, String(answer)).equal('E_REFUSED')
      expect(told).deep.equal(effect)
    }
  })

  it('goes on after yes, or with --yes without asking', async () => {
    for (const answer of ['y', 'Y', ' yes '])
      expect(await codeOf(confirm({ effect, yes: false }, () => undefined, person(answer)))).equal('done')
    expect(await codeOf(confirm({ effect, yes: true }, () => undefined, NOBODY))).equal('done')
  })

  it('names the flag where there is nobody to ask', async () => {
    expect(await codeOf(confirm({ effect, yes: false }, () => undefined, NOBODY))).equal('E_NEEDS_INPUT')
    expect(await codeOf(newPassword(undefined, NOBODY))).equal('E_NEEDS_INPUT')
    expect(passwordPrompt(NOBODY)).equal(null)
  })

  it('takes a new password only if it is given twice, and long enough', async () => {
    expect(await newPassword(undefined, person('correct horse', 'correct horse'))).equal('correct horse')
    for (const answers of [
      ['correct horse', 'correct mule'],
      ['short', 'short'],
      [null, null],
    ])
      expect(await codeOf(newPassword(undefined, person(...answers)))).equal('E_KEY_PASSWORD')
  })

  it('takes the length of a password in a file as serious', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'rsdp-pw-'))
    try {
      const file = join(dir, 'pw')
      writeFileSync(file, 'short\n', { mode: 0o600 })
      expect(await codeOf(newPassword(file, NOBODY))).equal('E_KEY_PASSWORD')
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
})
