import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RsdpClient } from '../../src/api/client.ts'
import { taskWork } from '../../src/cli/app/task-work.ts'
import { toHex, utf8Hex } from '../../src/codec/hex.ts'
import { encodeKvCommand } from '../../src/reducers/machines/kv-config.ts'
import { FaultyNetwork } from '../../test/helpers/faulty-network.ts'
import type { System } from './system.ts'

const PARAMS = '{"minHeightTicks":1,"sessionIdleMs":60000,"generation":0}'
/** A tick is 20 ms; heights open on demand, and each second where there is none. */
const PACE = { tickMs: 20, slotTicks: 50, debateTicks: 25, shareTicks: 25, confirmTicks: 75, helloTicks: 25 }
/** As many as a node takes, with states of 31 KiB. */
const HEIGHTS = 2_000

/** `kv-config@1` on real processes, asked over their APIs in turn. */
export async function startOurs(members: number): Promise<System> {
  const network = await FaultyNetwork.create(members)
  try {
    for (const node of network.nodes) network.start(node)
    const work = await taskWork({ reducer: 'kv-config@1', params: PARAMS })
    const task = await network.runTask(HEIGHTS, { ...work, ...PACE, epochHeights: 50 })
    const places = network.nodes.map(({ dataDir }) => {
      const { port, token } = JSON.parse(readFileSync(join(dataDir, 'control.json'), 'utf8')) as {
        readonly port: number
        readonly token: string
      }
      return new RsdpClient({ port, token }, 60_000)
    })
    let count = 0
    const put = async (client: number, value: Uint8Array): Promise<void> => {
      const key = utf8Hex(`bench-${String(client)}`)
      const command = toHex(encodeKvCommand({ kind: 'put', key, version: null, value }))
      count += 1
      await places[client % members]?.command(task, command, `bench-${String(count)}`)
    }
    const promise = `${String(members)} members of which one may lie, signed, fsync at the node that answers`
    return { name: 'rsdp', promise, put, stop: () => network.close() }
  } catch (error) {
    await network.close()
    throw error
  }
}
