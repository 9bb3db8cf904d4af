import { expect } from 'chai'
import { accusedOf, isProof } from '../../../src/codec/evidence.ts'
import type { TwinCall } from '../../../src/ports/chain.ts'
import type { RunnerResult } from '../../../src/ports/reducer-runner.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import type { ReducerCall } from '../../../src/reducers/reducer.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import type { Evidence } from '../../../src/types/evidence.ts'
import { demandOf, RunnerCluster } from '../../helpers/runner-cluster.ts'

const HEIGHTS = 6
const EPOCH = 3
const HONEST = 3
const TWIN = `0x${'7e'.repeat(20)}` as const
const INVENTED = demandOf(77)

/** What an honest twin gives. */
function truth({ params, context, inputs, closing }: TwinCall): Uint8Array | null {
  const result = runReducer({ reducer: rateLimit.id, params, context, inputs, closing })
  return result.ok ? result.state : null
}
const reduce = (call: ReducerCall): Promise<RunnerResult> => Promise.resolve(runReducer(call))
const invent = (): Promise<RunnerResult> => Promise.resolve({ ok: true, state: INVENTED })

const checkpointed = (world: RunnerCluster, member: number): number[] =>
  [EPOCH, HEIGHTS].filter((height) => world.seat(member).store!.checkpoint(world.cluster.id, height) !== null)

