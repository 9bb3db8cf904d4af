import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { environmentForChildren } from '../../src/cli/environment.ts'
import { holdPort } from '../../src/cli/local/ports.ts'
import { stepsOf } from '../helpers/doc-steps.ts'
import { walk } from '../helpers/doc-walk.ts'
import { Shell } from '../helpers/shell.ts'
import { skip } from '../helpers/skip.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('examples, typed as their pages say', function () {
  this.timeout(900_000)
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-examples-'))
  let shell: Shell | null = null

  before(async () => {
    writeFileSync(join(folder, 'rsdp'), `#!/bin/sh\nexec ${ROOT}rsdp "$@"\n`, { mode: 0o755 })
    symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
    const { port, release } = await holdPort()
    release()
    const settings = { RSDP_PORT: String(port), RSDP_RPC_URL: `http://127.0.0.1:${String(port)}` }
    shell = new Shell(folder, { ...environmentForChildren(), ...settings, RSDP_BLOCK_MS: '500' })
  })
  after(async () => {
    await shell?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('temperature: sensors in Python, one of them false, agree on a true reading', async function () {
    if (spawnSync('python3', ['--version']).status !== 0) skip(this, 'no python3 on this machine')
    const page = 'examples/temperature/README.md'
    const steps = stepsOf(page, readFileSync(join(ROOT, page), 'utf8'))
    const walked = await walk(shell!, steps)
    for (const [{ command }, problem] of walked) if (problem !== null) expect.fail(`${command}: ${problem}`)
    expect(walked).length(steps.length)
    const medians = ['alice', 'bob', 'carol', 'dave'].map((name) =>
      readFileSync(join(folder, `${name}.txt`), 'utf8'),
    )
    const heights = medians.map(
      (text) =>
        Object.fromEntries(
          text
            .trim()
            .split('\n')
            .map((line) => line.split('  ')),
        ) as Record<string, string>,
    )
    for (const told of heights)
      for (const [height, median] of Object.entries(told)) {
        expect(median, height).match(/^21\.\d degrees$/)
        expect(
          heights.every((other) => (other[height] ?? median) === median),
          height,
        ).equal(true)
      }
  })
})
