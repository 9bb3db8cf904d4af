/** Minutes, not for every run: RSDP_IMAGES=6 ./rsdp --script node_modules/mocha/bin/mocha.js scripts/campaigns/store-images.ts */
import { expect } from 'chai'
import type { AuditReport } from '../../src/audit/report.ts'
import { Random } from '../../src/faults/random.ts'
import type { Damage, Image } from '../../test/helpers/store-images.ts'
import { DAMAGES, imageOf } from '../../test/helpers/store-images.ts'
import type { Sighting } from '../../test/helpers/wire-recorder.ts'
import { sightings, signedTwice } from '../../test/helpers/wire-recorder.ts'
import type { RecordedNode } from '../../test/helpers/wire-recorder-network.ts'
import { RecordedNetwork } from '../../test/helpers/wire-recorder-network.ts'

const SEED = Number(process.env['RSDP_SEED'] ?? 20_261_129)
/** What is done to bob and carol by turns, one after the other, while the task runs. */
const PLAN: readonly Damage[] = Array.from({ length: Number(process.env['RSDP_IMAGES'] ?? 6) }, (_, i) => {
  const damages = Object.keys(DAMAGES) as Damage[]
  return damages[i % damages.length]!
})
const EACH_HEIGHTS = 6
/** Heights go on while a process starts, on a slow machine many. */
const HEIGHTS = 40 * (PLAN.length + 1)

interface Life {
  readonly node: RecordedNode
  readonly damage: Damage
  readonly bornMs: number
  /** Decided by then. */
  readonly height: number
}

describe(`processes whose store is damaged while they are down (RSDP_SEED=${SEED})`, function () {
  this.timeout(60_000 + HEIGHTS * 20_000)
  let network: RecordedNetwork
  let report: AuditReport
  let seen: Sighting[]
  const lives: Life[] = []

  before(async () => {
    const dice = new Random(SEED)
    network = await RecordedNetwork.create(4)
    const { nodes } = network
    for (const node of nodes) node.start()
    const taskId = await network.runTask(HEIGHTS, { epochHeights: 4 })
    const reached = (): number => Math.max(...nodes.map(({ height }) => height))
    const older = new Map<RecordedNode, Image>()
    for (const [turn, damage] of PLAN.entries()) {
      const node = nodes[1 + (turn % 2)]!
      const start = reached()
      await network.until('two heights', () => node.height > start + 1)
      await node.kill()
      const { dataDir } = node
      const last = imageOf(dataDir)
      DAMAGES[damage]({ dataDir, dice, older: older.get(node) ?? last, last })
      older.set(node, last)
      node.start()
      const height = reached()
      lives.push({ node, damage, bornMs: Date.now(), height })
      await network.until(
        `${node.name} goes on after ${damage}`,
        () => node.height >= height + EACH_HEIGHTS - 2,
      )
    }
    await network.until('the result on chain', () =>
      nodes.some(({ watch }) => watch.of('finalize.mined').length > 0),
    )
    report = await network.audit(taskId)
    seen = sightings(network.frames(), report.cluster!, network.connection.domain)
  })
  after(() => network.close())

  it('nobody signed two objects for one key, as the others received it', () => {
    expect(signedTwice(seen)).deep.equal([])
  })

  it('nobody is convicted, and the audit finds nothing wrong', () => {
    expect(report.findings).deep.equal([])
    expect(report.heightsAnchored).equal(HEIGHTS)
    expect(network.nodes.flatMap(({ watch }) => watch.of('evidence.found'))).deep.equal([])
  })

  it('each votes again, by itself, within one epoch', () => {
    const waits = lives.map(({ node, damage, bornMs, height }) => {
      const votes = seen.filter(({ atMs, from, signer, object }) => {
        return atMs > bornMs && from === node.key && signer === node.key && object.type === 'confirm'
      })
      const heights = votes.flatMap(({ object }) => ('height' in object ? [object.height] : []))
      return { damage, waited: Math.min(...heights.filter((voted) => voted > height)) - height - 1 }
    })
    for (const { damage, waited } of waits) expect(waited, damage).to.be.within(0, EACH_HEIGHTS)
  })
})
