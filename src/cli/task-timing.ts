import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../adapters/evm/connection.ts'
import { EvmChain } from '../adapters/evm/evm-chain.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { TaskParams } from '../types/task.ts'
import { dialNewest, registeredAddresses } from './registered.ts'

/** How fast blocks come and how far apart the nodes are, as far as it can be measured from here. */
export interface Pace {
  /** Milliseconds from block to block: as they come now, and on an average. */
  readonly blockMsMin: number
  readonly blockMsMax: number
  /** Round trip between two nodes, milliseconds; null if none took a connection. */
  readonly roundTripMs: number | null
  /** Nodes that took a connection, of those that were asked. */
  readonly reached: number
  readonly asked: number
}

/** How long the parts of a task take. */
export interface Timing {
  readonly heightMs: number
  /** From the drawing to the first checkpoint. */
  readonly checkpointMs: number
  readonly checkpointBlocks: number
  /** From the end of sign-up to the last checkpoint; with the slowest blocks and with the fastest. */
  readonly blocksMin: number
  readonly blocksMax: number
  /** From the end of sign-up to the end of the task. */
  readonly room: number
}

/** A phase waits for messages there and back, twice over. */
const ROUND_TRIPS_PER_PHASE = 4
/** Messages one after the other in a height without a fault. */
const ROUND_TRIPS_PER_HEIGHT = 3
/** Members wait so long for each other before the first height. */
const BEGIN_MS = 10_000
/** A task dies after this many times as long as a checkpoint takes. */
const STALL_FACTOR = 3
const WATCH_MS = 2_000
const WATCH_LOOK_MS = 25
/** Blocks that must come while one watches, or time stamps are believed. */
const WATCHED_BLOCKS = 4
const STAMPED_BLOCKS = [16, 256] as const

/** Time-outs that this pace leaves room for: none is shortened. */
export function fitTiming(params: TaskParams, pace: Pace, reorgDepth: number): TaskParams {
  const { tickMs, debateTicks, shareTicks, confirmTicks, helloTicks, maxNodes, turnBlocks } = params
  const least = Math.ceil((ROUND_TRIPS_PER_PHASE * (pace.roundTripMs ?? 0)) / tickMs)
  const fitted = {
    ...params,
    debateTicks: Math.max(debateTicks, least),
    shareTicks: Math.max(shareTicks, least),
    confirmTicks: Math.max(confirmTicks, 3 * least),
    helloTicks: Math.max(helloTicks, least),
  }
  const { checkpointBlocks } = timingOf(fitted, pace, reorgDepth)
  const stallBlocks = STALL_FACTOR * checkpointBlocks + maxNodes * turnBlocks
  return { ...fitted, stallBlocks: Math.max(params.stallBlocks, stallBlocks) }
}

export function timingOf(params: TaskParams, pace: Pace, reorgDepth: number): Timing {
  const { heights, epochHeights, slotTicks, tickMs, endBlock, joinDeadline, maxNodes, turnBlocks } = params
  const heightMs = Math.max(slotTicks * tickMs, ROUND_TRIPS_PER_HEIGHT * (pace.roundTripMs ?? 0))
  const blocks = (ms: number, blockMs: number): number => Math.ceil(ms / blockMs)
  const checkpointMs = BEGIN_MS + Math.min(epochHeights, heights) * heightMs
  const allMs = BEGIN_MS + heights * heightMs
  // the drawing waits for its seed block, and members read it as deep again
  const drawn = 2 * reorgDepth
  return {
    heightMs,
    checkpointMs,
    checkpointBlocks: blocks(checkpointMs, pace.blockMsMin) + reorgDepth,
    blocksMin: drawn + blocks(allMs, pace.blockMsMax),
    blocksMax: drawn + blocks(allMs, pace.blockMsMin) + maxNodes * turnBlocks,
    room: endBlock - joinDeadline,
  }
}

