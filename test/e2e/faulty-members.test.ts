import { expect } from 'chai'
import type { AuditReport } from '../../src/audit/report.ts'
import { auditExitCode } from '../../src/audit/report.ts'
import type { DecidedReport } from '../../src/cli/local/watch.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { RecordedNode } from '../helpers/wire-recorder-network.ts'
import { RecordedNetwork } from '../helpers/wire-recorder-network.ts'

const HEIGHTS = 20
const EPOCH = 4
const TICK_MS = 50
const DEBATE_TICKS = 50
/** Three of seven do not have one member's STATUS of this height in time: neither list has a quorum. */
const SPLIT_HEIGHT = 3
/** At or after it two are killed for good: the five left are just a quorum … */
const DEATH_HEIGHT = 5
/** … and wait when, at or after this one, one of them is killed, until it is started again. */
const RESTART_HEIGHT = 10

type Seven = [
  RecordedNode,
  RecordedNode,
  RecordedNode,
  RecordedNode,
  RecordedNode,
  RecordedNode,
  RecordedNode,
]

describe('seven processes: inputs that differ, a restart, and two that are gone for good', function () {
  this.timeout(300_000)
  let network: RecordedNetwork
  let report: AuditReport
  let alice: RecordedNode
  let restarted: RecordedNode
  let gone: readonly RecordedNode[]
  /** Decided by anybody when the two were dead. */
  let heightAtDeath: number

  before(async () => {
    network = await RecordedNetwork.create(7)
    const [first, bob, carol, dave, erin, frank, grace] = network.nodes as Seven
    alice = first
    restarted = dave
    gone = [frank, grace]
    const hold = { height: SPLIT_HEIGHT, from: erin.key, ms: 2 * DEBATE_TICKS * TICK_MS }
    for (const node of [alice, bob, carol]) node.start({ hold })
    for (const node of [dave, erin, frank, grace]) node.start()
    const taskId = await network.runTask(HEIGHTS, {
      epochHeights: EPOCH,
      tickMs: TICK_MS,
      debateTicks: DEBATE_TICKS,
    })
    await network.until('the time to die', () => alice.height >= DEATH_HEIGHT)
    await Promise.all(gone.map((node) => node.kill()))
    heightAtDeath = Math.max(...network.nodes.map(({ height }) => height))
    await network.until('the time to restart', () => alice.height >= RESTART_HEIGHT)
    await dave.kill()
    dave.start()
    await network.until('the result on chain', () =>
      network.nodes.some(({ watch }) => watch.of('finalize.mined').length > 0),
    )
    report = await network.audit(taskId)
  })
  after(() => network.close())

  const decidedByAlice = (height: number): DecidedReport | undefined =>
    alice.watch.decided.get(height)?.get(alice.name)
  const indexOf = ({ key }: RecordedNode): number =>
    report.cluster!.members.findIndex((member) => member.key === key)

  it('the five that are left finish the task', () => {
    expect(report).deep.include({ heightsAnchored: HEIGHTS, heightsMax: HEIGHTS })
    expect(alice.height).equal(HEIGHTS)
  })

  it('checkpoints carry the signatures of all who are left', () => {
    const mined = network.nodes.flatMap(({ watch }) => watch.of('checkpoint.mined'))
    expect(mined.map(({ facts }) => facts['height'])).include.members([4, 8, 12, 16, 20])
    for (const { facts } of mined) expect(facts['signers'], JSON.stringify(facts)).at.least(5)
  })

  it('heights after the first one without the two list five inputs and do not wait for them again', () => {
    const firstWithout = heightAtDeath + 2
    for (let height = firstWithout; height <= HEIGHTS; height += 1)
      expect(decidedByAlice(height)?.inputs, `inputs of height ${height}`).equal(5)
    const times = alice.watch
      .of('height.decided')
      .filter(({ facts }) => Number(facts['height']) >= firstWithout)
      .map(({ facts }) => Date.parse(String(facts['time'])))
    const pauses = times.slice(1).map((time, i) => time - times[i]!)
    const median = pauses.toSorted((a, b) => a - b)[pauses.length >> 1]
    expect(median, pauses.join(' ')).lessThan(DEBATE_TICKS * TICK_MS)
  })

  it('the height with two lists was decided in a later round', () => {
    expect(report.heights[SPLIT_HEIGHT - 1]!.round).at.least(1)
    expect(decidedByAlice(SPLIT_HEIGHT)?.round).at.least(1)
  })

  it('the audit finds nothing wrong, and shows the two as gaps', () => {
    expect(report.findings).deep.equal([])
    expect(report.unavailable).deep.equal([])
    expect(auditExitCode(report)).equal(EXIT.ok)
    expect(report.verdict).equal('verified')
    const missing = new Set(report.gaps.filter(({ last }) => last === HEIGHTS).map(({ member }) => member))
    expect(missing).deep.equal(new Set(gone.map(indexOf)))
  })

  it('the log of the member that was restarted shows it, and goes on to the end', () => {
    const log = report.logs.get(indexOf(restarted))!
    const resets = log.filter(({ event }) => event === 'RESET')
    expect(resets).length(1)
    expect(resets[0]!.height).at.least(RESTART_HEIGHT)
    expect(log.at(-1)).deep.include({ height: HEIGHTS, event: 't6' })
    const others = [...report.logs].filter(([member]) => member !== indexOf(restarted))
    for (const [, entries] of others) expect(entries.every(({ event }) => event !== 'RESET')).equal(true)
  })
})
