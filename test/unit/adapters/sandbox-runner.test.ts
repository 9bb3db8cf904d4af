import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { SandboxRunner } from '../../../src/adapters/worker/sandbox-runner.ts'
import type { Thread } from '../../../src/adapters/worker/thread.ts'
import type {
  SandboxAnswer,
  SandboxRequest,
  WorkerMessage,
  WorkerRequest,
} from '../../../src/adapters/worker/worker-protocol.ts'
import { toHex } from '../../../src/codec/hex.ts'
import { median } from '../../../src/reducers/median.ts'
import { loadEngine } from '../../../src/adapters/sandbox/load-engine.ts'
import { bundleId } from '../../../src/sandbox/sandbox.ts'
import { NIL } from '../../../src/types/ids.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'
import { bundleOf, reducerOf } from '../../helpers/hostile-bundles.ts'
import { openBundle, stockBundle } from '../../helpers/stock-bundles.ts'

/** Far above what any of it takes, on any machine. */
const TIMEOUT_MS = 120_000
const PARAMS = toHex(median.params.encode({ min: 0n, max: 100n }))
const input = (value: bigint): Uint8Array => median.state.encode({ median: 0n, rows: [{ member: 0, value }] })
const named = (bytes: Uint8Array) => ({ id: bundleId(loadEngine().hash, bytes), bytes })
const callOf = (reducer: string) => ({
  reducer,
  params: PARAMS,
  context: BARE_CONTEXT,
  inputs: [1n, 2n, 3n].map((value, member) => ({ member, state: input(value) })),
})

describe('SandboxRunner, scripted thread', () => {
  /** Answers every request alike. */
  class Answering extends EventEmitter implements Thread<SandboxRequest, SandboxAnswer> {
    readonly #answer: SandboxAnswer | null
    constructor(answer: SandboxAnswer | null) {
      super()
      this.#answer = answer
      setImmediate(() => this.emit('message', { kind: 'ready' } satisfies WorkerMessage<SandboxAnswer>))
    }
    postMessage({ token }: WorkerRequest<SandboxRequest>): void {
      if (this.#answer === null) this.emit('exit', 1)
      else this.emit('message', { kind: 'answer', token, result: this.#answer })
    }
    terminate(): Promise<unknown> {
      return Promise.resolve()
    }
  }
  const runnerOf = (answer: SandboxAnswer | null): SandboxRunner =>
    new SandboxRunner({
      clock: new VirtualClock(),
      timeoutMs: 10,
      bundles: [{ id: NIL, bytes: new Uint8Array() }],
      startThread: () => new Answering(answer),
    })

  it('says what this machine alone came to, which is no verdict', async () => {
    const unable = runnerOf({ kind: 'unable', code: 'hostStack' })
    expect(await unable.run(callOf(NIL))).to.deep.equal({ ok: false, code: 'hostStack' })
    expect(await unable.judge(NIL, '0x', input(1n))).to.equal(null)
    expect(await unable.acceptsParams(NIL, '0x')).to.equal(null)
    const dying = runnerOf(null)
    expect(await dying.run(callOf(NIL))).to.deep.equal({ ok: false, code: 'crashed' })
    expect(await dying.judge(NIL, '0x', input(1n))).to.equal(null)
  })
})

describe('SandboxRunner, real thread', function () {
  this.timeout(TIMEOUT_MS)
  const hostile = reducerOf('for (;;) {}')
  let honest: Uint8Array
  let runner: SandboxRunner

  before(async () => {
    honest = await stockBundle(median.id)
    const bundles = [honest, hostile].map(named)
    runner = new SandboxRunner({ clock: systemClock, timeoutMs: TIMEOUT_MS, bundles })
    await runner.start()
  })
  after(() => runner.stop())

  it('does not start with what is no reducer', async () => {
    const bundles = [named(bundleOf('return 1'))]
    const broken = new SandboxRunner({ clock: systemClock, timeoutMs: TIMEOUT_MS, bundles })
    const code = await broken.start().then(
      () => 'started',
      (error: unknown) => (error as { code: string }).code,
    )
    expect(code).to.equal('E_REDUCER_WORKER')
    await broken.stop()
  })

  it('gives in its thread what the main thread gives, fuel included', async () => {
    const bundle = openBundle(honest)
    expect(await runner.run(callOf(bundle.id))).to.deep.equal(bundle.reduce(callOf(bundle.id)))
    for (const value of [1n, 100n, 101n])
      expect(await runner.judge(bundle.id, PARAMS, input(value))).to.equal(value <= 100n)
    expect(await runner.acceptsParams(bundle.id, PARAMS)).to.equal(true)
    expect(await runner.acceptsParams(bundle.id, '0x')).to.equal(false)
  })

  it('runs a bundle that came later, also in the thread after this one; what is no reducer changes nothing', async () => {
    const clock = new VirtualClock()
    const late = new SandboxRunner({ clock, timeoutMs: TIMEOUT_MS, bundles: [named(honest)] })
    const { id } = openBundle(hostile)
    expect(await late.add(id, hostile)).to.deep.equal({ name: 'x@1', usesPrevious: false })
    expect(await late.add(NIL, bundleOf('return 1'))).to.deep.equal({ broken: 'badOutput' })
    const loses = late.run(callOf(id))
    await new Promise(setImmediate)
    clock.advance(TIMEOUT_MS)
    expect(await loses).to.deep.equal({ ok: false, code: 'timedOut' })
    expect(await late.run(callOf(id))).to.include({ ok: false, code: 'overBudget' })
    const bundle = openBundle(honest)
    expect(await late.run(callOf(bundle.id))).to.deep.equal(bundle.reduce(callOf(bundle.id)))
    await late.stop()
  })

  it('no bundle waits for another one that uses up its fuel', async () => {
    const [slow, quick] = [openBundle(hostile).id, openBundle(honest).id]
    const ended: string[] = []
    const note = (name: string) => (): number => ended.push(name)
    const burning = [1, 2].map(() => runner.run(callOf(slow)).then(note('slow')))
    for (let call = 0; call < 5; call += 1) await runner.run(callOf(quick)).then(note('quick'))
    await Promise.all(burning)
    expect(ended).to.have.length(7)
    expect(ended.at(-1)).to.equal('slow')
  })

  it('ends a loop by its fuel, with the verdict that everybody comes to, and goes on', async () => {
    const { id } = openBundle(hostile)
    expect(await runner.run(callOf(id))).to.include({ ok: false, code: 'overBudget' })
    expect(await runner.judge(id, PARAMS, input(1n))).to.equal(false)
    expect(await runner.run(callOf(openBundle(honest).id))).to.include({ ok: true })
  })
})
