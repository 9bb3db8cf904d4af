/**
 * `rsdp …` with every frame that its transport delivers written to the file RSDP_WIRE_FILE, before the node sees it.
 * How late its event loop is, in ms, is written to the same name with `.delay` every few seconds; what was left on its heap after
 * each full collection to `.heap`, a line each: Unix ms and bytes.
 * RSDP_WIRE_HOLD=height:key:ms keeps back frames of that sender that bring its STATUS of that height, as a slow link would.
 */
import { appendFileSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { Libp2pTransport } from '../../src/adapters/libp2p/transport.ts'
import { decodeFrame } from '../../src/codec/frames.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { frameLine } from './wire-recorder.ts'

type Receive = Parameters<Transport['onMessage']>[0]

const file = openSync(process.env['RSDP_WIRE_FILE'] ?? '/dev/null', 'a', 0o600)
const [height, sender, ms] = (process.env['RSDP_WIRE_HOLD'] ?? '').split(':')

const record =
  (receive: Receive): Receive =>
  (from, bytes) => {
    writeSync(file, frameLine({ atMs: Date.now(), from, bytes }))
    if (from === sender && bringsStatus(bytes, Number(height))) {
      setTimeout(() => receive(from, bytes), Number(ms)).unref()
    } else receive(from, bytes)
  }

function bringsStatus(bytes: Uint8Array, of: number): boolean {
  const parts = decodeFrame(bytes)?.parts ?? []
  return parts.some((part) => {
    if (part.kind !== 'object' || part.signed.object.type !== 'status') return false
    return part.signed.object.height === of
  })
}

const DELAY_MS = 5_000
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
setInterval(() => {
  // of the histogram's values the resolution is what a loop that is never late has
  const ms = (ns: number): number => Math.max(0, Math.round(ns / 1e6 - 10))
  const late = { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) }
  writeFileSync(`${process.env['RSDP_WIRE_FILE'] ?? '/dev/null'}.delay`, JSON.stringify(late))
}, DELAY_MS).unref()

// the observer is told right after a collection: what was made since is little
new PerformanceObserver((list) => {
  const entries = list.getEntries() as readonly { readonly detail?: { readonly kind?: number } }[]
  const isFull = entries.some(({ detail }) => detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR)
  if (!isFull) return
  const line = `${Date.now()} ${process.memoryUsage().heapUsed}\n`
  appendFileSync(`${process.env['RSDP_WIRE_FILE'] ?? '/dev/null'}.heap`, line)
}).observe({ entryTypes: ['gc'] })

const { prototype } = Libp2pTransport
const onMessage: unknown = Reflect.get(prototype, 'onMessage')
prototype.onMessage = function (receive) {
  if (typeof onMessage === 'function') Reflect.apply(onMessage, this, [record(receive)])
}

await import('../../src/cli/main.ts')