describe('Vetter', function () {
  this.timeout(60_000)
  /** Members 0, 1 and 2 of 4 decide what they like; their twin says what they say. */
  const outvoted = (): RunnerCluster =>
    new RunnerCluster({
      n: 4,
      params: { twin: TWIN },
      reduce: (member, call) => (member === HONEST ? reduce(call) : invent()),
      twin: (member, call) => Promise.resolve(member === HONEST ? truth(call) : INVENTED),
    })

  it('M-2: signs no CHECKPOINT over a state that the twin does not give, and accuses all who did', async () => {
    const world = await outvoted().start()
    expect(await world.run(HEIGHTS)).to.equal(true)
    const found = (): Evidence[] => world.runner(HONEST).evidence.all.map(({ evidence }) => evidence)
    const signers = (): number[] => found().flatMap((one) => (one.kind === 'E5' ? [accusedOf(one)] : []))
    for (let i = 0; i < 200 && new Set(signers()).size < 3; i += 1) await world.tick()
    expect(checkpointed(world, 0)).to.deep.equal([EPOCH, HEIGHTS])
    expect(checkpointed(world, HONEST)).to.deep.equal([])
    expect(world.seat(HONEST).certified).to.deep.equal([])
    expect(new Set(signers())).to.deep.equal(new Set([0, 1, 2]))
    for (const evidence of found().filter(({ kind }) => kind === 'E5'))
      expect(isProof({ cluster: world.cluster, epochHeights: EPOCH }, evidence)).to.equal(true)
    expect(world.runner(HONEST).health().vettedHeight).to.equal(0)
  })

  it('M-2: a restart does not make it sign what it refused', async () => {
    const world = await outvoted().start()
    expect(await world.run(EPOCH)).to.equal(true)
    for (let i = 0; i < 50; i += 1) await world.tick()
    await world.kill(HONEST)
    await world.restart(HONEST)
    expect(await world.run(HEIGHTS)).to.equal(true)
    for (let i = 0; i < 40; i += 1) await world.tick()
    expect(checkpointed(world, HONEST)).to.deep.equal([])
  })

  it('a twin that cannot be asked delays the CHECKPOINT and forges none, over restarts', async () => {
    let isDown = true
    const world = await new RunnerCluster({
      n: 4,
      params: { twin: TWIN },
      // never votes for a value itself, so that every height is looked at again
      reduce: (_, call) => reduce(call),
      twin: (member, call) =>
        member === HONEST && isDown ? Promise.reject(new Error('down')) : Promise.resolve(truth(call)),
    }).start()
    expect(await world.run(EPOCH)).to.equal(true)
    for (let i = 0; i < 50; i += 1) await world.tick()
    expect(checkpointed(world, HONEST)).to.deep.equal([])
    await world.kill(HONEST)
    await world.restart(HONEST)
    for (let i = 0; i < 50; i += 1) await world.tick()
    expect(checkpointed(world, HONEST)).to.deep.equal([])
    expect(await world.run(EPOCH + 1)).to.equal(true)
    // with an epoch that is over and unvetted, and the next one begun
    await world.kill(HONEST)
    await world.restart(HONEST)
    isDown = false
    expect(await world.run(HEIGHTS)).to.equal(true)
    for (let i = 0; i < 2_000 && checkpointed(world, HONEST).length < 2; i += 1) await world.tick()
    expect(checkpointed(world, HONEST)).to.deep.equal([EPOCH, HEIGHTS])
  })

  for (const point of ['dieBeforeDeciding', 'dieAfterDeciding'] as const) {
    for (const height of [EPOCH, EPOCH + 1]) {
      it(`what was unvetted is signed later, whatever the process had in hand: ${point} ${height}`, async () => {
        let isDown = true
        const world = await new RunnerCluster({
          n: 4,
          params: { twin: TWIN },
          reduce: (_, call) => reduce(call),
          twin: (member, call) =>
            member === HONEST && isDown ? Promise.reject(new Error('down')) : Promise.resolve(truth(call)),
        }).start()
        world.seat(HONEST)[point] = height
        for (let i = 0; i < 400 && world.seat(HONEST).runner !== null; i += 1) await world.tick()
        expect(world.seat(HONEST).runner, 'it has died').to.equal(null)
        world.seat(HONEST)[point] = null
        expect(await world.run(EPOCH + 1)).to.equal(true)
        await world.restart(HONEST)
        isDown = false
        expect(await world.run(HEIGHTS)).to.equal(true)
        for (let i = 0; i < 2_000 && checkpointed(world, HONEST).length < 2; i += 1) await world.tick()
        expect(checkpointed(world, HONEST)).to.deep.equal([EPOCH, HEIGHTS])
        expect(world.fatal).to.deep.equal([])
      })
    }
  }

  it('more than a third that start again with an unvetted epoch stop no CHECKPOINT', async () => {
    let isDown = true
    // each misses the twin at one height, in which the three others agree without it
    const misses = new Map([
      [2, 2],
      [3, 1],
    ])
    const world = await new RunnerCluster({
      n: 4,
      params: { twin: TWIN },
      reduce: (_, call) => reduce(call),
      twin: (member, call) =>
        isDown && misses.get(member) === call.context.height
          ? Promise.reject(new Error('down'))
          : Promise.resolve(truth(call)),
    }).start()
    expect(await world.run(EPOCH + 1)).to.equal(true)
    for (const member of misses.keys()) {
      expect(checkpointed(world, member)).to.deep.equal([])
      await world.kill(member)
      await world.restart(member)
    }
    isDown = false
    expect(await world.run(HEIGHTS)).to.equal(true)
    const isSigned = (): boolean =>
      [...misses.keys()].every((member) => checkpointed(world, member).length === 2)
    for (let i = 0; i < 2_000 && !isSigned(); i += 1) await world.tick()
    for (const { member } of world.seats) expect(checkpointed(world, member)).to.deep.equal([EPOCH, HEIGHTS])
    const certified = (): Set<number> => new Set(world.seat(0).certified.map(({ height }) => height))
    for (let i = 0; i < 200 && certified().size < 2; i += 1) await world.tick()
    expect(certified()).to.deep.equal(new Set([EPOCH, HEIGHTS]))
  })

  it('M-2: a reducer that differs from its twin: no honest signer convictable', async () => {
    // answers come with the next tick: without that, one tick would hold all rounds there are
    const answers: (() => void)[] = []
    const world = await new RunnerCluster({
      n: 4,
      params: { twin: TWIN },
      reduce: (_, call) => reduce(call),
      twin: () => new Promise((resolve) => answers.push(() => resolve(INVENTED))),
    }).start()
    const isLost = (): boolean =>
      world.wire.objects.some(({ object }) => object.type === 'share' && object.round === 2)
    for (let i = 0; i < 90 && !isLost(); i += 1) {
      for (const answer of answers.splice(0)) answer()
      await world.tick()
    }
    expect(isLost()).to.equal(true)
    const votes = world.wire.objects.filter(({ object }) => object.type === 'share' && object.inputs !== 0n)
    expect(votes).to.deep.equal([])
    for (const { member } of world.seats) expect(checkpointed(world, member)).to.deep.equal([])
  })

  it('signs at once for heights that it aggregated itself', async () => {
    let asked = 0
    const world = await new RunnerCluster({
      n: 4,
      params: { twin: TWIN },
      reduce: (_, call) => reduce(call),
      twin: (_, call) => {
        asked += 1
        return Promise.resolve(truth(call))
      },
    }).start()
    expect(await world.run(HEIGHTS)).to.equal(true)
    for (const { member } of world.seats) expect(checkpointed(world, member)).to.deep.equal([EPOCH, HEIGHTS])
    expect(asked).to.equal(4 * HEIGHTS)
  })
})
