import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openLogFile } from '../../../src/adapters/system/log-file.ts'
import { makeFolder } from '../../../src/adapters/files/make-folder.ts'
import { readRegularFile, requireRegularFile } from '../../../src/adapters/files/regular-file.ts'
import { writeWholeFile } from '../../../src/adapters/system/write-file.ts'
import { diskFault } from '../../../src/cli/disk-fault.ts'
import { nextIncarnation } from '../../../src/cli/host-file.ts'
import { machineWarning } from '../../../src/cli/local/machine.ts'
import { holdPort } from '../../../src/cli/local/ports.ts'
import { skip } from '../../helpers/skip.ts'

const faultOf = (call: () => unknown): ReturnType<typeof diskFault> => {
  try {
    call()
  } catch (error) {
    return diskFault(error)
  }
  throw new Error('it did not fail')
}

describe('disks that fail', () => {
  let folder: string
  const at = (name: string): string => join(folder, name)
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'rsdp-disk-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('an error of a file is one of the disk, with a hint; others are not', () => {
    writeFileSync(at('file'), '')
    const faults = [
      faultOf(() => readFileSync(at('nothing'))),
      faultOf(() => openLogFile(at('file/node.log'))),
      faultOf(() => writeWholeFile(folder, '', { replace: true })),
      faultOf(() => writeFileSync(at('x'.repeat(300)), '')),
    ]
    for (const fault of faults) {
      expect([fault?.code, fault?.exit]).deep.equal(['E_DISK', 3])
      expect(fault?.hint).match(/\w/)
    }
    const socket = Object.assign(new Error('x'), { code: 'EACCES', syscall: 'listen', port: 80 })
    expect(diskFault(socket)).equal(null)
    expect(diskFault(new Error('ENOSPC'))).equal(null)
    const program = Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'spawn x', path: 'x' })
    expect(diskFault(program)).equal(null)
  })

  it('a full disk is one', function () {
    try {
      statSync('/dev/full')
    } catch {
      skip(this, 'this system has no /dev/full')
    }
    const fault = faultOf(() => writeFileSync('/dev/full', 'x'))
    expect([fault?.code, fault?.details['reason']]).deep.equal(['E_DISK', 'ENOSPC'])
  })

  it('a file is written whole, or what was there stays and nothing else is left', () => {
    writeWholeFile(at('a'), 'one', { mode: 0o600, replace: false })
    expect(() => writeWholeFile(at('a'), 'two', { replace: false })).throw(/EEXIST/)
    expect(readFileSync(at('a'), 'utf8')).equal('one')
    writeWholeFile(at('a'), 'three', { mode: 0o600, replace: true })
    expect([readFileSync(at('a'), 'utf8'), statSync(at('a')).mode & 0o777]).deep.equal(['three', 0o600])
    expect(() => writeWholeFile(folder, 'four', { replace: true })).throw()
    expect(readdirSync(folder)).deep.equal(['a'])
  })

  it('a file that is no regular one is neither replaced nor read; a link leads to the file behind it', () => {
    execFileSync('mkfifo', [at('pipe')])
    for (const path of [at('pipe'), '/dev/null', '/dev/zero']) {
      const [write, read] = [
        faultOf(() => writeWholeFile(path, 'x', { replace: true })),
        faultOf(() => readRegularFile(path)),
      ]
      for (const fault of [write, read, faultOf(() => requireRegularFile(path))])
        expect([fault?.code, fault?.details['reason']], path).deep.equal(['E_DISK', 'EINVAL'])
    }
    expect(statSync(at('pipe')).isFIFO()).equal(true)
    expect(statSync('/dev/null').isCharacterDevice()).equal(true)
    writeFileSync(at('target'), 'one')
    symlinkSync(at('target'), at('link'))
    writeWholeFile(at('link'), 'two', { replace: true })
    expect([readFileSync(at('target'), 'utf8'), lstatSync(at('link')).isSymbolicLink()]).deep.equal([
      'two',
      true,
    ])
    expect(readRegularFile(at('link')).toString()).equal('two')
    for (const read of [() => readRegularFile(at('target'), 2), () => requireRegularFile(at('target'), 2)])
      expect(faultOf(read)?.details['reason']).equal('EFBIG')
    for (const read of [() => readRegularFile(folder), () => requireRegularFile(folder)])
      expect(faultOf(read)?.details['reason']).equal('EISDIR')
    // a start that counts itself is told where it cannot
    mkdirSync(at('incarnation'))
    expect(faultOf(() => nextIncarnation(folder))?.code).equal('E_DISK')
  })

  it('a folder is made with those above it; where none can be made that is told, and does not take for ever', () => {
    makeFolder(at('a/b/c'), 0o700)
    makeFolder(at('a/b/c'), 0o700)
    expect(statSync(at('a/b')).mode & 0o777).equal(0o700)
    writeFileSync(at('file'), '')
    for (const path of [at('file/x/y'), '/proc/x/y', '/proc/x'])
      expect(faultOf(() => makeFolder(path))?.code, path).equal('E_DISK')
    expect(faultOf(() => writeWholeFile('/proc/x/y', '', { replace: true }))?.code).equal('E_DISK')
  })

  it('a log on a full disk loses lines and stops nothing', function () {
    try {
      symlinkSync('/dev/full', at('node.log'))
      statSync(at('node.log'))
    } catch {
      skip(this, 'this system has no /dev/full')
    }
    const log = openLogFile(at('node.log'))
    for (let i = 0; i < 1_000; i += 1) log.write(`${'x'.repeat(1_000)}\n`)
    log.close()
    log.write('after the end\n')
    log.close()
  })
})

describe('many nodes on one machine', () => {
  it('a held port is taken by nobody, is none that outgoing connections get, and is free once released', async () => {
    const held = await Promise.all(Array.from({ length: 31 }, () => holdPort()))
    expect(new Set(held.map(({ port }) => port)).size).equal(31)
    let outgoing = 32_768
    try {
      outgoing = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10)
    } catch {
      // another system
    }
    const tryToListen = (port: number): Promise<boolean> =>
      new Promise((resolve) => {
        const server = createServer()
        server.once('error', () => resolve(false))
        server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
      })
    for (const { port, release } of held) {
      if (outgoing > 11_000) expect(port).lessThan(outgoing)
      expect(await tryToListen(port)).equal(false)
      release()
      release()
      expect(await tryToListen(port)).equal(true)
    }
  })

  it('says what they take where that is more than there is', () => {
    const machine = { cores: 2, freeBytes: 2 * 1_073_741_824 }
    expect(machineWarning(7, machine)).equal(null)
    expect(machineWarning(31, machine)).match(
      /31 nodes take about 6\.4 GiB of memory and 4 cores; 2\.0 GiB and 2/,
    )
    expect(machineWarning(31, { cores: 16, freeBytes: 64 * 1_073_741_824 })).equal(null)
  })
})
