import type { DoctorOptions } from './options.ts'

/** Options of commands for whoever operates a node, after parsing. */
export interface SupportBundleOptions extends DoctorOptions {
  readonly dataDir: string
  readonly out?: string
  /** Replace a file that is there. */
  readonly force: boolean
  /** Files whose lines and values must not be in it. */
  readonly secretFile?: readonly string[]
}
