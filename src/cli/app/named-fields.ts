import { toHex } from '../../codec/hex.ts'
import { findMachine, findReducer } from '../../reducers/catalog.ts'
import type { AnyReducer } from '../../reducers/catalog.ts'
import { DEFAULT_POLICY } from '../../services/policy.ts'
import type { Hex } from '../../types/ids.ts'

/** Params of the other stock reducers, as an example of their fields: docs/reducers.md says what they mean. */
const STOCK_PARAMS: Readonly<Record<string, unknown>> = {
  'rate-limit@1': { budget: 100n, demandMax: 1_000n },
  'rate-lease@1': { budget: 100n, demandMax: 1_000n, floor: 10n, leaseWindows: 5 },
  'time-slots@1': { slots: 8 },
  'popular-value@1': {},
  'median@1': { min: 0n, max: 1_000n },
  'weighted-vote@1': { weightMin: 1n, weightMax: 10n },
  'services@1': DEFAULT_POLICY,
  'federated-mean@1': { dimensions: 209, clip: 1_000_000, trim: 2 },
}

/** Params of the stock machines on a log of commands. */
const LOG_PARAMS = { minHeightTicks: 5, sessionIdleMs: 60_000, generation: 0n }

/** A reducer that is at hand as a module, and an example of its params. */
export interface Described {
  readonly reducer: AnyReducer
  readonly exampleParams: unknown
}

export function describedStock(name: string): Described | null {
  const reducer = findReducer(name)
  if (reducer === null) return null
  return { reducer, exampleParams: findMachine(name) === null ? STOCK_PARAMS[name] : LOG_PARAMS }
}

/**
 * Params as somebody writes them: hex as it stands, or JSON with the fields of the example. Integers may be numbers, or
 * strings where they are beyond 2^53. Null if they are neither, or the reducer does not write them.
 */
export function paramsFrom({ reducer, exampleParams }: Described, text: string): Hex | null {
  try {
    const value = like(exampleParams, JSON.parse(text) as unknown)
    return value === undefined ? null : toHex(reducer.params.encode(value))
  } catch {
    return null
  }
}

/** What JSON says, with the types of an example; undefined where it says something else. */
function like(example: unknown, json: unknown): unknown {
  switch (typeof example) {
    case 'bigint':
      return isInteger(json) ? BigInt(json) : undefined
    case 'number':
    case 'string':
    case 'boolean':
      return typeof json === typeof example ? json : undefined
    case 'object':
      return example === null ? undefined : likeFields(example, json)
    default:
      return undefined
  }
}

function isInteger(json: unknown): json is number | string {
  return Number.isSafeInteger(json) || (typeof json === 'string' && /^-?\d+$/.test(json))
}

function likeFields(example: object, json: unknown): unknown {
  if (Array.isArray(example)) {
    const [first] = example as unknown[]
    if (!Array.isArray(json)) return undefined
    const items = json.map((item) => like(first, item))
    return items.includes(undefined) ? undefined : items
  }
  if (typeof json !== 'object' || json === null) return undefined
  const names = Object.keys(example)
  if (Object.keys(json).some((name) => !names.includes(name))) return undefined
  const fields = names.map((name): [string, unknown] => [
    name,
    like((example as Record<string, unknown>)[name], (json as Record<string, unknown>)[name]),
  ])
  return fields.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(fields)
}
