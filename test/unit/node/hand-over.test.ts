import { expect } from 'chai'
import { accusedOf, isProof } from '../../../src/codec/evidence.ts'
import { toHex } from '../../../src/codec/hex.ts'
import type { RunnerResult } from '../../../src/ports/reducer-runner.ts'
import type { CallContext } from '../../../src/reducers/reducer.ts'
import type { Evidence } from '../../../src/types/evidence.ts'
import { NIL } from '../../../src/types/ids.ts'
import { demandOf, RunnerCluster } from '../../helpers/runner-cluster.ts'

const HANDED = Uint8Array.of(5, 6, 7)
const NOTHING = new Uint8Array()
const TWIN = `0x${'7e'.repeat(20)}` as const
const PARAMS = { usesPrevious: true, predecessor: 9n }
const HONEST = 3
const EPOCH = 3

/** A state that shows which one was before: states of this kind begin with 0. */
const made = ({ height, previous }: CallContext): Uint8Array => demandOf(10 * height + (previous?.[0] ?? 0))
const answer = (state: Uint8Array): Promise<RunnerResult> => Promise.resolve({ ok: true, state })
/** As if nothing had been handed over. */
const forgetful = (context: CallContext): CallContext =>
  context.height === 1 ? { ...context, previous: NOTHING } : context

describe('what a task was handed over', function () {
  this.timeout(60_000)

  it('is the state before height 1, at every member, and each height is that of the next', async () => {
    const seen = new Map<string, string>()
    const world = new RunnerCluster({
      n: 4,
      params: PARAMS,
      handedOver: HANDED,
      reduce: (member, { context }) => {
        seen.set(`${member}/${context.height}`, toHex(context.previous ?? NOTHING))
        return answer(made(context))
      },
    })
    await world.start()
    expect(await world.run(3)).equal(true)
    for (const { member, decided } of world.seats) {
      expect(seen.get(`${member}/1`)).equal(toHex(HANDED))
      expect(seen.get(`${member}/2`)).equal(toHex(decided[0]!.state))
      expect(decided[0]?.state).deep.equal(demandOf(15))
    }
    expect(world.seat(0).handed).deep.equal([toHex(HANDED)])
    expect(world.runner(0).health().waitsFor).equal(null)
    await world.kill(1)
    await world.restart(1)
    expect(await world.run(4)).equal(true)
  })

  it('is waited for: no frame is taken before, and nothing is signed', async () => {
    const world = await new RunnerCluster({ n: 4, params: PARAMS, handedOver: null }).start()
    for (let i = 0; i < 100; i += 1) await world.tick()
    for (const { runner, log } of world.seats) {
      expect(runner?.isReady).equal(false)
      expect(runner?.waitsForPredecessor).equal(true)
      expect(runner?.health().waitsFor).equal('9')
      expect(log).deep.equal([])
    }
    expect(world.fatal).deep.equal([])
  })

  it('LN-4: who votes over another state is shown by the state that was handed over, and nothing is signed for it', async () => {
    const world = await new RunnerCluster({
      n: 4,
      params: { ...PARAMS, twin: TWIN },
      handedOver: HANDED,
      reduce: (member, { context }) => answer(made(member === HONEST ? context : forgetful(context))),
      twin: (member, { context }) => Promise.resolve(made(member === HONEST ? context : forgetful(context))),
    }).start()
    expect(await world.run(EPOCH)).equal(true)
    const found = (): Evidence[] => world.runner(HONEST).evidence.all.map(({ evidence }) => evidence)
    /** By a vote, and by a CHECKPOINT over the height. */
    const accused = (kind: 'E4' | 'E5'): number[] =>
      [...new Set(found().flatMap((one) => (one.kind === kind ? [accusedOf(one)] : [])))].sort()
    for (let i = 0; i < 400 && accused('E5').length < 3; i += 1) await world.tick()
    for (const kind of ['E4', 'E5'] as const) expect(accused(kind), kind).deep.equal([0, 1, 2])
    for (const evidence of found()) {
      expect(isProof({ cluster: world.cluster, epochHeights: EPOCH }, evidence), evidence.kind).equal(true)
      if (evidence.kind !== 'E4' && evidence.kind !== 'E5') continue
      expect(evidence.before).deep.equal({
        ...{ state: HANDED, root: NIL, inputsRoot: NIL, inputs: 0n, eventSeq: 0, eventsHash: NIL },
      })
    }
    expect(world.seat(HONEST).store!.checkpoint(world.cluster.id, EPOCH)).equal(null)
  })
})
