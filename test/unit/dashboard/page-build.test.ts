import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { buildPage } from '../../../src/adapters/esbuild/build-page.ts'
import type { BuiltPage } from '../../../src/adapters/esbuild/build-page.ts'
import { hashed, pageFile } from '../../../src/adapters/esbuild/page-file.ts'
import { policyOf } from '../../../src/cli/ui/page-server.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** Most bytes, gzipped. */
const PAGE_MAX = 120_000
const ALL_MAX = 250_000

describe('dashboard: build of the page', function () {
  this.timeout(60_000)
  let built: BuiltPage

  before(async () => {
    built = await buildPage()
  })

  it('another folder gives the same bytes, and so does the cache', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rsdp-page-'))
    try {
      for (const part of ['src', 'artifacts', 'package.json'])
        cpSync(join(ROOT, part), join(folder, part), { recursive: true })
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
      const again = await buildPage(`${folder}/`)
      expect(again.sha256).equal(built.sha256)
      expect(again.html === built.html).equal(true)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    expect(await pageFile()).deep.equal(hashed(built.html))
    expect(hashed(built.html)).include({ sha256: built.sha256, keccak256: built.keccak256 })
    expect(hashed(`${built.html} `).sha256).not.equal(built.sha256)
  })

  it('has every interface that the audit’s modules load', () => {
    const source = readFileSync(join(ROOT, 'src/adapters/evm/abi.ts'), 'utf8')
    const names = [...source.matchAll(/'([\w/]+\.sol\/\w+)'/g)].map(([, name = '']) => name)
    expect(names).length.above(6)
    for (const name of names) expect(built.parts.worker.includes(`"${name}":{abi:`), name).equal(true)
  })

  it('is small', () => {
    const size = (text: string): number => gzipSync(text, { level: 9 }).length
    expect(size(built.parts.page)).at.most(PAGE_MAX)
    expect(size(built.html)).at.most(ALL_MAX)
  })

  it('holds nothing of Node, of this machine, or of another site', () => {
    const { html } = built
    expect(html).not.match(/["'`]node:[a-z]|\bBuffer\.(from|concat|alloc)|\brequire\(["'`]/)
    expect(html).not.include(ROOT)
    // what a browser would load by itself
    expect(html).not.match(/(src|href)="(?!#|data:)/)
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(html) ?? []
    expect(style)
      .length.above(1_000)
      .not.match(/@import|url\(/)
    expect(html).not.include('eval(')
  })

  it('its policy lets nothing run but its own script, and forbids framing when served', () => {
    const policy = policyOf(built.html, 'http://user:secret@127.0.0.1:8545/path')
    const [, script = ''] = /<script type="module">(.*?)<\/script>/s.exec(built.html) ?? []
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(built.html) ?? []
    const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    expect(policy.split('; ')).deep.equal([
      "default-src 'none'",
      `script-src ${hash(script)}`,
      `style-src ${hash(style)}`,
      "connect-src 'self' http://127.0.0.1:8545",
      'worker-src blob:',
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ])
  })
})
