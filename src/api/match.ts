import type { Address } from '../types/ids.ts'
import { Refused } from './refused.ts'
import type { Operation, Route } from './routes.ts'
import { ROUTES } from './routes.ts'

/** What a path names; 0, 0x and '' where it names none. */
export interface PathParams {
  readonly task: bigint
  readonly line: Address
  readonly service: number
  readonly key: string
}

export interface Matched {
  readonly operation: Operation
  readonly route: Route
  readonly params: PathParams
  readonly query: Readonly<Record<string, string>>
}

const PARTS = {
  '{task}': '(?<task>\\d{1,20})',
  '{line}': '(?<line>0x[0-9a-fA-F]{40})',
  '{service}': '(?<service>\\d{1,5})',
  // 256 bytes, each percent-encoded
  '{key}': '(?<key>[^/]{1,768})',
} as const

const TABLE = (Object.entries(ROUTES) as [Operation, Route][]).map(([operation, route]) => ({
  operation,
  route,
  pattern: new RegExp(`^${patternOf(route.path)}$`),
}))

/** The route of a request. @throws Refused path, method, key */
export function match(method: string, target: string): Matched {
  const [path = '', query] = target.split('?', 2)
  const found = TABLE.filter(({ route, pattern }) => {
    // of a path with several methods each says for itself whether it has a query
    return pattern.test(path) && (query === undefined || route.query !== undefined)
  })
  if (found.length === 0) throw new Refused(404, 'path')
  const entry = found.find(({ route }) => route.method === method)
  if (entry === undefined) throw new Refused(405, 'method')
  const { task = '0', line = '0x', service = '0', key = '' } = entry.pattern.exec(path)?.groups ?? {}
  return {
    operation: entry.operation,
    route: entry.route,
    params: {
      task: BigInt(task),
      line: line.toLowerCase() as Address,
      service: Number(service),
      key: textOf(key),
    },
    query: Object.fromEntries(new URLSearchParams(query ?? '')),
  }
}

/** The path of a route with its parts filled in. */
export function pathOf(
  path: string,
  { task = 0n, line = '0x', service = 0, key = '' }: Partial<PathParams>,
): string {
  return path
    .replace('{task}', String(task))
    .replace('{line}', line)
    .replace('{service}', String(service))
    .replace('{key}', encodeURIComponent(key))
}

function patternOf(path: string): string {
  return Object.entries(PARTS).reduce(
    (pattern, [part, expression]) => pattern.replace(part, expression),
    path.replaceAll('.', '\\.'),
  )
}

function textOf(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    throw new Refused(400, 'key', 'no text in UTF-8, percent-encoded')
  }
}
