import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Freeze, Freezes } from '../../ports/freezes.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { FROZEN } from '../../types/frozen.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import { writeWholeFile } from './write-file.ts'

const hex = z.string().regex(/^0x([0-9a-f]{2})*$/) as unknown as z.ZodType<Hex>
const digest = z.string().regex(/^0x[0-9a-f]{64}$/) as unknown as z.ZodType<Digest>
const schema = z.strictObject({
  schema: z.literal(1),
  tasks: z.record(
    digest,
    z.strictObject({
      height: z.int().min(1),
      why: z.enum(FROZEN),
      code: z.string(),
      difference: z
        .strictObject({
          height: z.int().min(1),
          members: z.array(z.int().min(0)),
          own: hex,
          decided: hex,
        })
        .nullable(),
    }),
  ),
})

/** `frozen.json` in a data directory: one row a frozen task. No file: none is. @throws RsdpError E_FROZEN_FILE */
export function freezesIn(dataDir: string, code: string): Freezes {
  const path = join(dataDir, 'frozen.json')
  const tasks = new Map<Digest, Freeze>(existsSync(path) ? read(path) : [])
  const write = (): void => {
    try {
      const text = JSON.stringify({ schema: 1, tasks: Object.fromEntries(tasks) })
      writeWholeFile(path, `${text}\n`, { mode: 0o600, replace: true })
    } catch (cause) {
      throw failed(path, 'cannot be written', cause)
    }
  }
  return {
    code,
    of: (cluster) => tasks.get(cluster) ?? null,
    keep: (cluster, freeze) => {
      tasks.set(cluster, freeze)
      write()
    },
    drop: (cluster) => {
      if (tasks.delete(cluster)) write()
    },
  }
}

function read(path: string): [Digest, Freeze][] {
  try {
    const { tasks } = schema.parse(JSON.parse(readFileSync(path, 'utf8')))
    return Object.entries(tasks) as [Digest, Freeze][]
  } catch (cause) {
    throw failed(path, 'is not what this version has written', cause)
  }
}

function failed(path: string, why: string, cause: unknown): RsdpError {
  return new RsdpError({
    code: 'E_FROZEN_FILE',
    message: `${path} ${why}`,
    hint: 'it says in which tasks this node votes NIL; to vote again in all of them, remove it',
    exit: EXIT.precondition,
    details: { path },
    cause,
  })
}
