import { z } from 'zod'
import type { Operation, Route } from './routes.ts'
import { ROUTES } from './routes.ts'

const schemaOf = (type: z.ZodType): unknown => z.toJSONSchema(type, { io: 'input' })
const json = (type: z.ZodType): unknown => ({ 'application/json': { schema: schemaOf(type) } })

/** The OpenAPI 3.1 document of the local API, made of the table of routes. */
export function openApiDocument(version: string): { readonly openapi: string } & Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [operation, route] of Object.entries(ROUTES) as [Operation, Route][])
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: describe(operation, route) }
  return {
    openapi: '3.1.0',
    info: { title: 'RSDP node, local API', version },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }
}

function describe(operationId: Operation, route: Route): Record<string, unknown> {
  const { summary, query, body, answer, isStream, needsToken } = route
  const content = isStream === true ? { 'text/event-stream': { schema: schemaOf(answer) } } : json(answer)
  return {
    operationId,
    summary,
    parameters: parametersOf(route.path, query),
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(body) } }),
    responses: { '200': { description: 'done', content }, default: { description: 'refused: { error }' } },
    ...(needsToken === true ? { security: [{ token: [] }] } : {}),
  }
}

const PATH_SCHEMAS = {
  task: { type: 'string', pattern: '^[0-9]{1,20}$' },
  line: { type: 'string', pattern: '^0x[0-9a-fA-F]{40}$' },
  service: { type: 'string', pattern: '^[0-9]{1,5}$' },
  key: { type: 'string', minLength: 1, maxLength: 256 },
} as const

function parametersOf(path: string, query: z.ZodType | undefined): unknown[] {
  const named = Object.entries(PATH_SCHEMAS)
    .filter(([name]) => path.includes(`{${name}}`))
    .map(([name, schema]) => ({ name, in: 'path', required: true, schema }))
  const { properties = {} } = query === undefined ? {} : z.toJSONSchema(query)
  const asked = Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))
  return [...named, ...asked]
}
