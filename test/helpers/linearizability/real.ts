import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../../src/api/call.ts'
import { RsdpClient } from '../../../src/api/client.ts'
import type { LocalNode } from '../../../src/cli/local/register-nodes.ts'
import { fromHex, toHex, utf8Hex } from '../../../src/codec/hex.ts'
import { Random } from '../../../src/faults/random.ts'
import type { Hex } from '../../../src/types/ids.ts'
import type { FaultyNetwork } from '../faulty-network.ts'
import type { Verdict } from './check.ts'
import { Recorder } from './history.ts'
import type { Operation } from './history.ts'
import type { Workload, WorkloadName } from './workloads.ts'
import { show, WORKLOADS } from './workloads.ts'

export type RealFault = 'kill' | 'pause'

export interface RealHistory {
  readonly verdict: Verdict
  readonly operations: number
  /** Asked again, after an error or a timeout. */
  readonly again: number
  /** The fault struck, or lasted, while an operation was under way. */
  readonly isEffective: boolean
  readonly lines: readonly string[]
}

const CLIENTS_A_NODE = 2
const OPERATIONS_A_CLIENT = 6
const KEYS = 2
const PAUSE_MS = { min: 500, max: 3_000 } as const
/** A command that nobody has decided by then keeps an open end. */
const PATIENCE_MS = 60_000

export interface RealInit {
  readonly network: FaultyNetwork
  readonly task: bigint
  readonly machine: WorkloadName
  /** Of keys, names and chance: histories with different numbers share nothing. */
  readonly number: number
  readonly fault: RealFault
}

/**
 * A history of clients at the APIs of four processes, one of which is killed (kill -9) and started again, or stopped for a while
 * (SIGSTOP), in the middle. All times are of this process.
 */
export async function realHistory({ network, task, machine, number, fault }: RealInit): Promise<RealHistory> {
  const workload = WORKLOADS[machine] as Workload<unknown, unknown>
  const dice = new Random(number)
  const recorder = new Recorder<unknown, unknown>(() => performance.now())
  let again = 0
  let answers = 0

  async function client(node: LocalNode, i: number, own: Random): Promise<void> {
    const owner = utf8Hex(`h${number}-${node.name}-${i}`)
    const seen = new Map<string, unknown[]>()
    for (let count = 1; count <= OPERATIONS_A_CLIENT; count += 1) {
      await sleep(own.int(0, 150))
      const key = `h${number}-${own.int(1, KEYS)}`
      const input = workload.draw(own, owner, key, seen.get(key) ?? [])
      const operation = recorder.invoke(`${node.key}/${owner}`, key, input)
      const output = await ask(node, operation, `${owner}-${count}`)
      if (output === null) continue
      answers += 1
      seen.set(key, [...(seen.get(key) ?? []), output])
    }
  }

  async function ask(
    node: LocalNode,
    operation: Operation<unknown, unknown>,
    request: string,
  ): Promise<unknown> {
    const deadline = performance.now() + PATIENCE_MS
    while (performance.now() < deadline) {
      try {
        const command = toHex(workload.encode(operation.input))
        const { height, result } = await apiOf(node).command(task, command, request)
        const output = workload.decode(fromHex(result as Hex))
        if (output === null) throw new Error(`an answer of no machine: ${result}`)
        recorder.answered(operation, output, height)
        return output
      } catch (error) {
        if (error instanceof ApiError && error.status === 409) {
          recorder.refused(operation)
          return null
        }
        if (error instanceof ApiError && error.status === 422) throw error
        again += 1
        await sleep(50)
      }
    }
    return null
  }

  const { nodes } = network
  const clients = nodes.flatMap((node) =>
    Array.from({ length: CLIENTS_A_NODE }, (_, i) => client(node, i, dice.fork())),
  )
  const all = Promise.all(clients)
  let isEffective = false
  const strike = async (): Promise<void> => {
    const first = dice.int(3, 12)
    while (answers < first) await sleep(5)
    const victim = dice.pick(nodes)
    isEffective = recorder.isBusy
    if (fault === 'kill') {
      await network.kill(victim)
      await sleep(dice.int(0, 500))
      network.start(victim)
    } else {
      network.signal(victim, 'SIGSTOP')
      await sleep(dice.int(PAUSE_MS.min, PAUSE_MS.max))
      network.signal(victim, 'SIGCONT')
    }
  }
  await Promise.all([all, strike()])
  const { history } = recorder
  const lines = history.map(show)
  return { verdict: workload.check(history), operations: history.length, again, isEffective, lines }
}

/** The API of the present process on a data directory. */
function apiOf({ dataDir }: LocalNode): RsdpClient {
  const text = readFileSync(join(dataDir, 'control.json'), 'utf8')
  return new RsdpClient(JSON.parse(text) as { port: number; token: string }, 15_000)
}
