/** Numbered heights of a machine: commands that its clients draw, folded one height after another. */
import { fromHex, utf8Hex } from '../../src/codec/hex.ts'
import { Random } from '../../src/faults/random.ts'
import { findMachine, findReducer } from '../../src/reducers/catalog.ts'
import { logCodec } from '../../src/reducers/command-log/log-state.ts'
import { outcomesOf, paramsCodec } from '../../src/reducers/command-log/reducer.ts'
import { NIL } from '../../src/types/ids.ts'
import { nativeAnswers } from './bundle-answers.ts'
import type { Workload, WorkloadName } from './linearizability/workloads.ts'
import { WORKLOADS } from './linearizability/workloads.ts'
import { keyOf } from './machine-run.ts'
import type { TwinCase } from './twin-cases.ts'

const MEMBERS = 4
const HEIGHTS = 8
const START_MS = 1_700_000_000_000
const PARAMS = { minHeightTicks: 2, sessionIdleMs: 60_000, generation: 3n }

/** The heights of one numbered run. Leases of some seconds end in it, sessions go on, and now and then a height has a CLOSE. */
export function machineCases(name: WorkloadName, number: number): TwinCase[] {
  const workload = WORKLOADS[name] as Workload<unknown, unknown>
  const [machine, reducer] = [findMachine(workload.reducer), findReducer(workload.reducer)]
  if (machine === null || reducer === null) throw new Error(`no machine ${workload.reducer}`)
  const codec = logCodec(machine.state)
  const dice = new Random(number)
  const members = Array.from({ length: MEMBERS }, (_, member) => ({ key: keyOf(member), weight: 1 }))
  const clients = members.map(() => ({ seq: 1, seen: [] as unknown[] }))
  const cases: TwinCase[] = []
  let previous: Uint8Array = new Uint8Array()
  let nowMs = START_MS
  for (let height = 1; height <= HEIGHTS; height += 1) {
    nowMs += dice.pick([20, 500, 3_000])
    const listed = clients.flatMap((_, member) => (dice.chance(0.85) ? [member] : []))
    const inputs = listed.map((member) => {
      const { seq, seen } = clients[member]!
      const commands = Array.from({ length: dice.int(0, 3) }, () =>
        workload.encode(workload.draw(dice, utf8Hex(`c${member}`), 'a', seen)),
      )
      const said =
        commands.length === 0
          ? { session: 0n, firstSeq: 0 }
          : { session: BigInt(START_MS + member) << 20n, firstSeq: seq }
      const clockMs = BigInt(nowMs + dice.int(-40, 40))
      return { member, state: codec.encode({ kind: 'input', clockMs, ...said, commands }) }
    })
    const { applied } = outcomesOf(machine, PARAMS, { height, members }, previous, inputs)
    for (const { member, seq, result } of applied) {
      const client = clients[member]!
      client.seq = seq + 1
      client.seen.push(workload.decode(result))
    }
    const one = {
      ...{ seed: NIL, height, members, previous, inputs, events: [] },
      params: paramsCodec.encode(PARAMS),
      ...{ current: previous, remaining: inputs.slice(dice.int(0, 1)) },
    }
    cases.push(one)
    previous = fromHex((nativeAnswers(reducer, one).status ?? '0x') as `0x${string}`)
  }
  return cases
}
