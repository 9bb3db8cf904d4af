import { readFile } from 'node:fs/promises'
import { requireRegularFile } from '../adapters/files/regular-file.ts'
import { writeWholeFile } from '../adapters/system/write-file.ts'
import { isHex } from '../codec/hex.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Hex } from '../types/ids.ts'

/** A proof as it can be handed on: the task it is about and the call that proves it. */
export interface EvidenceFile {
  readonly taskId: bigint
  readonly data: Hex
}

/** 31 KiB of inputs, their parameters and signatures, in hex, with room to spare. */
const BYTES_MAX = 512 * 1024

/** @throws RsdpError E_EVIDENCE_FILE */
export async function readEvidenceFile(path: string): Promise<EvidenceFile> {
  let text: string
  try {
    requireRegularFile(path, BYTES_MAX)
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const isLong = (cause as NodeJS.ErrnoException).code === 'EFBIG'
    throw bad(path, isLong ? `it is larger than ${BYTES_MAX} bytes` : 'it cannot be read', cause)
  }
  const { schema, taskId, data } = parse(path, text)
  if (schema !== 1) throw bad(path, 'its schema is not 1')
  if (typeof taskId !== 'string' || !/^[1-9]\d{0,15}$/.test(taskId))
    throw bad(path, 'taskId is no task number')
  if (typeof data !== 'string' || !isHex(data)) throw bad(path, 'data is not lower-case hex')
  return { taskId: BigInt(taskId), data }
}

/** Never overwrites. @throws RsdpError E_EVIDENCE_FILE */
export function writeEvidenceFile(path: string, { taskId, data }: EvidenceFile): void {
  const text = `${JSON.stringify({ schema: 1, taskId: String(taskId), data }, null, 2)}\n`
  try {
    writeWholeFile(path, text, { replace: false })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw bad(path, 'it is there already', cause)
    throw cause
  }
}

function parse(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // not JSON: said below
  }
  throw bad(path, 'it is not a JSON object')
}

function bad(path: string, reason: string, cause?: unknown): RsdpError {
  return new RsdpError({
    code: 'E_EVIDENCE_FILE',
    message: `evidence file ${path}: ${reason}`,
    hint: 'rsdp evidence show TASK N --out FILE writes one; it never overwrites',
    exit: EXIT.usage,
    cause,
  })
}
