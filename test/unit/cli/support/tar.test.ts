import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { tarOf } from '../../../../src/cli/support/tar.ts'
import { skip } from '../../../helpers/skip.ts'

describe('tar archive', () => {
  it('refuses names that it would cut, or that are not ASCII', () => {
    for (const name of ['', 'a b', 'ä', 'x'.repeat(101)])
      expect(() => tarOf([{ name, bytes: new Uint8Array() }], new Date(0)), name).throw(/tar entry/)
  })

  it('is unpacked by tar as it was packed: names, bytes, times, modes', function () {
    const folder = mkdtempSync(join(tmpdir(), 'rsdp-tar-'))
    try {
      const sizes = [0, 1, 511, 512, 513, 70_000]
      const entries = sizes.map((size) => ({
        name: `d/${String(size)}`,
        bytes: Buffer.alloc(size, size % 251),
      }))
      writeFileSync(join(folder, 'x.tar'), tarOf(entries, new Date(1_700_000_000_000)))
      const run = spawnSync('tar', ['-xf', 'x.tar'], { cwd: folder, encoding: 'utf8' })
      if (run.error !== undefined) skip(this, 'this system has no tar')
      expect([run.status, run.stderr]).deep.equal([0, ''])
      expect(readdirSync(join(folder, 'd')).length).equal(sizes.length)
      for (const { name, bytes } of entries) {
        expect(readFileSync(join(folder, name)).equals(bytes), name).equal(true)
        const { mode, mtimeMs } = statSync(join(folder, name))
        expect([mode & 0o777, mtimeMs]).deep.equal([0o600, 1_700_000_000_000])
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
