import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../../src/adapters/sqlite/store.ts'
import { RunnerCluster } from '../../helpers/runner-cluster.ts'
import type { RunnerClusterOptions } from '../../helpers/runner-cluster.ts'
import { expectSound } from '../../helpers/runner-cluster-judge.ts'

const HEIGHTS = 6
const EPOCH = 3
const CHECKPOINTS = 2

describe('TaskRunner', () => {
  for (const n of [4, 7]) {
    for (const kind of ['memory', 'SQLite'] as const) {
      describe(`${n} undisturbed members, store: ${kind}`, () => {
        let world: RunnerCluster
        let dir: string

        before(async () => {
          dir = mkdtempSync(join(tmpdir(), 'rsdp-runner-'))
          const open: RunnerClusterOptions['open'] = (member, key, deploymentId) =>
            openStore({ dataDir: join(dir, String(member)), key, deploymentId })
          world = new RunnerCluster({ n, ...(kind === 'SQLite' ? { open } : {}) })
          await world.start()
          expect(await world.run(HEIGHTS)).to.equal(true)
          await world.settle()
        })
        after(() => {
          for (const { store } of world.seats) store?.close()
          rmSync(dir, { recursive: true })
        })

        it('decide every height alike, in round 0, and keep it', () => {
          expectSound(world)
          const [first, ...others] = world.up.map(({ store }) => store!.heights(world.cluster.id, 1, HEIGHTS))
          expect(first).to.have.length(HEIGHTS)
          expect(first!.map(({ round }) => round)).to.deep.equal(Array(HEIGHTS).fill(0))
          const facts = (heights: typeof first): unknown =>
            heights!.map(({ value, state }) => ({ value, state }))
          for (const other of others) expect(facts(other)).to.deep.equal(facts(first))
        })

        it('send three frames each to each other member per height, and nothing else but checkpoints and one question each at the start', () => {
          expect([...world.wire.frames]).to.deep.equal(
            Array.from({ length: HEIGHTS }, (_, i) => [i + 1, 3 * n * (n - 1)]),
          )
          expect(world.wire.otherFrames).to.equal(2 * n * (n - 1))
          expect(world.wire.checkpointFrames).to.be.at.least(CHECKPOINTS * n * (n - 1))
        })

        it('check each foreign object once: 3 (n − 1) per height, n − 1 per checkpoint', () => {
          for (const { runner } of world.up) {
            expect(runner!.health().signatureChecks).to.equal((3 * HEIGHTS + CHECKPOINTS) * (n - 1))
            expect(runner!.health().refused).to.deep.equal({})
          }
        })

        it('all hold each checkpoint with all signatures', () => {
          for (const { certified } of world.seats) {
            const complete = certified.filter(({ signed }) => signed.size === n).map(({ height }) => height)
            expect([...new Set(complete)]).to.deep.equal([EPOCH, HEIGHTS])
          }
        })

        it('tell the application of each decision once, in order', () => {
          for (const { decided } of world.seats)
            expect(decided.map(({ height }) => height)).to.deep.equal([1, 2, 3, 4, 5, 6])
        })

        it('tell of every transition once', () => {
          for (const { log, lines } of world.seats) {
            const told = lines.filter(({ event }) => event === 'phase.enter').map(({ facts }) => facts)
            expect(told.map(({ transition, height }) => [transition, height])).to.deep.equal(
              log.map(({ event, height }) => [event, height]),
            )
          }
        })
      })
    }
  }

  it('remembers own objects until the next decision, and others’ until a checkpoint is on chain', async () => {
    const world = await new RunnerCluster({ n: 4 }).start()
    const [runner, store] = [world.runner(0), world.seat(0).store!]
    const find = store.find.bind(store)
    /** Signatures checked and own objects looked up when a member shows the STATUS of all at a height. */
    const cost = (height: number): { readonly checks: number; readonly finds: number } => {
      const before = runner.health().signatureChecks
      let finds = 0
      store.find = (...args) => {
        finds += 1
        return find(...args)
      }
      const { inputs } = store.heights(world.cluster.id, height, 1)[0]!.decided
      const parts = inputs.map((signed) => ({ kind: 'object', signed }) as const)
      runner.frame(world.cluster.members[1]!.key, { cluster: world.cluster.id, parts })
      store.find = find
      return { checks: runner.health().signatureChecks - before, finds }
    }
    expect(await world.run(1)).to.equal(true)
    expect(cost(1)).to.include({ checks: 0 })
    expect(cost(1)).to.deep.equal({ checks: 0, finds: 0 })
    expect(await world.run(HEIGHTS)).to.equal(true)
    expect(cost(1)).to.deep.equal({ checks: 0, finds: 1 })
    runner.checkpointed({ block: 9, height: EPOCH, root: runner.state.chain.root }, true)
    expect(cost(1)).to.deep.equal({ checks: 4, finds: 0 })
    expect(cost(EPOCH)).to.deep.equal({ checks: 0, finds: 1 })
  })
})
