/** Circles among imports. */
import { dirname, join, normalize } from 'node:path/posix'
import type { Import } from './layers.ts'
import { importsIn } from './layers.ts'

/** Files that a source imports by a relative path, from the project's root. */
export function filesImported(path: string, source: string, counts: (imported: Import) => boolean): string[] {
  return importsIn(path, source)
    .filter((imported) => imported.from.startsWith('.') && counts(imported))
    .map(({ from }) => normalize(join(dirname(path), from)))
}

/**
 * Every set of files that reach each other (Tarjan 1972), sorted; a file that imports itself is one, too.
 *
 * @param graph imports by file; targets that are no key are ignored
 */
export function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (file: string): number => {
    let least = order.size
    order.set(file, least)
    const own = least
    stack.push(file)
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue
      if (!order.has(target)) least = Math.min(least, visit(target))
      else if (stack.includes(target)) least = Math.min(least, order.get(target) ?? least)
    }
    low.set(file, least)
    if (least === own) {
      const members = stack.splice(stack.indexOf(file)).sort()
      if (members.length > 1 || graph.get(file)?.includes(file) === true) found.push(members)
    }
    return least
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return found.sort()
}
