import { postEvent } from '../../adapters/evm/operator.ts'
import type { NodeProcess } from '../local/node-process.ts'
import { U16_MAX } from '../../services/fields.ts'
import { eventOf } from '../services/service-file.ts'
import { telecomOrders } from './document.ts'
import { shapeLinks } from './links.ts'
import type { Load } from './load.ts'
import { longestGapMs } from './load.ts'
import type { TelecomStage } from './stage.ts'
import { isPlaced, seconds } from './stage.ts'

/** The node that is killed, and comes back as a liar. */
export const CORE = 'Core1'
/** Its lie: other votes towards some than towards others. */
export const LIE = 'equivocate-share'
/** Where agreed states are read. */
const READER = 'Edge1'
/** One side of the cut: three of five, and a quorum is four. */
const SIDE = ['Edge1', 'Edge2', 'Core1']
/** Longer than a height takes while all are connected. */
const STILL_MS = 2_000
/** How long the cut lasts at least: longer than a peer is taken for silent. */
const CUT_MS = 5_000

/** Ten services in the ledger, placed by layer and room, and running. */
export async function place(stage: TelecomStage): Promise<Record<string, unknown>> {
  const { network, tasks, say } = stage
  // a host that has not spoken yet gets nothing
  await stage.until('all hosts known and measured', READER, ({ metrics, health }) =>
    network.nodes.every((_, seat) => {
      const row = metrics.rows.find(({ member }) => member === seat)
      const isUp = health.rows.find(({ member }) => member === seat)?.verdict === 'up'
      return row !== undefined && row.age === 0 && row.latency !== U16_MAX && isUp
    }),
  )
  const orders = telecomOrders()
  for (const data of orders.map(eventOf)) await postEvent(network.client, tasks.services, data)
  const state = await stage.until('ten services placed and running', READER, isPlaced)
  say(`${orders.length} services run where the members agreed that they do:`)
  for (const line of stage.placementLines(state)) say(line)
  return { services: orders.length }
}

/** kill -9 of a core under load: verdict, failover, recovery. */
export async function crash(stage: TelecomStage, loads: readonly Load[]): Promise<Record<string, unknown>> {
  const { say } = stage
  const seat = stage.seat(CORE)
  const before = await stage.until('a placement', READER, isPlaced)
  const lost = before.placement.instances.filter(({ member }) => member === seat).length
  const killedMs = performance.now()
  stage.kill(CORE)
  await stage.until(`${CORE} is agreed to have crashed`, READER, ({ health }) => {
    return health.rows.find(({ member }) => member === seat)?.verdict === 'crash'
  })
  const verdictMs = performance.now() - killedMs
  const after = await stage.until('all services run elsewhere', READER, (state) => isPlaced(state, [seat]))
  const recoveredMs = performance.now() - killedMs
  const gapMs = longestGapMs(loads, killedMs, performance.now())
  const primaries = after.placement.services.filter(
    ({ service, primary }) =>
      before.placement.services.find((one) => one.service === service)?.primary !== primary,
  ).length
  say(`${CORE} killed (SIGKILL) with ${lost} services on it`)
  say(
    `  verdict crash agreed after ${seconds(verdictMs)}; all ten run again after ${seconds(recoveredMs)}, ${primaries} with a new primary`,
  )
  say(`  longest pause of the clients’ strong writes: ${seconds(gapMs)}`)
  for (const line of stage.placementLines(after)) say(line)
  return { lost, verdictMs, recoveredMs, primaries, longestPauseMs: gapMs }
}

/** The core is back and lies about its votes: convicted on chain, and placed nowhere. */
export async function lie(
  stage: TelecomStage,
  start: (fromHeight: number) => NodeProcess,
): Promise<Record<string, unknown>> {
  const { say, watch, tasks } = stage
  const seat = stage.seat(CORE)
  const startedMs = performance.now()
  const { header } = await stage.until('a decided height', READER, () => true)
  stage.runs(start(header.heights + 1))
  const isConvicted = ({ facts }: ReturnType<typeof watch.of>[number]): boolean =>
    facts['task'] === String(tasks.services) && facts['member'] === seat
  await stage.wait(`${CORE} convicted`, () => watch.of('member.convicted').some(isConvicted))
  const convictedMs = performance.now() - startedMs
  const state = await stage.until(`${CORE} hosts nothing`, READER, (one) => {
    return (
      one.health.rows.find(({ member }) => member === seat)?.verdict === 'byzantine' && isPlaced(one, [seat])
    )
  })
  const conviction = watch.of('member.convicted').find(isConvicted)
  say(
    `${CORE} came back as a liar (${LIE}) and was convicted of ${String(conviction?.facts['offence'])} ${seconds(convictedMs)} after its start`,
  )
  for (const line of stage.placementLines(state)) say(line)
  return { convictedMs, offence: conviction?.facts['offence'] }
}

/** Three of five on one side: neither has a quorum, both refuse strong writes, nothing is stopped, and both go on after. */
export async function cut(stage: TelecomStage, loads: readonly Load[]): Promise<Record<string, unknown>> {
  const { say, network, watch } = stage
  const acknowledged = (): number => loads.reduce((sum, load) => sum + load.count().acknowledged, 0)
  const unanswered = (): number => loads.reduce((sum, load) => sum + load.count().unanswered, 0)
  const heights = async (): Promise<number[]> =>
    Promise.all(['Edge1', 'Cloud1'].map(async (name) => (await stage.agreed(name))?.header.heights ?? 0))
  shapeLinks(network.nodes, new Set(SIDE))
  // nodes read their files a moment later, and what was on its way arrives
  let last = { text: '', sinceMs: performance.now() }
  await stage.wait('both sides stand still', async () => {
    const text = [...(await heights()), acknowledged()].join()
    if (text !== last.text) last = { text, sinceMs: performance.now() }
    return performance.now() - last.sinceMs > STILL_MS
  })
  const [asked, begun, stopped] = [unanswered(), acknowledged(), watch.of('copy.stopped').length]
  const atCut = await heights()
  const cutMs = performance.now()
  await stage.wait('requests without an answer on both sides', () => {
    return performance.now() - cutMs >= CUT_MS && unanswered() >= asked + loads.length
  })
  const during = { acknowledged: acknowledged() - begun, stopped: watch.of('copy.stopped').length - stopped }
  const decided = (await heights()).map((height, i) => height - (atCut[i] ?? 0))
  const lastedMs = performance.now() - cutMs
  shapeLinks(network.nodes)
  const healedMs = performance.now()
  const [before] = [acknowledged()]
  await stage.wait('strong writes after the cut', () => acknowledged() > before)
  const backMs = performance.now() - healedMs
  say(`cut      ${SIDE.join(', ')} | Core2, Cloud1 for ${seconds(lastedMs)}`)
  say(
    `  strong writes acknowledged: ${during.acknowledged}; heights decided: ${decided.join(' and ')}; copies stopped: ${during.stopped}`,
  )
  say(`  healed: the first strong write was acknowledged ${seconds(backMs)} later`)
  return { ...during, decided, lastedMs, backMs }
}
