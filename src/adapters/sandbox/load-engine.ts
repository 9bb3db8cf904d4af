import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Engine } from '../../sandbox/sandbox.ts'
import { createEngine } from '../../sandbox/sandbox.ts'

/** Path of the engine's module as its package has it, before the meter. */
export function engineFile(): string {
  return fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm'))
}

let engine: Engine | null = null

/** The engine of profile e1, from the package quickjs-wasi. Compiled once per process: takes a fraction of a second. */
export function loadEngine(): Engine {
  engine ??= createEngine(readFileSync(engineFile()))
  return engine
}
