import { z } from 'zod'

/** JSON Schema (draft 2020-12) of what a program writes. */
export function schemaFile(schema: z.ZodType): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { reused: 'ref' }), null, 1)}\n`
}
