import { z } from 'zod'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { U16_MAX } from '../../services/fields.ts'
import type { Capacity } from '../../services/metrics/codec.ts'
import {
  CALLS_MAX,
  COPIES_MAX,
  encodeOrder,
  KINDS,
  PRIORITY_MAX,
  SPREADS,
  TIERS,
} from '../../services/placement/spec.ts'
import type { ServiceSpec } from '../../services/placement/spec.ts'
import { MODES } from '../../services/replication/terms.ts'
import type { Terms } from '../../services/replication/terms.ts'
import { readYaml } from '../yaml-file.ts'
import { CONSISTENCIES } from '../../types/store-request.ts'

const number = z.int().min(1).max(U16_MAX)
const hundredths = z
  .number()
  .min(0)
  .max(U16_MAX / 100)
  .refine((value) => Math.abs(100 * value - Math.round(100 * value)) < 1e-6, 'expected at most two decimals')

const serviceSchema = z
  .strictObject({
    service: number,
    kind: z.enum(KINDS),
    tier: z.enum(TIERS).default('any'),
    spread: z.enum(SPREADS).default('node'),
    priority: z.int().min(0).max(PRIORITY_MAX).default(5),
    copies: z.strictObject({ min: z.int().min(1).max(COPIES_MAX), max: z.int().min(1).max(COPIES_MAX) }),
    needs: z.strictObject({
      cores: hundredths,
      memoryGb: hundredths,
      transactionsPerSecond: z.int().min(0).max(U16_MAX),
    }),
    /** Part of the worst loss, 0 … 1. */
    criticality: z.number().min(0).max(1).multipleOf(0.001).default(0),
    calls: z.array(number).max(CALLS_MAX).default([]),
    /** Of a store. */
    terms: z.strictObject({ mode: z.enum(MODES), consistency: z.enum(CONSISTENCIES) }).optional(),
  })
  .refine(({ copies }) => copies.min <= copies.max, 'copies: more at least than at most')
  .refine(
    ({ kind, terms }) => (kind === 'store') === (terms !== undefined),
    'terms: a store has them, no other kind',
  )

export type ServiceInFile = z.output<typeof serviceSchema>

/** The file of `services put`: every key that is there is known. */
export const servicesSchema = z.strictObject({ services: z.array(serviceSchema).min(1).max(16) })

/** A service as the ledger orders it. */
export interface OrderedService {
  readonly spec: ServiceSpec
  readonly terms: Terms | null
}

/** @throws RsdpError E_SERVICES */
export async function readServices(path: string): Promise<OrderedService[]> {
  const hint = 'begin with what rsdp services template prints'
  const { services } = await readYaml(path, servicesSchema, { code: 'E_SERVICES', hint })
  return services.map(fromFile)
}

export function fromFile(one: ServiceInFile): OrderedService {
  const { copies, needs, criticality, calls, terms = null, ...same } = one
  return {
    terms,
    spec: {
      ...same,
      copiesMin: copies.min,
      copiesMax: copies.max,
      criticality: Math.round(1000 * criticality),
      calls: Array.from({ length: CALLS_MAX }, (_, i) => calls[i] ?? 0),
      needs: {
        cpu: Math.round(100 * needs.cores),
        memory: Math.round(100 * needs.memoryGb),
        transactions: needs.transactionsPerSecond,
      },
    },
  }
}

/** The same in the words of the file. */
export function toFile({ spec, terms }: OrderedService): ServiceInFile {
  const { copiesMin, copiesMax, needs, criticality, calls, ...same } = spec
  return {
    ...same,
    copies: { min: copiesMin, max: copiesMax },
    needs: {
      cores: needs.cpu / 100,
      memoryGb: needs.memory / 100,
      transactionsPerSecond: needs.transactions,
    },
    criticality: criticality / 1000,
    calls: calls.filter((service) => service !== 0),
    ...(terms === null ? {} : { terms }),
  }
}

/** The ledger event that puts a service. */
export function eventOf({ spec, terms }: OrderedService): Uint8Array {
  return encodeOrder({ order: 'put', spec, ...(terms === null ? {} : { terms }) })
}

/** A service that needs more than a node may declare finds no host, ever. @throws RsdpError E_SERVICES */
export function requirePossible(services: readonly OrderedService[], most: Capacity): void {
  for (const { spec } of services) {
    const { cpu, memory, transactions } = spec.needs
    if (cpu <= most.cpu && memory <= most.memory && transactions <= most.transactions) continue
    throw new RsdpError({
      code: 'E_SERVICES',
      message: `service ${spec.service} needs more than the task’s policy lets any node have`,
      hint: `at most ${most.cpu / 100} cores, ${most.memory / 100} GB and ${most.transactions} transactions per second`,
      exit: EXIT.precondition,
      details: { service: spec.service, needs: spec.needs, most },
    })
  }
}

/** A file to begin with. */
export const TEMPLATE = `services:
  - service: 1                # number in its line of tasks
    kind: store               # ${KINDS.join(', ')}
    tier: any                 # ${TIERS.join(', ')}
    spread: node              # what two copies may not share: ${SPREADS.join(', ')}
    priority: 9               # 0 waits first, 10 last
    copies: { min: 3, max: 3 }
    needs: { cores: 0.5, memoryGb: 0.25, transactionsPerSecond: 100 }   # of one copy
    criticality: 0.95         # what its loss costs, part of the worst
    calls: [2]                # services that it calls
    terms:                    # of a store
      mode: active-passive    # ${MODES.join(', ')}
      consistency: strong     # ${CONSISTENCIES.join(', ')}
  - service: 2
    kind: counter
    copies: { min: 1, max: 2 }
    needs: { cores: 0.1, memoryGb: 0.05, transactionsPerSecond: 50 }
`