/** What a client should know of the time-outs before it pays. @throws RsdpError E_TIMEOUTS if the task cannot end in time */
export function checkTiming(
  params: TaskParams,
  pace: Pace,
  reorgDepth: number,
): { readonly effect: readonly string[]; readonly warnings: readonly string[] } {
  const timing = timingOf(params, pace, reorgDepth)
  const { heightMs, checkpointMs, checkpointBlocks, blocksMin, blocksMax, room } = timing
  const { heights, stallBlocks, minNodes } = params
  const blockMs = Math.round(pace.blockMsMin)
  // it ends when both its blocks and its seconds are over
  const roomMs = (params.endTime - params.joinTime) * 1_000
  const isShort = (blocks: number, perBlockMs: number): boolean =>
    blocks > room && (params.endTime === 0 || blocks * perBlockMs > roomMs)
  if (isShort(blocksMin, pace.blockMsMax)) {
    throw new RsdpError({
      code: 'E_TIMEOUTS',
      message:
        `${heights} heights of ${seconds(heightMs)} take ${blocksMin} blocks of ${seconds(pace.blockMsMax)},` +
        ` and the task ends ${room} blocks after sign-up`,
      hint: 'publish fewer heights, a larger --factor, or a shorter sign-up (--join-blocks)',
      exit: EXIT.usage,
      details: { ...timing, ...pace },
    })
  }
  const warnings: string[] = []
  if (isShort(blocksMax, pace.blockMsMin))
    warnings.push(
      `with blocks of ${blockMs} ms the task may end before its last height: it takes ${blocksMax} of ${room} blocks`,
    )
  if (pace.asked > 0 && pace.reached < minNodes)
    warnings.push(
      `${pace.reached} of ${pace.asked} nodes take a connection from here; a cluster takes ${minNodes}`,
    )
  const apart = pace.roundTripMs === null ? '' : `, nodes ${pace.roundTripMs.toFixed(1)} ms apart`
  return {
    effect: [
      `pace     a block each ${blockMs} ms${apart}; a height each ${seconds(heightMs)}`,
      `timeout  checkpoints are due after ${seconds(checkpointMs)} (${checkpointBlocks} blocks); without one for ${stallBlocks} blocks the task ends`,
    ],
    warnings,
  }
}

const seconds = (ms: number): string => `${Number((ms / 1_000).toFixed(2))} s`

/** Watches the chain and dials nodes for about two seconds. */
export async function measurePace(connection: Connection): Promise<Pace> {
  const [blocks, dialled] = await Promise.all([
    measureBlocks(connection),
    registeredAddresses(new EvmChain(connection, null, 0)).then(dialNewest),
  ])
  const times = dialled.filter((ms) => ms !== null).sort((a, b) => a - b)
  const median = times[Math.floor(times.length / 2)]
  // by way of here it is no shorter
  const roundTripMs = median === undefined ? null : 2 * median
  return { ...blocks, roundTripMs, reached: times.length, asked: dialled.length }
}

/** As blocks come now if they come fast, else by their time stamps, which count seconds. */
async function measureBlocks(connection: Connection): Promise<Pick<Pace, 'blockMsMin' | 'blockMsMax'>> {
  const head = (): Promise<number> => connection.read(connection.provider.getBlockNumber())
  const first = await head()
  const startedMs = performance.now()
  let last = first
  while (last < first + WATCHED_BLOCKS && performance.now() < startedMs + WATCH_MS) {
    await sleep(WATCH_LOOK_MS)
    last = await head()
  }
  const watchedMs = (performance.now() - startedMs) / Math.max(1, last - first)
  if (last >= first + WATCHED_BLOCKS) return { blockMsMin: watchedMs, blockMsMax: watchedMs }
  const averages = await Promise.all(STAMPED_BLOCKS.map((count) => stampedMs(connection, last, count)))
  const known = averages.filter((ms) => ms !== null)
  // a chain that has just begun: what one sees is all there is
  const all = known.length === 0 ? [watchedMs] : known
  return { blockMsMin: Math.min(...all), blockMsMax: Math.max(...all) }
}

async function stampedMs(connection: Connection, head: number, count: number): Promise<number | null> {
  const from = Math.max(0, head - count)
  const [a, b] = await Promise.all([from, head].map((n) => connection.read(connection.provider.getBlock(n))))
  if (a === null || a === undefined || b === null || b === undefined) return null
  const ms = (1_000 * (b.timestamp - a.timestamp)) / (head - from)
  return ms > 0 ? ms : null
}
