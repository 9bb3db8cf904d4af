import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readRegularFile } from '../adapters/files/regular-file.ts'
import { writeWholeFile } from '../adapters/system/write-file.ts'
import type { HostFacts } from '../agents/services-source.ts'
import { U16_MAX } from '../services/fields.ts'
import { TIERS } from '../services/placement/spec.ts'
import { readYaml } from './yaml-file.ts'

/** Hundredths of a unit as u16. */
const hundredths = z
  .number()
  .min(0)
  .max(U16_MAX / 100)
  .transform((value) => Math.round(100 * value))
const count = z.int().min(0).max(U16_MAX)

/** The file of `--host`: every key may be left out, no other is known. */
export const hostSchema = z.strictObject({
  /** Layer of the network. */
  tier: z.enum(TIERS).default('any'),
  region: z.int().min(0).max(255).default(0),
  /** What is left out is measured. */
  capacity: z
    .strictObject({
      cores: hundredths.optional(),
      memoryGb: hundredths.optional(),
      throughputMbits: count.optional(),
      transactionsPerSecond: count.optional(),
    })
    .default({}),
  /** `process` where several nodes share a machine. */
  measure: z.enum(['machine', 'process']).default('machine'),
})

export type Measure = z.infer<typeof hostSchema>['measure']

/** Where this node stands and what it has; without a file, anywhere and what is measured. @throws RsdpError E_HOST */
export async function readHost(path: string | undefined): Promise<HostFacts & { readonly measure: Measure }> {
  const hint = 'the keys are in docs/services.md'
  const { tier, region, measure, capacity } =
    path === undefined ? hostSchema.parse({}) : await readYaml(path, hostSchema, { code: 'E_HOST', hint })
  const { cores, memoryGb, throughputMbits, transactionsPerSecond } = capacity
  return {
    ...{ tier, region, measure },
    capacity: {
      ...(cores === undefined ? {} : { cpu: cores }),
      ...(memoryGb === undefined ? {} : { memory: memoryGb }),
      ...(throughputMbits === undefined ? {} : { throughput: throughputMbits }),
      ...(transactionsPerSecond === undefined ? {} : { transactions: transactionsPerSecond }),
    },
  }
}

/** How often a node has started on this data directory, this time included; on disk before it is said. */
export function nextIncarnation(dataDir: string): number {
  const path = join(dataDir, 'incarnation')
  const last = existsSync(path) ? Number(readRegularFile(path, 64).toString()) : 0
  const next = Number.isSafeInteger(last) && last >= 0 ? last + 1 : 1
  writeWholeFile(path, `${next}\n`, { replace: true })
  return next
}
