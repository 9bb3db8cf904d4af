import { expect } from 'chai'
import { keccak, utf8Hex } from '../../src/codec/hex.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import { auditExitCode } from '../../src/audit/report.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import { errorCode, rsdp } from '../helpers/rsdp.ts'
import type { Sighting } from '../helpers/wire-recorder.ts'
import { bytesByKey, sightings, signedTwice } from '../helpers/wire-recorder.ts'
import type { Fate, RecordedNode } from '../helpers/wire-recorder-network.ts'
import { RecordedNetwork } from '../helpers/wire-recorder-network.ts'

const SEED = process.env['RSDP_SEED'] ?? '20261121'
const HEIGHTS = 24
const EPOCH = 4
/** A life that has not come to its point by then ends all the same. */
const LIFE_HEIGHTS_MAX = EPOCH + 1
const MOMENTS = 2
const DELAY_MS_MAX = 600

/** Deaths at labelled points, counted from each start. */
const BOB: readonly Fate[] = [
  { failAt: 'record.before:3' },
  { failAt: 'send.before:5' },
  { failAt: 'decided.before:1' },
  { failAt: 'record.signed:2' },
]
const CAROL: readonly Fate[] = [
  { failAt: 'record.after:5' },
  { failAt: 'decided.after:1' },
  { failAt: 'send.after:4' },
  { failAt: 'checkpoint.signed:1' },
]
const DAVE: readonly Fate[] = [{ failAt: 'append.after:1' }]

/** A few moments that nobody chose, again the same in each run. */
function delayMs(kill: number): number {
  return Number(BigInt(keccak(utf8Hex(`${SEED}/${kill}`))) % BigInt(DELAY_MS_MAX))
}

describe(`processes killed at any point (RSDP_SEED=${SEED})`, function () {
  this.timeout(300_000)
  let network: RecordedNetwork
  let nodes: readonly RecordedNode[]
  let report: AuditReport
  let seen: Sighting[]
  /** Highest height that anybody had decided when all were dead. */
  let heightAtStop: number
  /** Points that were not passed, or not as often as a life was to last. */
  const missed: string[] = []

  before(async () => {
    network = await RecordedNetwork.create(4)
    nodes = network.nodes
    const [alice, bob, carol, dave] = nodes as [RecordedNode, RecordedNode, RecordedNode, RecordedNode]
    alice.start()
    dave.start(DAVE[0])
    bob.start(BOB[0])
    carol.start(CAROL[0])
    const taskId = await network.runTask(HEIGHTS, { epochHeights: EPOCH })
    await Promise.all([live(bob, BOB), live(carol, CAROL), live(dave, DAVE)])
    for (let kill = 0; kill < MOMENTS; kill += 1) await dieSoon([bob, carol][kill % 2]!, kill)
    await stopAtOnce()
    await network.until('the result on chain', () =>
      nodes.some(({ watch }) => watch.of('finalize.mined').length > 0),
    )
    report = await network.audit(taskId)
    seen = sightings(network.frames(), report.cluster!, network.connection.domain)
  })
  after(() => network.close())

  /** One life after another, the last one without an end. */
  async function live(node: RecordedNode, fates: readonly Fate[]): Promise<void> {
    for (let life = 1; life <= fates.length; life += 1) {
      const { failAt = '' } = fates[life - 1]!
      // heights that were decided while it started pass no point: it takes them over
      const runs = (): boolean => node.watch.of('task.running').length >= life
      await network.until(`${node.name} runs`, () => !node.isUp || runs())
      const end = Math.max(...nodes.map(({ height }) => height)) + LIFE_HEIGHTS_MAX
      await network.until(`${node.name} dies at ${failAt}`, () => !node.isUp || node.height >= end)
      if (node.isUp) missed.push(failAt)
      await node.kill()
      node.start(fates[life])
    }
  }

  async function dieSoon(node: RecordedNode, kill: number): Promise<void> {
    const { height } = node
    await network.until(`${node.name} goes on`, () => node.height > height)
    await new Promise((resolve) => setTimeout(resolve, delayMs(kill)))
    await node.kill()
    node.start()
  }

  /** All four at once; then again, some with an object on record that they had no time to send. */
  async function stopAtOnce(): Promise<void> {
    const reached = (): number => Math.max(...nodes.map(({ height }) => height))
    const before = reached()
    await network.until('all go on', () => nodes.every(({ height }) => height > before))
    await Promise.all(nodes.map((node) => node.kill()))
    for (const node of nodes) node.start({ failAt: 'record.after:2' })
    await network.until('too few are left', () => nodes.filter(({ isUp }) => isUp).length <= 2)
    await Promise.all(nodes.map((node) => node.kill()))
    heightAtStop = reached()
    for (const node of nodes) node.start()
  }

  it('killed as often as planned, and the task was still running then', () => {
    const [alice, bob, carol, dave] = nodes.map(({ deaths }) => deaths.length)
    expect({ alice, bob, carol, dave }).deep.equal({
      alice: 2,
      bob: BOB.length + 3,
      carol: CAROL.length + 3,
      dave: DAVE.length + 2,
    })
    expect(heightAtStop).lessThan(HEIGHTS)
    // entries that no object announces are not in everybody's log
    expect(missed.filter((point) => !point.startsWith('append.'))).deep.equal([])
  })

  it('nobody signed two objects for one key, as the others received it', () => {
    expect(signedTwice(seen)).deep.equal([])
    // at the least: STATUS, SHARE and CONFIRM of each height by a quorum
    expect(bytesByKey(seen).size).greaterThan(HEIGHTS * 3 * 3)
  })

  it('what was signed before the end of a process is sent again by the next one', () => {
    // bob and carol were killed at points that lie behind a signature; the others perhaps between two heights
    for (const { key, name, deaths, births } of nodes.slice(1, 3)) {
      const own = seen.filter(({ from, signer }) => from === key && signer === key)
      const again = deaths.flatMap((death, life) => {
        const early = new Set(own.filter(({ atMs }) => atMs < death).map(({ bytes }) => bytes))
        return own.filter(({ atMs, bytes }) => atMs > (births[life + 1] ?? Infinity) && early.has(bytes))
      })
      expect(again, name).not.empty
    }
  })

  it('all vote again, a quorum of them in the height that was in work', () => {
    const inWork = nodes.filter(({ key, name, births }) => {
      const start = births.at(-1)!
      const votes = seen.filter(({ atMs, from, signer }) => atMs > start && from === key && signer === key)
      const heights = votes.flatMap(({ object }) => (object.type === 'confirm' ? [object.height] : []))
      // one of four may come so late that the others have decided without it
      expect(Math.max(...heights), name).greaterThan(heightAtStop)
      return heights.includes(heightAtStop + 1)
    })
    expect(inWork).length.at.least(3)
  })

  it('the task is finished, and its audit finds nothing wrong', () => {
    expect(report.findings).deep.equal([])
    expect(auditExitCode(report)).equal(EXIT.ok)
    expect(report.heightsAnchored).equal(HEIGHTS)
    // also notes of members that died, more than once, before their checkpoint was anchored
    expect(report.unavailable).deep.equal([])
    expect(report.counts.transitionsByEvent.RESET).greaterThan(0)
  })

  it('a second process on a data directory in use is refused', async () => {
    const args = nodes[0]!.args.map((arg) => (arg.startsWith('/ip4/') ? '/ip4/127.0.0.1/tcp/0' : arg))
    const second = await rsdp(...args)
    expect([errorCode(second), second.code]).deep.equal(['E_LOCKED', EXIT.busy])
    expect(nodes[0]!.isUp).equal(true)
  })
})
