import { fileURLToPath } from 'node:url'
import { buildBundle } from '../../src/adapters/esbuild/build-bundle.ts'
import { loadEngine } from '../../src/adapters/sandbox/load-engine.ts'
import { Bundle } from '../../src/sandbox/bundle.ts'

/** Where each stock reducer is, and under which name. */
export const STOCK_MODULES: Readonly<Record<string, readonly [file: string, exported: string]>> = {
  'rate-limit@1': ['rate-limit', 'rateLimit'],
  'time-slots@1': ['time-slots', 'timeSlots'],
  'popular-value@1': ['popular-value', 'popularValue'],
  'median@1': ['median', 'median'],
  'weighted-vote@1': ['weighted-vote', 'weightedVote'],
}

/** A stock reducer as a bundle. */
export async function stockBundle(id: string): Promise<Uint8Array> {
  const [file, exported] = STOCK_MODULES[id] ?? []
  if (file === undefined) throw new Error(`no module of ${id}`)
  const module = fileURLToPath(new URL(`../../src/reducers/${file}.ts`, import.meta.url))
  return buildBundle(module, exported)
}

/** A stock machine on its log of commands, as a bundle. */
export function machineBundle(exported: 'kv' | 'locks' | 'leaders' | 'work'): Promise<Uint8Array> {
  return buildBundle(fileURLToPath(new URL('./machine-modules.ts', import.meta.url)), exported)
}

/** A bundle in the engine of this package. */
export function openBundle(bytes: Uint8Array): Bundle {
  const opened = Bundle.open(loadEngine(), bytes)
  if (!opened.ok) throw new Error(`${opened.code}: ${opened.detail}`)
  return opened.bundle
}
