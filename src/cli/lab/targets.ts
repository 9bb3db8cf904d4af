import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Figure } from '../../lab/analyse.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { readYaml } from './files.ts'

/**
 * What the documents claim. This is the one file that knows: a target decides a word in a column and nothing else.
 */
const schema = z.strictObject({
  targets: z.array(
    z.strictObject({
      scenario: z.string(),
      /** A cell by its name. */
      cell: z.string(),
      /** Another cell: the claim is about the gain over it, as a part of what it has. */
      against: z.string().optional(),
      measure: z.string(),
      /** Document and line. */
      source: z.string().regex(/^00[012]:\d+/),
      is: z.enum(['above', 'below', 'about']),
      value: z.number(),
      /** `about`: how far off, as a part of the value. */
      within: z.number().positive().default(0.05),
    }),
  ),
})
export type Target = z.infer<typeof schema>['targets'][number]

export type Verdict = 'met' | 'not met' | 'open' | 'not enough'

export function loadTargets(dir: string): readonly Target[] {
  const file = join(dir, 'targets.yaml')
  if (!existsSync(file)) return []
  const parsed = schema.safeParse(readYaml(file))
  if (parsed.success) return parsed.data.targets
  throw new RsdpError({
    code: 'E_LAB_SCENARIO',
    message: `${file}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`,
    hint: 'correct the file',
    exit: EXIT.usage,
  })
}

/** `open`: the interval of the figure holds both answers. */
export function verdictOf({ is, value, within }: Target, { value: found, ci95 }: Figure): Verdict {
  if (found === null || ci95 === null) return 'not enough'
  const { low, high } = ci95
  if (is === 'above') return low > value ? 'met' : high <= value ? 'not met' : 'open'
  if (is === 'below') return high < value ? 'met' : low >= value ? 'not met' : 'open'
  const margin = Math.abs(value) * within
  if (low >= value - margin && high <= value + margin) return 'met'
  return high < value - margin || low > value + margin ? 'not met' : 'open'
}

/** What is asked for, in a few signs. */
export function wordsOf({ is, value, within }: Target): string {
  if (is === 'about') return `${value} ± ${Math.round(100 * within)} %`
  return `${is === 'above' ? '>' : '<'} ${value}`
}
