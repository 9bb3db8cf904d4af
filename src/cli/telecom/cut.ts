import { utf8Hex } from '../../codec/hex.ts'
import { EVENTUAL, STRONG } from './document.ts'
import { shapeLinks } from './links.ts'
import type { Load } from './load.ts'
import type { OpenLoad } from './open-load.ts'
import { missingFrom } from './open-load.ts'
import type { TelecomStage } from './stage.ts'
import { groupOf, seconds } from './stage.ts'
import { CORE } from './stages.ts'

/** One side of the cut: three of five, and a quorum is four. */
const SIDE: readonly string[] = ['Edge1', 'Edge2', 'Core1']
/** A node of each side. */
const ENDS = ['Edge1', 'Cloud1'] as const
/** Eventual writes of each client after the lease. */
const OPEN_WRITES = 4
/** A key that both sides write while they do not hear each other. */
const MEETING = 'meeting'

/**
 * Three of five on one side: neither has a quorum. Both refuse strong writes once the lease is over; eventual writes go on,
 * and merge after the cut; nothing is stopped.
 */
export async function cut(
  stage: TelecomStage,
  loads: readonly Load[],
  openLoads: readonly OpenLoad[],
): Promise<Record<string, unknown>> {
  const { say, network, watch } = stage
  // the liar starts what it hosted before it died, and takes its time to stop it
  const stops = (): number => watch.of('copy.stopped').filter(({ node }) => node !== CORE).length
  const stopsBefore = stops()
  shapeLinks(network.nodes, new Set(SIDE))
  const cutMs = performance.now()
  await stage.wait('the lease is over on both sides', async () => Date.now() > (await leaseEndMs(stage)))
  const overMs = performance.now()
  const before = await heights(stage)
  const refusedBy = (load: Load): number => load.requests.refusedMs.filter((ms) => ms >= overMs).length
  await stage.wait('every strong client refused, every eventual one answered', () => {
    const areOpen = openLoads.every((load) => load.keysIn(overMs, Infinity).length >= OPEN_WRITES)
    return areOpen && loads.every((load) => refusedBy(load) > 0)
  })
  await meet(stage)
  const acknowledged = loads.reduce((sum, load) => sum + load.acknowledgedIn(overMs, Infinity), 0)
  const decided = (await heights(stage)).map((height, i) => height - (before[i] ?? 0))
  const isOnSide = ({ at }: Load): boolean => SIDE.includes(at)
  const refused = [loads.filter(isOnSide), loads.filter((load) => !isOnSide(load))].map((side) =>
    side.reduce((sum, load) => sum + refusedBy(load), 0),
  )
  const stopped = stops() - stopsBefore
  shapeLinks(network.nodes)
  const healedMs = performance.now()
  const open = await merged(stage, openLoads, cutMs, healedMs)
  await stage.wait('strong writes of every client after the cut', () =>
    loads.every((load) => load.acknowledgedIn(healedMs, Infinity) > 0),
  )
  const back = loads.flatMap((load) => load.acknowledged.map(({ doneMs }) => doneMs - healedMs))
  const backMs = Math.min(...back.filter((ms) => ms > 0))
  const [lastedMs, leaseMs] = [healedMs - cutMs, overMs - cutMs]
  say(
    `cut      ${SIDE.join(', ')} | Core2, Cloud1 for ${seconds(lastedMs)}; the lease was over after ${seconds(leaseMs)}`,
  )
  say(`  strong writes after that: refused ${refused.join(' and ')}, acknowledged ${acknowledged}`)
  say(`  heights decided: ${decided.join(' and ')}; copies stopped: ${stopped}`)
  say(
    `  eventual writes acknowledged: ${open.acknowledged.join(' and ')}; each side had all of them ${seconds(open.mergedMs)} after the heal`,
  )
  say(
    `  a key that both sides wrote: ${open.values} values side by side, ${open.valuesAfter} after a client’s merge`,
  )
  say(`  the first strong write was acknowledged ${seconds(backMs)} after the heal`)
  return { refused, acknowledged, decided, stopped, lastedMs, leaseMs, backMs, open }
}

/** Greatest end of the lease that any node has decided. */
async function leaseEndMs(stage: TelecomStage): Promise<number> {
  const states = await Promise.all(stage.network.nodes.map(({ name }) => stage.agreed(name)))
  return Math.max(...states.map((state) => (state === null ? 0 : (groupOf(state, STRONG)?.leaseEndMs ?? 0))))
}

function heights(stage: TelecomStage): Promise<number[]> {
  return Promise.all(ENDS.map(async (name) => (await stage.agreed(name))?.header.heights ?? 0))
}

/** Both sides write one key, and neither has seen the other's write. */
async function meet(stage: TelecomStage): Promise<void> {
  for (const at of ENDS) await stage.store(at, EVENTUAL).put(MEETING, utf8Hex(at))
}

/** Waits until each side has all that was acknowledged on the other, and both values of the key that both wrote. */
async function merged(
  stage: TelecomStage,
  openLoads: readonly OpenLoad[],
  fromMs: number,
  healedMs: number,
): Promise<{
  readonly acknowledged: readonly number[]
  readonly mergedMs: number
  readonly values: number
  readonly valuesAfter: number
}> {
  const written = openLoads.map((load) => load.keysIn(fromMs, healedMs))
  const stores = ENDS.map((at) => stage.store(at, EVENTUAL))
  let left = stores.map(() => written.flat())
  await stage.wait('each side has the eventual writes of the other', async () => {
    left = await Promise.all(stores.map((store, i) => missingFrom(store, left[i] ?? [])))
    return left.flat().length === 0
  })
  const mergedMs = performance.now() - healedMs
  const [first] = stores
  if (first === undefined) throw new Error('nobody reads')
  await stage.wait('both values of the key that both sides wrote, at both', async () => {
    const both = await Promise.all(stores.map((store) => store.get(MEETING)))
    return both.every(({ values }) => values.length === ENDS.length)
  })
  const { values, context } = await first.get(MEETING)
  const all = utf8Hex(ENDS.join(' and '))
  await first.put(MEETING, all, context === null ? {} : { context })
  const { length } = (await first.get(MEETING)).values
  return {
    acknowledged: written.map((keys) => keys.length),
    mergedMs,
    values: values.length,
    valuesAfter: length,
  }
}
