import { PRIORITY_MAX } from '../../services/placement/spec.ts'
import type { Tier } from '../../services/placement/spec.ts'
import type { OrderedService, ServiceInFile } from '../services/service-file.ts'
import { fromFile } from '../services/service-file.ts'

/** A node of the document's network: its layer, and what it has. */
export interface TelecomNode {
  readonly name: string
  readonly tier: Exclude<Tier, 'any'>
  readonly memoryGb: number
  readonly throughputMbits: number
  readonly transactionsPerSecond: number
}

/** The document's five nodes. */
export const TELECOM_NODES: readonly TelecomNode[] = [
  { name: 'Edge1', tier: 'edge', memoryGb: 8, throughputMbits: 500, transactionsPerSecond: 150 },
  { name: 'Edge2', tier: 'edge', memoryGb: 4.5, throughputMbits: 470, transactionsPerSecond: 100 },
  { name: 'Core1', tier: 'core', memoryGb: 12, throughputMbits: 1000, transactionsPerSecond: 250 },
  { name: 'Core2', tier: 'core', memoryGb: 10, throughputMbits: 950, transactionsPerSecond: 200 },
  { name: 'Cloud1', tier: 'cloud', memoryGb: 16, throughputMbits: 1250, transactionsPerSecond: 300 },
]
/** The document says how many cores are in use, and not how many there are. */
export const CORES = 4

/** The document's round trips, ms. Edge to cloud has no link of its own: the way through a core, 8 + 22. */
const ROUND_TRIPS: readonly (readonly [a: string, b: string, ms: number])[] = [
  ['Edge1', 'Core1', 8],
  ['Edge1', 'Core2', 10],
  ['Edge2', 'Core1', 8],
  ['Edge2', 'Core2', 10],
  ['Core1', 'Cloud1', 22],
  ['Core2', 'Cloud1', 22],
  ['Edge1', 'Edge2', 18],
  ['Core1', 'Core2', 10],
  ['Edge1', 'Cloud1', 30],
  ['Edge2', 'Cloud1', 30],
]

export function roundTripMs(a: string, b: string): number {
  const found = ROUND_TRIPS.find(([x, y]) => (x === a && y === b) || (x === b && y === a))
  return found?.[2] ?? 0
}

/** The document's ten services, two a node: the layer of each, and how urgent it is. */
export const TELECOM_SERVICES: readonly {
  readonly name: string
  readonly tier: Tier
  readonly priority: number
}[] = [
  { name: 'RPC', tier: 'edge', priority: 8 },
  { name: 'Replication', tier: 'edge', priority: 7 },
  { name: 'Migration', tier: 'edge', priority: 5 },
  { name: 'Recovery', tier: 'edge', priority: 9 },
  { name: 'Transactions', tier: 'core', priority: 10 },
  { name: 'Commit (2PC)', tier: 'core', priority: 10 },
  { name: 'Load balancing', tier: 'core', priority: 6 },
  { name: 'Deadlock detection', tier: 'core', priority: 6 },
  { name: 'Analytics', tier: 'cloud', priority: 2 },
  { name: 'Shared memory', tier: 'cloud', priority: 4 },
]

/** Those of them that keep data, by number: two strong, between which transactions move units, and one eventual. */
export const STRONG = 10
export const ACCOUNTS = 6
export const EVENTUAL = 2
/** Two that lock keys for transactions, in different layers: on different nodes. */
export const LOCKS = [5, 1] as const
/** More copies than a layer has nodes: they go over all layers. After one node is lost the eventual store is on every other. */
const STORES: Readonly<Record<number, Pick<ServiceInFile, 'copies' | 'terms'>>> = {
  [STRONG]: { copies: { min: 3, max: 3 }, terms: { mode: 'active-passive', consistency: 'strong' } },
  [ACCOUNTS]: { copies: { min: 3, max: 3 }, terms: { mode: 'active-passive', consistency: 'strong' } },
  [EVENTUAL]: { copies: { min: 4, max: 4 }, terms: { mode: 'active-active', consistency: 'eventual' } },
}
const COPY_OF_STORE = { cores: 0.1, memoryGb: 0.1, transactionsPerSecond: 5 }

/** As orders. A core that is left alone has room for the other services of its layer. */
export function telecomOrders(): OrderedService[] {
  return TELECOM_SERVICES.map(({ tier, priority }, i) => {
    const same = {
      service: i + 1,
      spread: 'node' as const,
      priority,
      criticality: priority / 10,
      calls: [] as number[],
    }
    const store = STORES[i + 1]
    if (store !== undefined)
      return fromFile({ ...same, ...store, kind: 'store', tier: 'any', needs: COPY_OF_STORE })
    return fromFile({
      ...{ ...same, kind: isLock(i + 1) ? 'lock' : 'counter', tier, copies: { min: 1, max: 1 } },
      needs: { cores: 0.5, memoryGb: 0.5, transactionsPerSecond: 40 },
    })
  })
}

const isLock = (service: number): boolean => LOCKS.some((one) => one === service)

/** The strong store as it begins: one copy, for which of the cores only the first has the memory. */
export function firstCopy(): OrderedService {
  const { spec, terms } = telecomOrders()[STRONG - 1] ?? missingStore()
  const needs = { ...spec.needs, memory: 1050 }
  return { terms, spec: { ...spec, tier: 'core', priority: PRIORITY_MAX, copiesMin: 1, copiesMax: 1, needs } }
}

function missingStore(): never {
  throw new Error('the document has no shared memory')
}
