import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync } from 'node:fs'
import { expect } from 'chai'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { FaultyNetwork } from '../helpers/faulty-network.ts'
import { FollowProcess } from '../helpers/follow-process.ts'
import { parseMetrics } from '../helpers/parse-metrics.ts'
import { ChainMoment } from '../helpers/slashed-task.ts'

const HONEST = 5
const HEIGHTS = 4
/** Rounds do not fail because the machine is busy: a liar that must convene a round would lie otherwise. */
const PATIENT = { debateTicks: 100, shareTicks: 100, helloTicks: 100, confirmTicks: 200 }

/** Two liars a task at most: one more and they could stop the cluster. The others are in scripts/follow-liars.ts. */
const LIARS = [
  ['equivocate-share', 'E1'],
  ['illegal-log', 'E2'],
] as const

describe('audit follow: a watcher beside a running task', function () {
  this.timeout(300_000)
  let network: FaultyNetwork
  let stateHome: string
  const hooks: { readonly type: string; readonly field?: string }[] = []
  let hook: Server
  const watches: FollowProcess[] = []

  before(async () => {
    network = await FaultyNetwork.create(HONEST + LIARS.length)
    stateHome = network.file('state')
    mkdirSync(stateHome)
    hook = createServer((request, response) => {
      let text = ''
      request.on('data', (data: Buffer) => (text += data.toString()))
      request.on('end', () => {
        hooks.push(JSON.parse(text) as (typeof hooks)[number])
        response.end()
      })
    })
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
    network.nodes.forEach((node, i) => network.start(node, faultOf(i)))
  })
  after(async () => {
    watches.forEach((watch) => watch.stop())
    await Promise.all(watches.map(({ exited }) => exited))
    hook.close()
    await network.close()
  })

  const faultOf = (node: number): string | null => {
    const liar = LIARS[node - HONEST]
    return liar === undefined ? null : `${liar[0]}:2-${HEIGHTS}`
  }
  const follow = (taskId: bigint, ...more: readonly string[]): FollowProcess => {
    const place = ['--rpc-url', network.rpcUrl, '--deployment', network.deploymentFile]
    const watch = new FollowProcess([String(taskId), ...place, '--poll-ms', '100', ...more], stateHome)
    watches.push(watch)
    return watch
  }

  describe('a task with liars', () => {
    let taskId: bigint
    let first: FollowProcess
    let all: FollowProcess

    before(async () => {
      const params: Partial<TaskParams> = PATIENT
      taskId = await network.runTask(HEIGHTS, params)
      const { port } = hook.address() as AddressInfo
      // each has a memory of its own
      first = new FollowProcess(
        [
          String(taskId),
          '--rpc-url',
          network.rpcUrl,
          '--deployment',
          network.deploymentFile,
          '--poll-ms',
          '100',
        ],
        network.file('first'),
      )
      watches.push(first)
      all = follow(
        taskId,
        '--keep-going',
        '--webhook',
        `http://127.0.0.1:${port}/alarms`,
        '--metrics-port',
        '0',
      )
      await network.until('the watcher serves metrics', () => all.metricsUrl !== null)
      await network.until('two alarms', () => all.of('alarm').length >= LIARS.length)
    })

    it('ends with exit 6 at the first lie, and names the field', async () => {
      expect(await first.exited, first.stderr).equal(EXIT.mismatch)
      const [alarm] = first.of('alarm')
      expect(alarm?.['field']).match(/^(Convicted\[member \d\]\.offence|log\[\d\]\S*.*\.entries\[\d+\]$)/)
      expect(first.lines.at(-1)).include({ type: 'end', reason: 'mismatch' })
    })

    it('tells of each liar before a second checkpoint follows the conviction', async function () {
      const moment = new ChainMoment(network, { head: await network.head() })
      const convictions = await moment.convictions(taskId)
      const seats = network.seatsOf(taskId)
      for (const [i, [fault, offence]] of LIARS.entries()) {
        const member = seats.get(network.nodes[HONEST + i]!.name)
        const block = convictions.find((one) => one.member === member)!.block
        const at = all.lines.findIndex((line) => line.type === 'alarm' && line['member'] === member)
        expect(at, fault).not.equal(-1)
        const later = all.lines
          .slice(0, at)
          .filter((line) => line.type === 'checkpoint' && Number(line['block']) > block)
        expect(later.length, fault).most(1)
        if (all.lines[at]!['kind'] === 'conviction') expect(all.lines[at]!['actual']).equal(offence)
      }
    })

    it('counts what it tells', async () => {
      const { samples } = parseMetrics(await (await fetch(all.metricsUrl!)).text())
      const alarms = samples.filter(({ name }) => name === 'rsdp_audit_alarms_total')
      expect(alarms.reduce((sum, { value }) => sum + value, 0)).equal(all.of('alarm').length)
      expect(samples.find(({ name }) => name === 'rsdp_audit_up')?.value).equal(1)
    })

    it('posts every alarm once', async () => {
      await network.until('all are posted', () => hooks.length >= all.of('alarm').length)
      expect(hooks.filter(({ type }) => type === 'alarm').map(({ field }) => field)).deep.equal(
        all.of('alarm').map((line) => line['field']),
      )
    })

    it('stops when told to, and goes on after what it has told', async () => {
      await network.until('a checkpoint', () => all.of('checkpoint').length > 0)
      all.stop()
      expect(await all.exited).equal(143)
      expect(all.lines.at(-1)).include({ type: 'end', reason: 'stopped' })
      const told = all.of('checkpoint').map((line) => line['first'])
      const next = follow(taskId, '--keep-going')
      await network.until('the result on chain', () => network.said('finalize.mined', taskId).length > 0)
      expect(await next.exited, next.stderr).equal(EXIT.mismatch)
      const firsts = [...told, ...next.of('checkpoint').map((line) => line['first'])]
      expect(firsts).deep.equal([1, 3])
      expect(next.of('status').at(-1)).include({ status: 'Closed' })
    })
  })

  describe('an honest task', () => {
    let taskId: bigint
    before(async () => {
      await network.stop(...network.nodes.slice(HONEST))
      taskId = await network.runTask(HEIGHTS, PATIENT)
    })

    it('ends with exit 5 when time is over, and with 0 when the task has ended verified', async () => {
      const late = follow(taskId, '--timeout', '1')
      const watch = follow(taskId)
      expect(await late.exited, late.stderr).equal(EXIT.timeout)
      expect(late.lines.at(-1)).include({ type: 'end', reason: 'timeout' })
      expect(await watch.exited, watch.stderr).equal(EXIT.ok)
      expect(watch.of('alarm')).deep.equal([])
      expect(watch.lines.at(-1)).include({ type: 'end', reason: 'verified', verdict: 'verified' })
    })
  })
})
