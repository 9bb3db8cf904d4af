/**
 * Lets `rsdp audit follow` watch real tasks with each liar that leaves a proof, and prints how long its alarm took:
 *
 *   npm run follow:liars [-- fault …]
 *
 * Exit 6 if a liar was not told of, or only after the second checkpoint that followed its conviction.
 */
import { mkdirSync } from 'node:fs'
import { runScript } from '../src/cli/run-script.ts'
import { EXIT } from '../src/types/exit-codes.ts'
import type { TaskParams } from '../src/types/task.ts'
import { FaultyNetwork } from '../test/helpers/faulty-network.ts'
import { FollowProcess } from '../test/helpers/follow-process.ts'
import { ChainMoment } from '../test/helpers/slashed-task.ts'

const HONEST = 5
const HEIGHTS = 4
/** Every member convenes the first round after round 0 of two of them: lies about lists need one. */
const HEIGHTS_FOR_ALL = 13
const PATIENT = { debateTicks: 100, shareTicks: 100, helloTicks: 100, confirmTicks: 200 }

interface Trial {
  readonly faults: readonly string[]
  readonly heights?: number
  readonly params?: (network: FaultyNetwork) => Partial<TaskParams>
}

const provable = ({ twins }: FaultyNetwork): Partial<TaskParams> => ({
  ...PATIENT,
  twin: twins['rate-limit@1'],
})

/** One liar a task where a second would change what the first is convicted of. */
const TRIALS: readonly Trial[] = [
  { faults: ['equivocate-status', 'equivocate-share'] },
  { faults: ['amnesia', 'forked-log'] },
  { faults: ['unjustified-vote', 'wrong-aggregate'], params: provable },
  { faults: ['equivocate-confirm', 'illegal-log'], params: () => PATIENT },
  { faults: ['equivocate-hello', 'bogus-list'], heights: HEIGHTS_FOR_ALL },
  { faults: ['equivocate-checkpoint'] },
  { faults: ['bogus-checkpoint'], params: (network) => ({ ...provable(network), epochHeights: HEIGHTS }) },
  { faults: ['two-parents'], params: provable },
]

await runScript(async (wanted) => {
  const trials = TRIALS.filter(
    ({ faults }) => wanted.length === 0 || faults.some((fault) => wanted.includes(fault)),
  )
  const network = await FaultyNetwork.create(HONEST + 2 * trials.length)
  let isRight = true
  try {
    for (const node of network.nodes.slice(0, HONEST)) network.start(node)
    console.log(
      '| Fault | Alarm | Checkpoints between | Blocks from conviction to alarm |\n|---|---|---|---|',
    )
    for (const [i, trial] of trials.entries()) isRight = (await run(network, trial, i)) && isRight
  } finally {
    await network.close()
  }
  return isRight ? EXIT.ok : EXIT.mismatch
})

/** @returns whether every liar was told of in time */
async function run(
  network: FaultyNetwork,
  { faults, heights = HEIGHTS, params }: Trial,
  i: number,
): Promise<boolean> {
  // a convicted member is not drawn again for a while
  const joined = network.nodes.slice(HONEST + 2 * i, HONEST + 2 * (i + 1))
  const liars = joined.slice(0, faults.length)
  joined.forEach((node, at) => {
    const fault = faults[at]
    network.start(node, fault === undefined ? null : `${fault}:2-${heights}`)
  })
  const taskId = await network.runTask(heights, params?.(network) ?? {})
  const home = network.file(`state-${i}`)
  mkdirSync(home)
  const place = ['--rpc-url', network.rpcUrl, '--deployment', network.deploymentFile, '--poll-ms', '100']
  const watch = new FollowProcess([String(taskId), ...place, '--keep-going'], home)
  const seats = network.seatsOf(taskId)
  const heads = new Map<number, number>()
  const members = liars.map(({ name }) => seats.get(name) ?? -1)
  const alarmOf = (member: number): number =>
    watch.lines.findIndex((line) => line.type === 'alarm' && line['member'] === member)
  try {
    for (const member of members) {
      await network.until(`an alarm for member ${member}`, () => alarmOf(member) >= 0)
      heads.set(member, await network.head())
    }
  } finally {
    watch.stop()
    await watch.exited
  }
  const convictions = await new ChainMoment(network, { head: await network.head() }).convictions(taskId)
  const lines = members.map((member, at) => {
    const alarm = alarmOf(member)
    const block = convictions.find((one) => one.member === member)?.block ?? Infinity
    const between = watch.lines
      .slice(0, alarm)
      .filter((line) => line.type === 'checkpoint' && Number(line['block']) > block).length
    const line = watch.lines[alarm]
    const blocks = line?.['kind'] === 'conviction' ? (heads.get(member) ?? 0) - block : '–'
    const what = `${String(line?.['actual'])} \`${String(line?.['field'])}\``
    console.log(`| \`${faults[at] ?? ''}\` | ${what} | ${between} | ${blocks} |`)
    return between <= 1
  })
  await network.stop(...joined)
  return lines.every((one) => one)
}
