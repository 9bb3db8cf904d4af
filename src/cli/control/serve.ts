import { randomBytes } from 'node:crypto'
import { startControlServer } from '../../adapters/http/control-server.ts'
import type { RsdpNode } from '../../node/node.ts'
import type { Address } from '../../types/ids.ts'
import { removeControl, writeControl } from './file.ts'

export interface ControlledNode {
  readonly dataDir: string
  readonly key: Address
  readonly healthPort: number
  readonly node: Pick<RsdpNode, 'leave' | 'trust'>
  /** Asked to end. */
  readonly stop: () => void
}

/** Takes orders from whoever owns the data directory, until `close`. */
export async function serveControl(init: ControlledNode): Promise<{ close(): Promise<void> }> {
  const { dataDir, key, healthPort, node, stop } = init
  const token = randomBytes(32).toString('hex')
  const { pid } = process
  const server = await startControlServer(
    token,
    new Map<string, (body: unknown) => unknown>([
      [
        '/stop',
        () => {
          stop()
          return { pid }
        },
      ],
      ['/trust', (body) => ({ answer: node.trust(taskOf(body)) ? 'trusted' : 'not-a-member' })],
      ['/leave', (body) => ({ answer: node.leave(taskOf(body)) })],
    ]),
  )
  writeControl(dataDir, { schema: 1, pid, key, healthPort, controlPort: server.port, token })
  return {
    close: async () => {
      removeControl(dataDir)
      await server.close()
    },
  }
}

function taskOf(body: unknown): bigint {
  const { taskId } = body as { readonly taskId?: unknown }
  return BigInt(String(taskId))
}
