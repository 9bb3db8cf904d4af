import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeWholeFile } from '../../adapters/system/write-file.ts'

const schema = z.object({
  schema: z.literal(2),
  pid: z.int().positive(),
  /** The node's signing key. */
  key: z.string(),
  /** Of the API, on the loopback interface. */
  port: z.int().positive(),
  /** Secret of this run: whoever can read the file may give the node orders. */
  token: z.string().min(32),
})

/** How to reach the node that runs on a data directory. */
export type Control = z.output<typeof schema>

const pathIn = (dataDir: string): string => join(dataDir, 'control.json')

/** Written while the store is locked, so never by two nodes at once. */
export function writeControl(dataDir: string, control: Control): void {
  writeWholeFile(pathIn(dataDir), `${JSON.stringify(control)}\n`, { mode: 0o600, replace: true })
}

export function removeControl(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true })
}

/** Null if there is none, or none that this version has written. The node may be gone all the same: killed. */
export function readControl(dataDir: string): Control | null {
  try {
    return schema.parse(JSON.parse(readFileSync(pathIn(dataDir), 'utf8')))
  } catch {
    return null
  }
}
