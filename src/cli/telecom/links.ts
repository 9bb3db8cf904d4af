import { join } from 'node:path'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import type { LinkShapes } from '../link-file.ts'
import type { LocalNode } from '../local/register-nodes.ts'
import { roundTripMs } from './document.ts'

const fileOf = ({ dataDir }: LocalNode): string => join(dataDir, 'links.json')

/**
 * Writes what each node is to do to its links: half of the document's round trip on the way there, and nothing over the
 * cut. Nodes that run read it within a moment.
 *
 * @param side names of the nodes on one side of a cut; none: no cut
 * @returns path of each node's file
 */
export function shapeLinks(
  nodes: readonly LocalNode[],
  side: ReadonlySet<string> = new Set(),
): (node: LocalNode) => string {
  for (const node of nodes) {
    const shapes: LinkShapes = Object.fromEntries(
      nodes
        .filter(({ name }) => name !== node.name)
        .map(({ name, key }) => [
          key,
          { delayMs: roundTripMs(node.name, name) / 2, isCut: side.has(name) !== side.has(node.name) },
        ]),
    )
    writeWholeFile(fileOf(node), JSON.stringify(shapes), { replace: true })
  }
  return fileOf
}
