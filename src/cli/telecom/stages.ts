import { postEvent } from '../../adapters/evm/operator.ts'
import { U16_MAX } from '../../services/fields.ts'
import type { NodeProcess } from '../local/node-process.ts'
import { eventOf } from '../services/service-file.ts'
import { firstCopy, STRONG, telecomOrders } from './document.ts'
import type { Load } from './load.ts'
import { longestGapMs, lostOf } from './load.ts'
import type { TelecomStage } from './stage.ts'
import { groupOf, isPlaced, seconds } from './stage.ts'
import type { Transfers } from './transfers.ts'

/** The node that is killed, and comes back as a liar. */
export const CORE = 'Core1'
/** Its lie: other votes towards some than towards others. */
export const LIE = 'equivocate-share'
/** Where agreed states are read. */
const READER = 'Edge1'

/** Ten services in the ledger, placed by layer and room, and running. Core1 leads the strong store: it had the first copy. */
export async function place(stage: TelecomStage): Promise<Record<string, unknown>> {
  const { network, task, say } = stage
  const post = (data: Uint8Array): Promise<unknown> => postEvent(network.client, task, data)
  await post(eventOf(firstCopy()))
  // a host that has not spoken yet gets nothing
  await stage.until('all hosts known and measured', READER, ({ metrics, health }) =>
    network.nodes.every((_, seat) => {
      const row = metrics.rows.find(({ member }) => member === seat)
      const isUp = health.rows.find(({ member }) => member === seat)?.verdict === 'up'
      return row !== undefined && row.age === 0 && row.latency !== U16_MAX && isUp
    }),
  )
  const core = stage.seat(CORE)
  await stage.until(`${CORE} leads the strong store`, READER, (state) => {
    return groupOf(state, STRONG)?.primary === core
  })
  const orders = telecomOrders()
  for (const data of orders.map(eventOf)) await post(data)
  const state = await stage.until('ten services placed and running', READER, isPlaced)
  say(`${orders.length} services run where the members agreed that they do:`)
  for (const line of stage.placementLines(state)) say(line)
  return { services: orders.length }
}

/** kill -9 of the core that leads the strong store: verdict, failover, recovery, and what of the acknowledged is lost. */
export async function crash(
  stage: TelecomStage,
  loads: readonly Load[],
  transfers: Transfers,
): Promise<Record<string, unknown>> {
  const { say } = stage
  const seat = stage.seat(CORE)
  const before = await stage.until(`a placement, and ${CORE} leads`, READER, (state) => {
    return isPlaced(state) && groupOf(state, STRONG)?.primary === seat
  })
  const copies = before.placement.instances.filter(({ member }) => member === seat).length
  const killedMs = performance.now()
  const passedMs = (): number => performance.now() - killedMs
  stage.kill(CORE)
  await stage.until(`${CORE} is agreed to have crashed`, READER, ({ health }) => {
    return health.rows.find(({ member }) => member === seat)?.verdict === 'crash'
  })
  const verdictMs = passedMs()
  const led = await stage.until('another primary serves', READER, (state) => {
    const group = groupOf(state, STRONG)
    return group !== null && group.primary !== seat && group.stage === 'watch'
  })
  const primaryMs = passedMs()
  // what was asked before the crash, the dead one may have answered
  const isBack = (load: Load): boolean => load.acknowledgedIn(killedMs, Infinity) > 0
  await stage.wait('strong writes of every client after the crash', () => loads.every(isBack))
  const { committed } = transfers
  await stage.wait('a transfer after the crash', () => {
    transfers.check()
    return transfers.committed > committed + 1
  })
  const first = Math.min(
    ...loads.flatMap(({ acknowledged }) =>
      acknowledged.filter(({ askedMs }) => askedMs >= killedMs).map(({ doneMs }) => doneMs),
    ),
  )
  const pauseMs = longestGapMs(loads, killedMs, performance.now())
  const lost = await lostOf(loads, stage.store(READER, STRONG))
  const after = await stage.until('all services run elsewhere', READER, (state) => isPlaced(state, [seat]))
  const placedMs = passedMs()
  const primary = stage.nameOf(groupOf(led, STRONG)?.primary ?? seat)
  say(`${CORE} killed (SIGKILL) with ${copies} copies on it, one of them the primary of the strong store`)
  say(
    `  verdict crash agreed after ${seconds(verdictMs)}; new primary ${primary}, serving after ${seconds(primaryMs)}`,
  )
  say(
    `  recovery time: first strong write acknowledged ${seconds(first - killedMs)} after the kill; longest pause ${seconds(pauseMs)}`,
  )
  say(`  acknowledged strong writes lost: ${lost}; all ten services run again after ${seconds(placedMs)}`)
  for (const line of stage.placementLines(after)) say(line)
  const recoveredMs = first - killedMs
  return {
    copies,
    verdictMs,
    primary,
    primaryMs,
    recoveredMs,
    lostWrites: lost,
    placedMs,
    longestPauseMs: pauseMs,
  }
}

/** The core is back and lies about its votes: convicted on chain, and placed nowhere. */
export async function lie(
  stage: TelecomStage,
  start: (fromHeight: number) => NodeProcess,
): Promise<Record<string, unknown>> {
  const { say, watch, task } = stage
  const seat = stage.seat(CORE)
  const startedMs = performance.now()
  const { header } = await stage.until('a decided height', READER, () => true)
  stage.runs(start(header.heights + 1))
  const isConvicted = ({ facts }: ReturnType<typeof watch.of>[number]): boolean =>
    facts['task'] === String(task) && facts['member'] === seat
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
