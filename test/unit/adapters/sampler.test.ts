import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { machineReader } from '../../../src/adapters/system/machine-counters.ts'
import { processReader } from '../../../src/adapters/system/process-counters.ts'
import type { Counters } from '../../../src/adapters/system/counters.ts'
import { CounterSampler } from '../../../src/adapters/system/sampler.ts'

const STAT = 'cpu  100 50 30 9000 7 0 20 5 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1 1 1 1\nintr 5\n'
const DEV = `Inter-|   Receive
 face |bytes    packets
    lo: 999999 1 0 0 0 0 0 0 999999 1 0 0 0 0 0 0
  eth0: 1000 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0
`
const MEMINFO = 'MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:   12000000 kB\n'

describe('machine counters', () => {
  const roots: string[] = []
  after(() => roots.forEach((root) => rmSync(root, { recursive: true, force: true })))

  /** A folder that looks like the root of a Linux machine. */
  function machine(files: Readonly<Record<string, string>>): string {
    const root = mkdtempSync(join(tmpdir(), 'rsdp-proc-'))
    roots.push(root)
    const all = {
      'proc/stat': STAT,
      'proc/meminfo': MEMINFO,
      'proc/net/dev': DEV,
      'proc/self/cgroup': '0::/a/b\n',
      ...files,
    }
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return root
  }
  const read = (files: Readonly<Record<string, string>> = {}): Counters | null =>
    machineReader(machine(files))()

  it('says nothing where the files are missing or hold something else', () => {
    expect(machineReader('/nowhere')()).equal(null)
    expect(read({ 'proc/stat': 'nothing' })).equal(null)
  })

  it('adds up what is busy on all cores, and leaves out idle, waiting and stolen time', () => {
    expect(read()).deep.include({ cores: 2, coreSeconds: 2 })
  })

  it('counts memory that is not available, and bytes of all links but the loopback', () => {
    expect(read({ 'sys/class/net/eth0/speed': '10000\n', 'sys/class/net/veth/speed': '-1\n' })).deep.include({
      memoryBytes: 16_000_000 * 1024,
      memoryUsedBytes: 4_000_000 * 1024,
      networkBytes: 1500,
      linkMbits: 10_000,
    })
    expect(read()).deep.include({ linkMbits: null })
  })

  it('takes the limits of its own group, and its use of them, where there are some', () => {
    const group = 'sys/fs/cgroup/a/b'
    const limited = {
      [`${group}/cpu.max`]: '150000 100000\n',
      [`${group}/cpu.stat`]: 'usage_usec 7500000\nuser_usec 1\n',
      [`${group}/memory.max`]: '2000000000\n',
      [`${group}/memory.current`]: '900000000\n',
      [`${group}/memory.stat`]: 'anon 1\ninactive_file 100000000\n',
    }
    expect(read(limited)).deep.include({
      ...{ cores: 1.5, coreSeconds: 7.5, memoryBytes: 2e9, memoryUsedBytes: 8e8 },
    })
    const unlimited = { ...limited, [`${group}/cpu.max`]: 'max 100000\n', [`${group}/memory.max`]: 'max\n' }
    expect(read(unlimited)).deep.include({ cores: 2, memoryBytes: 16_000_000 * 1024 })
  })
})

describe('sampler', () => {
  const counters: Counters = {
    ...{ cores: 4, coreSeconds: 10, memoryBytes: 100, memoryUsedBytes: 40, linkMbits: null, networkBytes: 0 },
  }

  it('says nothing at its first look, nor without counters', () => {
    expect(
      new CounterSampler(
        () => counters,
        () => 0,
      ).sample(),
    ).equal(null)
    expect(
      new CounterSampler(
        () => null,
        () => 0,
      ).sample(),
    ).equal(null)
  })

  it('makes rates out of two looks, repeats itself when asked again at once, and takes fallen counters for new ones', () => {
    let now = 0
    let seen = counters
    const sampler = new CounterSampler(
      () => seen,
      () => now,
    )
    sampler.sample()
    now = 2000
    seen = { ...counters, coreSeconds: 14, networkBytes: 1_000_000 }
    const sample = sampler.sample()
    expect(sample).deep.include({ cores: 4, coresUsed: 0.5, networkMbits: 4, memoryUsedBytes: 40 })
    now = 2100
    seen = { ...seen, coreSeconds: 90 }
    expect(sampler.sample()).equal(sample)
    now = 4000
    seen = { ...counters, coreSeconds: 0, networkBytes: 0 }
    expect(sampler.sample()).deep.include({ coresUsed: 0, networkMbits: 0 })
  })

  it('a process knows its own processor time and memory', () => {
    const { cores, coreSeconds, memoryUsedBytes } = processReader()
    expect(cores).at.least(1)
    expect(coreSeconds).above(0)
    expect(memoryUsedBytes).above(1e6)
  })
})
