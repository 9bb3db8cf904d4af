import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { linksIn } from '../../../src/cli/link-file.ts'
import type { Address } from '../../../src/types/ids.ts'

const KEY: Address = `0x${'11'.repeat(20)}`
const OTHER: Address = `0x${'22'.repeat(20)}`

describe('link file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-links-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'links.json')
  let written = 0
  const write = (text: string): void => {
    writeFileSync(path, text)
    // two writes within the clock of a file system are two writes
    utimesSync(path, (written += 10), written)
  }

  for (const [what, text] of [
    ['no JSON', 'cut'],
    ['a key that is none', '{"alice": {"delayMs": 1, "isCut": false}}'],
    ['an unknown word', `{"${KEY}": {"delayMs": 1, "isCut": false, "loss": 1}}`],
    ['a delay below nothing', `{"${KEY}": {"delayMs": -1, "isCut": false}}`],
  ] as const)
    it(`refuses ${what}`, () => {
      write(text)
      expect(() => linksIn(path, () => 0))
        .throw()
        .property('code', 'E_LINKS')
    })

  it('follows the file, and keeps what it had while the file is not usable', () => {
    let now = 0
    write(`{"${KEY}": {"delayMs": 4, "isCut": false}}`)
    const shapeOf = linksIn(path, () => now)
    expect(shapeOf(KEY)).deep.equal({ delayMs: 4, isCut: false })
    expect(shapeOf(OTHER)).deep.equal({ delayMs: 0, isCut: false })
    write(`{"${KEY}": {"delayMs": 0, "isCut": true}}`)
    now = 99
    expect(shapeOf(KEY).isCut).equal(false)
    now = 100
    expect(shapeOf(KEY).isCut).equal(true)
    write('{')
    now = 300
    expect(shapeOf(KEY).isCut).equal(true)
    write('{}')
    now = 500
    expect(shapeOf(KEY)).deep.equal({ delayMs: 0, isCut: false })
  })
})
