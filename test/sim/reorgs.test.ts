import { expect } from 'chai'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { Random } from '../../src/faults/random.ts'
import { keccak } from '../../src/codec/hex.ts'
import { noteKeys } from '../../src/sim/keys.ts'
import { runSeed } from '../../src/sim/run-seed.ts'
import { drawScenario } from '../../src/sim/scenario.ts'
import { addReport, emptySummary } from '../../src/sim/summary.ts'
import { TWIN, twinModel } from '../../src/sim/twin.ts'
import { TASK_ID, World } from '../../src/sim/world.ts'
import type { Evidence } from '../../src/types/evidence.ts'

const PATIENCE_MS = 120_000

const budgetOf = (budget: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, budget)

/** Four honest nodes without faults. */
function calmWorld(seed: number, { provable = false, areNotesStripped = false } = {}): World {
  const random = new Random(seed)
  const drawn = drawScenario(random, { heights: 12, calm: true, nodes: 4, provable })
  const params = { ...drawn.params, epochHeights: 2, slotTicks: 20 }
  const scenario = { ...drawn, params, areNotesStripped }
  return new World({ seed, scenario, random, keys: noteKeys(seed), tell: null })
}

describe('re-orgs of the chain', () => {
  after(restoreCrypto)

  it('up to the depth are invisible: all duties that they drop are done again', async () => {
    const summary = emptySummary()
    for (let seed = 1; seed <= 16; seed += 1) {
      const options = { heights: 5, nodes: seed % 2 === 0 ? 4 : 7, reorgs: true, keys: cryptoFor(seed) }
      addReport(summary, await runSeed(seed, options))
    }
    expect(summary.failed).to.deep.equal([])
    expect(summary.heights).to.equal(16 * 5)
    expect(summary.counts['re-org']).to.be.above(16)
    for (const duty of ['join', 'checkpoint', 'finalize', 'republish']) {
      const dropped = summary.counts[`re-org drops ${duty}`]
      expect(dropped, duty).to.be.above(0)
      expect(summary.counts[`done again: ${duty}`], duty).to.equal(dropped)
    }
  })

  it('up to the depth change no decision of an undisturbed cluster, and no delay', async () => {
    const report = await runSeed(1, { heights: 6, calm: true, nodes: 4, reorgs: true })
    expect(report.violations).to.deep.equal([])
    expect(report.counts['re-org']).to.be.above(0)
    expect(report.delays).to.deep.equal([3, 3, 3, 3, 3, 3])
  })

  it('take back what no copy keeps, and nothing that a second copy keeps', () => {
    const what = 'republish 1 2 note 0'
    const seen = { kept: 0, gone: 0 }
    for (let seed = 1; seed <= 40; seed += 1) {
      const { chain, reorgs } = calmWorld(seed)
      const mine = (blocks: number): void => {
        for (let i = 0; i < blocks; i += 1) reorgs.mine()
      }
      mine(1)
      for (let i = 0; i < 2; i += 1) {
        chain.include({ what, run: () => undefined, done: () => undefined })
        mine(2)
      }
      reorgs.replace(seed % 2 === 0 ? 4 : 2)
      mine(seed % 3)
      const { undone } = reorgs
      const copies = chain.revert(chain.head).filter((one) => one.what === what).length
      expect(undone, `seed ${seed}, ${copies} copies`).to.deep.equal(copies === 0 ? [what] : [])
      seen[copies === 0 ? 'gone' : 'kept'] += 1
    }
    expect(seen.kept).to.be.above(5)
    expect(seen.gone).to.be.above(2)
  })

  it('take a note back while its member is down: it publishes it again', async () => {
    const world = calmWorld(8, { areNotesStripped: true })
    const until = (isDone: () => boolean): Promise<boolean> =>
      world.run(world.queue.nowMs + PATIENCE_MS, isDone)
    const { chain, hosts } = world
    const host = hosts[1]!
    const isNote = (what: string): boolean => what.startsWith(`republish 1 2 note ${host.member} `)
    const isThere = (): boolean =>
      chain.eventsIn(0, chain.head).some((event) => event.kind === 'republished' && event.height === 2)
    world.start()
    expect(await until(() => world.isFormed)).to.equal(true)
    host.reducerFaults = 1 // its log has a RESET that the shared one has not
    expect(await until(() => host.reducersLost > 0)).to.equal(true)
    host.reducerFaults = 0
    expect(await until(isThere)).to.equal(true)
    expect(await until(() => host.life!.store.outbox().length === 0)).to.equal(true)

    host.crash()
    const event = chain.eventsIn(0, chain.head).find(({ kind }) => kind === 'republished')!
    const depth = chain.head - event.block + 1
    expect(depth).to.be.at.most(chain.reorgDepth)
    const gone = chain.revert(depth)
    expect(gone.filter(({ what }) => isNote(what))).to.have.lengthOf(1)
    for (const { what, run } of gone) if (!isNote(what)) chain.include({ what, run, done: () => undefined })
    for (let i = 0; i <= depth; i += 1) chain.mine()
    expect(isThere()).to.equal(false)
    host.boot()
    expect(await until(isThere)).to.equal(true)
    expect(world.violations).to.deep.equal([])
  })

  describe('beyond the depth', () => {
    for (const [what, seed] of [
      ['that take a checkpoint back', 4],
      ['that take the cluster back', 5],
    ] as const) {
      it(`${what} stop every node that had read of it: it signs no more, and nobody is convicted`, async () => {
        const world = calmWorld(seed)
        const until = (isDone: () => boolean): Promise<boolean> =>
          world.run(world.queue.nowMs + PATIENCE_MS, isDone)
        const { chain, hosts } = world
        world.start()
        expect(await until(() => world.isFormed)).to.equal(true)
        expect(await until(() => chain.accepted.length === 2)).to.equal(true)
        const event = what.includes('cluster') ? 'clusterFormed' : 'checkpointed'
        const block = chain.eventsIn(0, chain.head).find(({ kind }) => kind === event)!.block
        expect(await until(() => chain.head >= block + chain.reorgDepth + 2)).to.equal(true)
        world.reorgs.replace(chain.head - block + 1)
        expect(await until(() => hosts.every(({ isLost }) => isLost))).to.equal(true)
        expect(world.counts['stopped by a deep re-org']).to.equal(4)

        const signatures = hosts.map((host) => host.signatures)
        for (const host of hosts) {
          host.isLost = false
          host.boot() // somebody starts it again
        }
        expect(await until(() => hosts.every(({ isLost }) => isLost))).to.equal(true)
        await world.run(world.queue.nowMs + 10_000, () => false)
        expect(hosts.map((host) => host.signatures)).to.deep.equal(signatures)
        world.judge.close()
        expect(world.violations).to.deep.equal([])
        expect(chain.tasks.get(TASK_ID)!.convictions.size).to.equal(0)
      })
    }

    it('that put another ledger event in the place of one that was counted convict nobody, on either branch', async () => {
      const world = calmWorld(6, { provable: true })
      const until = (isDone: () => boolean): Promise<boolean> =>
        world.run(world.queue.nowMs + PATIENCE_MS, isDone)
      const { chain, hosts } = world
      world.start()
      expect(await until(() => chain.accepted.length === 1)).to.equal(true)
      const { id } = chain.tasks.get(TASK_ID)!.cluster!
      const counted = (host: (typeof hosts)[number]): number =>
        host.life?.store.heights(id, host.decided, 1)[0]?.decided.share.object.eventSeq ?? 0
      const late = hosts[3]!
      late.isRpcDown = true
      chain.post(TASK_ID, budgetOf(50))
      // it votes for what the others counted only once it has read it, and goes along with what they decide
      expect(await until(() => hosts.every((host) => counted(host) === 1))).to.equal(true)

      const block = chain.eventsIn(0, chain.head).find(({ kind }) => kind === 'ledgerEvent')!.block
      const depth = chain.head - block + 1
      expect(depth).to.be.above(chain.reorgDepth)
      world.reorgs.isDeep = true
      const others = chain.revert(depth).filter(({ what }) => !what.startsWith('post'))
      chain.post(TASK_ID, budgetOf(177))
      for (const { what, run } of others) chain.include({ what, run, done: () => undefined })
      for (let i = 0; i <= depth; i += 1) chain.mine()
      late.isRpcDown = false
      expect(await until(() => hosts.every((host) => host.isLost || host === late))).to.equal(true)
      expect(world.counts['stopped by a deep re-org']).to.equal(3)
      await world.run(world.queue.nowMs + 20_000, () => false)

      world.judge.close()
      expect(world.violations).to.deep.equal([])
      const { honesty } = world.judge
      const proofs = hosts.flatMap(({ member }) => [...honesty.proofsAgainst(member)])
      const { params, cluster, events } = chain.tasks.get(TASK_ID)!
      for (const evidence of proofs) {
        const { data } = chain.prepare({ kind: 'evidence', taskId: TASK_ID, evidence, events })
        expect(chain.refusal(data), evidence.kind).to.match(/^(ProvesNothing|NoVerdict)$/)
      }
      const counting = proofs.filter(
        (one): one is Extract<Evidence, { kind: 'E4' | 'E5' }> =>
          (one.kind === 'E4' && one.share.object.eventSeq === 1) ||
          (one.kind === 'E5' && one.claim.eventSeq === 1),
      )
      expect(new Set(counting.map(({ kind }) => kind))).to.deep.equal(new Set(['E4', 'E5']))
      // by the number of events alone each of them would convict: the new one gives another state
      for (const one of counting) {
        const { height, stateHash } = one.kind === 'E4' ? one.share.object : one.claim
        const { seed, members } = cluster!
        const seen = events.map(({ kind, data }, i) => ({ seq: i + 1, kind, data }))
        const context = { seed, height, members, previous: null, events: seen }
        const inputs = one.inputs.map(({ status, state }) => ({ member: status.member, state }))
        const call = { twin: TWIN, params: params.reducerParams, context, inputs, closing: false }
        expect(keccak(twinModel.aggregate(call)!)).not.to.equal(stateHash)
      }
      // who has read the new branch only answers for no height of the old one
      const first = Math.min(
        ...counting.map((one) => (one.kind === 'E4' ? one.share : one.checkpoint).object.height),
      )
      const signed = honesty.transcript.of(late.member).map(({ object }) => object)
      expect(signed.filter((object) => object.type === 'checkpoint' && object.height >= first)).to.deep.equal(
        [],
      )
    })
  })
})
