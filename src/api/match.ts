import { Refused } from './refused.ts'
import type { Operation, Route } from './routes.ts'
import { ROUTES } from './routes.ts'

export interface Matched {
  readonly operation: Operation
  readonly route: Route
  /** Null where the path names none. */
  readonly task: bigint | null
  readonly query: Readonly<Record<string, string>>
}

const TABLE = (Object.entries(ROUTES) as [Operation, Route][]).map(([operation, route]) => ({
  operation,
  route,
  pattern: new RegExp(`^${route.path.replaceAll('.', '\\.').replace('{task}', '(\\d{1,20})')}$`),
}))

/** The route of a request. @throws Refused path, method */
export function match(method: string, target: string): Matched {
  const [path = '', query] = target.split('?', 2)
  const found = TABLE.filter(({ route, pattern }) => {
    return pattern.test(path) && (query === undefined || route.query !== undefined)
  })
  if (found.length === 0) throw new Refused(404, 'path')
  const entry = found.find(({ route }) => route.method === method)
  if (entry === undefined) throw new Refused(405, 'method')
  const [, task] = entry.pattern.exec(path) ?? []
  return {
    operation: entry.operation,
    route: entry.route,
    task: task === undefined ? null : BigInt(task),
    query: Object.fromEntries(new URLSearchParams(query ?? '')),
  }
}
