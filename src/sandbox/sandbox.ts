import { concatHex, keccak, toHex, utf8Hex } from '../codec/hex.ts'
import { OPERATION } from '../reducers/bundle/frame.ts'
import type { Operation } from '../reducers/bundle/frame.ts'
import type { Digest } from '../types/ids.ts'
import { Fault, Guest } from './guest.ts'
import type { Image } from './guest.ts'
import { meter } from './meter/meter.ts'
import { BUNDLE_FILE, FUEL, INTRINSICS, PRELUDE, PRELUDE_FILE, PROFILE } from './profile.ts'
import type { SandboxFault, SandboxResult } from './result.ts'

export interface Engine {
  readonly module: WebAssembly.Module
  /** Identity of the engine: equal engines give equal bytes, verdicts and fuel for equal bundles and frames. */
  readonly hash: Digest
}

/** A bundle that was evaluated once. Calls leave no trace in it. */
export interface Program {
  /** `keccak("RSDP3.bundle" ‖ engine hash ‖ keccak(bundle))`. */
  readonly id: Digest
  readonly image: Image
  /** Fuel of the evaluation. */
  readonly fuel: bigint
}

export type Prepared =
  | { readonly ok: true; readonly program: Program }
  | { readonly ok: false; readonly code: SandboxFault; readonly detail: string }

/**
 * The engine of profile e1: QuickJS compiled to WebAssembly, instrumented by `meter`. Compiles: takes a fraction of a
 * second. Throws RangeError for bytes that the meter does not know.
 *
 * @param quickjs the module of quickjs-wasi
 */
export function createEngine(quickjs: Uint8Array): Engine {
  const metered = meter(quickjs, PROFILE)
  return { module: new WebAssembly.Module(metered), hash: engineHash(metered) }
}

/** keccak over everything that decides a result: the metered module, the prelude, and the profile's numbers. */
function engineHash(metered: Uint8Array): Digest {
  const numbers = { ...PROFILE, intrinsics: INTRINSICS, files: [PRELUDE_FILE, BUNDLE_FILE] }
  const fuel = Object.entries(FUEL).map(([name, value]) => `${name}=${value}`)
  return keccak(
    concatHex(keccak(toHex(metered)), keccak(utf8Hex(PRELUDE)), utf8Hex(JSON.stringify([numbers, fuel]))),
  )
}

/** Identity of a bundle on an engine, by the hash of its bytes. */
export function bundleIdOf(engine: Digest, content: Digest): Digest {
  return keccak(concatHex(utf8Hex('RSDP3.bundle'), engine, content))
}

/** Identity of a bundle's bytes on an engine. */
export function bundleId(engine: Digest, bundle: Uint8Array): Digest {
  return bundleIdOf(engine, keccak(bundle))
}

/**
 * Evaluates a bundle: a script in UTF-8 whose value is a function `(operation, frame) => Uint8Array`. Never throws for
 * anything that a bundle contains or does.
 */
export function prepare(engine: Engine, bundle: Uint8Array): Prepared {
  if (bundle.length > PROFILE.bundleBytesMax) return refused('badBundle', `${bundle.length} bytes`)
  try {
    const source = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bundle)
    const { image, fuel } = Guest.start(engine.module, source)
    return { ok: true, program: { id: bundleId(engine.hash, bundle), image, fuel } }
  } catch (error) {
    if (error instanceof Fault) return refused(error.code, error.message)
    return refused('badBundle', 'not UTF-8')
  }
}

/** Runs one operation in a copy of the program's memory. Never throws. */
export function run({ image }: Program, operation: Operation, frame: Uint8Array): SandboxResult {
  const budget = operation === 'validate' || operation === 'describe' ? FUEL.validate : FUEL.aggregate
  const guest = Guest.restore(image)
  try {
    const bytes = guest.measure(budget, () => guest.call(image.entry, OPERATION[operation], frame))
    return { ok: true, bytes, fuel: guest.used }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { ok: false, code: error.code, detail: error.message, fuel: guest.used }
  } finally {
    guest.release(image)
  }
}

function refused(code: SandboxFault, detail: string): Prepared {
  return { ok: false, code, detail }
}
