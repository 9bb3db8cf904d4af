import type { KvCommand, KvResult } from '../../../src/reducers/machines/kv-config.ts'
import { checkHistory } from '../linearizability/check.ts'
import { Recorder } from '../linearizability/history.ts'
import { checkVersions } from '../linearizability/kv-model.ts'
import { show } from '../linearizability/workloads.ts'
import { StoreClient } from './clients.ts'
import { storeModel } from './model.ts'
import { StoreWorld } from './world.ts'

/** One seeded world of a store with clients, and what became of them. */
export interface StoreRun {
  readonly seed: number
  readonly operations: number
  /** Of which nobody knows the outcome. */
  readonly open: number
  /** Faults that struck while an operation was under way: without one the history counts for nothing. */
  readonly effective: number
  readonly faults: Readonly<Record<string, number>>
  readonly tokens: number
  readonly moves: number
  /** Empty: all is well. */
  readonly problems: readonly string[]
}

const CLIENTS = 5
const READERS = 2
const OPERATIONS = 16
const ROUGH_MS = 15_000
const HEALED_MS = 25_000
const SHAPES = [
  { nodes: 4, copies: 3 },
  { nodes: 5, copies: 3 },
  { nodes: 5, copies: 5 },
  { nodes: 7, copies: 5 },
] as const
/** How far a wall clock is set back: longer than a lease. */
const SET_BACK_MS = 30_000
const KINDS = ['kill', 'kill', 'pause', 'pause', 'cut', 'cut', 'lone', 'loss', 'move'] as const

/** Runs one world and judges what its clients and watches have seen. */
export function runStoreSeed(seed: number): StoreRun {
  const shape = SHAPES[seed % SHAPES.length] ?? SHAPES[0]
  const world = new StoreWorld({ seed, ...shape })
  let moments = 0
  const recorder = new Recorder<KvCommand, KvResult>(() => (moments += 1))
  world.run(2_500)
  const clients = Array.from(
    { length: CLIENTS },
    (_, i) => new StoreClient(`c${i}`, world, recorder, { operations: OPERATIONS, readsOnly: i < READERS }),
  )
  const struck: Record<string, number> = {}
  const end = world.queue.nowMs + ROUGH_MS
  let effective = 0
  while (world.queue.nowMs < end) {
    world.run(world.random.int(300, 2_500))
    const kind = world.random.pick(KINDS)
    if (recorder.isBusy) effective += 1
    struck[kind] = (struck[kind] ?? 0) + 1
    strike(world, kind, seed % 2 === 1)
  }
  heal(world)
  world.run(HEALED_MS)
  const problems = [...world.faults, ...world.watchFaults()]
  for (const { name, isDone } of clients) if (!isDone) problems.push(`unanswered: ${name}`)
  problems.push(...judge(recorder))
  const { history } = recorder
  return {
    ...{ seed, operations: history.length, open: history.filter(({ output }) => output === null).length },
    ...{ effective, faults: struck, tokens: world.tokens, moves: world.moves, problems },
  }
}

function judge(recorder: Recorder<KvCommand, KvResult>): string[] {
  const verdict = checkHistory(storeModel, recorder.history)
  if (verdict.kind === 'undecided') return [`undecided: ${verdict.key}`]
  if (verdict.kind === 'violation') {
    const lines = recorder.history.filter(({ key }) => key === verdict.key).map(show)
    return [`not linearizable: ${verdict.key}, ${verdict.longest} of ${verdict.of}\n${lines.join('\n')}`]
  }
  const versions = checkVersions(recorder.history)
  return versions === null ? [] : [versions]
}

/**
 * A fault now, most often at the primary, and its end some time later.
 *
 * @param setsClocks a node that is cut off has its wall clock set back, too
 */
function strike(world: StoreWorld, kind: (typeof KINDS)[number], setsClocks: boolean): void {
  const { random, queue, network, hosts } = world
  const seats = world.members
  const isAimed = random.chance(0.6) && seats.includes(world.primary)
  const seat = isAimed ? world.primary : random.pick(seats)
  const host = hosts[seat]
  const ms = random.int(300, 8_000)
  const later = (run: () => void): void => queue.push(ms, run)
  if (setsClocks && (kind === 'cut' || kind === 'lone')) setBack(world, seat, later)
  switch (kind) {
    case 'kill':
      host?.kill()
      return later(() => world.restart(seat))
    case 'pause':
      host?.pause()
      return later(() => host?.wake())
    case 'cut': {
      const side = new Set(random.shuffled([...hosts.keys()]).slice(0, random.int(1, hosts.length >> 1)))
      return later(cut(world, (a, b) => side.has(a) !== side.has(b)))
    }
    case 'lone':
      return later(cut(world, (a, b) => a === seat || b === seat))
    case 'loss':
      network.isRough = true
      return later(() => (network.isRough = false))
    case 'move': {
      const free = [...hosts.keys()].filter((one) => !seats.includes(one))
      if (free.length > 0) world.move(seat, random.pick(free))
    }
  }
}

/** The wall clock of a node, until it is set right; agreed time is that of most clocks, so one at a time. */
function setBack({ hosts }: StoreWorld, seat: number, later: (run: () => void) => void): void {
  const host = hosts[seat]
  if (host === undefined || hosts.some(({ offsetMs }) => offsetMs < -SET_BACK_MS / 2)) return
  host.offsetMs -= SET_BACK_MS
  later(() => void (host.offsetMs += SET_BACK_MS))
}

/** @returns ends it, unless another one has begun */
function cut({ network }: StoreWorld, isCut: (a: number, b: number) => boolean): () => void {
  network.cut = isCut
  return () => {
    if (network.cut === isCut) network.cut = () => false
  }
}

function heal(world: StoreWorld): void {
  world.network.heal()
  world.hosts.forEach((host, seat) => {
    if (host.isPaused) host.wake()
    world.restart(seat)
  })
}
