import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Counters, ReadCounters } from './counters.ts'

/** Ticks of /proc/stat a second: USER_HZ, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const KIB = 1024

/**
 * Counters of a Linux machine, out of /proc. Where the own cgroup (version 2) has a limit of processor or memory, that and
 * the group's use of it count instead: the machine's are not ours.
 *
 * @param root `/`, or a folder that looks like it
 */
export function machineReader(root: string): ReadCounters {
  return () => {
    try {
      return read(root)
    } catch {
      // no Linux, or not ours to see
      return null
    }
  }
}

function read(root: string): Counters {
  const text = (path: string): string => readFileSync(join(root, path), 'utf8')
  const group = groupOf(root)
  const maybe = (name: string): string | null => {
    try {
      return group === null ? null : readFileSync(join(group, name), 'utf8')
    } catch {
      return null
    }
  }
  return {
    ...(limitedCores(maybe) ?? machineCores(text('proc/stat'))),
    ...(limitedMemory(maybe) ?? machineMemory(text('proc/meminfo'))),
    ...network(root, text('proc/net/dev')),
  }
}

/** Folder of the own group; null without cgroup v2. */
function groupOf(root: string): string | null {
  const line = readFileSync(join(root, 'proc/self/cgroup'), 'utf8')
    .split('\n')
    .find((one) => one.startsWith('0::/'))
  return line === undefined ? null : join(root, 'sys/fs/cgroup', line.slice(3))
}

type Maybe = (name: string) => string | null

/** `cpu.max` is `max 100000` or `<quota> <period>`, microseconds. */
function limitedCores(maybe: Maybe): Pick<Counters, 'cores' | 'coreSeconds'> | null {
  const [quota, period] = (maybe('cpu.max') ?? 'max 1').trim().split(' ').map(Number)
  const used = fieldOf(maybe('cpu.stat') ?? '', 'usage_usec')
  if (!isAmount(quota) || !isAmount(period) || used === null) return null
  return { cores: quota / period, coreSeconds: used / 1e6 }
}

/** `cpu user nice system idle iowait irq softirq steal …` and a line for each core. */
function machineCores(stat: string): Pick<Counters, 'cores' | 'coreSeconds'> {
  const lines = stat.split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = numbersIn(lines[0] ?? '')
  const cores = lines.filter((line) => /^cpu\d/.test(line)).length
  if (cores === 0) throw new Error('no cores')
  return { cores, coreSeconds: (user + nice + system + irq + softirq) / TICKS_PER_SECOND }
}

/** What the kernel would give back at once is not in use. */
function limitedMemory(maybe: Maybe): Pick<Counters, 'memoryBytes' | 'memoryUsedBytes'> | null {
  const limit = Number(maybe('memory.max') ?? Number.NaN)
  const current = Number(maybe('memory.current') ?? Number.NaN)
  if (!isAmount(limit) || !isAmount(current)) return null
  const cached = fieldOf(maybe('memory.stat') ?? '', 'inactive_file') ?? 0
  return { memoryBytes: limit, memoryUsedBytes: Math.max(0, current - cached) }
}

function machineMemory(meminfo: string): Pick<Counters, 'memoryBytes' | 'memoryUsedBytes'> {
  const total = fieldOf(meminfo, 'MemTotal:') ?? 0
  const free = fieldOf(meminfo, 'MemAvailable:') ?? 0
  return { memoryBytes: total * KIB, memoryUsedBytes: Math.max(0, total - free) * KIB }
}

/** Bytes in and out of all interfaces but the loopback. */
function network(root: string, dev: string): Pick<Counters, 'linkMbits' | 'networkBytes'> {
  let networkBytes = 0
  for (const line of dev.split('\n').slice(2)) {
    const [name = '', counts = ''] = line.split(':')
    if (name.trim() === 'lo' || counts === '') continue
    const [received = 0, , , , , , , , sent = 0] = numbersIn(counts)
    networkBytes += received + sent
  }
  return { networkBytes, linkMbits: fastestLink(join(root, 'sys/class/net')) }
}

/** Virtual interfaces have no speed, or −1. */
function fastestLink(folder: string): number | null {
  let fastest = 0
  try {
    for (const name of readdirSync(folder)) fastest = Math.max(fastest, speedOf(join(folder, name, 'speed')))
  } catch {
    return null
  }
  return fastest === 0 ? null : fastest
}

function speedOf(path: string): number {
  try {
    const speed = Number(readFileSync(path, 'utf8'))
    return isAmount(speed) ? speed : 0
  } catch {
    return 0
  }
}

function fieldOf(text: string, name: string): number | null {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  const [value] = numbersIn(line ?? '')
  return value ?? null
}

function numbersIn(line: string): number[] {
  return [...line.matchAll(/(?<=\s|^)\d+/g)].map(([digits]) => Number(digits))
}

function isAmount(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0
}
