import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import type { LogLimits } from '../../../src/adapters/system/log-file.ts'
import { logPaths, openLogFile } from '../../../src/adapters/system/log-file.ts'
import { createLogger } from '../../../src/adapters/system/logger.ts'

const SMALL: LogLimits = { bytesMax: 64, older: 2 }

describe('log file', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rsdp-log-'))
    path = join(folder, 'node.log')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const line = (name: number): string => `${String(name).padStart(30, '.')}\n`
  const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')
  /** What all files hold, the oldest line first. */
  const kept = (): string => logPaths(path, SMALL).map(read).reverse().join('')
  const writeAll = (...names: readonly number[]): void => {
    const file = openLogFile(path, SMALL)
    for (const name of names) file.write(line(name))
    file.close()
  }

  it('is appended to, and only its owner may read it', () => {
    const deep = join(folder, 'logs', 'node.log')
    for (const event of ['first', 'second']) {
      const file = openLogFile(deep)
      createLogger(file).info(event)
      expect(read(deep)).include(event) // there before the file is closed
      file.close()
    }
    expect(read(deep).split('\n')).length(3)
    expect(statSync(deep).mode & 0o777).equal(0o600)
  })

  it('goes on in the same file while it fits, to the byte', () => {
    const limits = { bytesMax: 62, older: 1 }
    const file = openLogFile(path, limits)
    file.write(line(1))
    file.write(line(2))
    expect([read(path), read(`${path}.1`)]).deep.equal([line(1) + line(2), ''])
    file.write(line(3))
    file.close()
    expect([read(path), read(`${path}.1`)]).deep.equal([line(3), line(1) + line(2)])
    expect(statSync(path).mode & 0o777).equal(0o600)
  })

  it('keeps the newest files, whatever is written and however often it is opened again', () => {
    const lines = fc.array(fc.string({ maxLength: 50 }), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 6 }), (runs) => {
        for (const name of readdirSync(folder)) rmSync(join(folder, name))
        const all: string[] = []
        for (const run of runs) {
          const file = openLogFile(path, SMALL)
          for (const text of run) {
            all.push(`${JSON.stringify(text)}\n`)
            file.write(`${JSON.stringify(text)}\n`)
          }
          file.close()
        }
        expect(all.join('').endsWith(kept())).equal(true)
        expect(kept().endsWith(all.slice(-1).join(''))).equal(true)
        for (const file of logPaths(path, SMALL)) {
          const isOneLine = read(file).indexOf('\n') === read(file).length - 1
          expect(isOneLine || read(file).length <= SMALL.bytesMax).equal(true)
          expect(read(file) === '' || read(file).endsWith('\n')).equal(true)
        }
        expect(readdirSync(folder).length).most(SMALL.older + 1)
      }),
      { seed: 16, numRuns: 30 },
    )
  })

  it('loses nothing of what a process that was killed while it rotated has left', () => {
    writeAll(1, 2, 3, 4) // 1 and 2 are in node.log.1
    writeFileSync(`${path}.new`, '')
    rmSync(`${path}.2`, { force: true })
    const before = kept()
    rmSync(path)
    writeAll(5, 6, 7)
    expect(kept()).equal(before.replace(line(3) + line(4), '') + line(5) + line(6) + line(7))
    expect(existsSync(`${path}.new`)).equal(false)
  })

  for (const inTheWay of ['node.log.new', 'node.log.2'])
    it(`goes on in the same file if a folder ${inTheWay} is in the way, and rotates once it is gone`, () => {
      mkdirSync(join(folder, inTheWay, 'x'), { recursive: true })
      const names = [1, 2, 3, 4, 5]
      writeAll(...names)
      expect(read(path)).equal(names.map(line).join(''))
      rmSync(join(folder, inTheWay), { recursive: true })
      writeAll(6)
      expect([read(path), read(`${path}.1`)]).deep.equal([line(6), names.map(line).join('')])
    })

  it('a link stays a link', () => {
    symlinkSync(join(folder, 'elsewhere'), path)
    writeAll(1, 2, 3, 4)
    expect(readdirSync(folder).sort()).deep.equal(['elsewhere', 'node.log'])
    expect(read(join(folder, 'elsewhere'))).equal([1, 2, 3, 4].map(line).join(''))
  })
})
