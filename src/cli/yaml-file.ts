import { readRegularFile } from '../adapters/files/regular-file.ts'
import type { z } from 'zod'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'

/** What a YAML file holds, by a schema that knows every key. @throws RsdpError with `code` */
export async function readYaml<T>(
  path: string,
  schema: z.ZodType<T>,
  { code, hint }: { readonly code: `E_${string}`; readonly hint: string },
): Promise<T> {
  const { parse } = await import('yaml')
  const wrong = (problems: readonly string[]): RsdpError =>
    new RsdpError({
      code,
      message: `${path}: ${problems.join('; ')}`,
      hint,
      exit: EXIT.usage,
      details: { path, problems },
    })
  let value: unknown
  try {
    // an alias may stand for more than a machine holds
    value = parse(readRegularFile(path).toString('utf8'), { maxAliasCount: 0 })
  } catch (error) {
    throw wrong([(error as Error).message.split('\n')[0] ?? 'not YAML'])
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw wrong(parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || 'file'}: ${message}`))
}
