import { execFile } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { WorkerMessage, WorkerRequest } from '../../../src/adapters/worker/worker-protocol.ts'
import type { Thread } from '../../../src/adapters/worker/thread.ts'
import { CALLS_WAITING_MAX } from '../../../src/adapters/worker/timed-thread.ts'
import { WorkerReducerRunner } from '../../../src/adapters/worker/worker-reducer-runner.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { RunnerResult } from '../../../src/ports/reducer-runner.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import type { ReducerCall } from '../../../src/reducers/reducer.ts'
import type { ReducerResult } from '../../../src/reducers/result.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

const claim = rateLimit.state.encode({ budget: 0n, rows: [{ member: 0, demand: 5n, share: 0n }] })
const CALL: ReducerCall = {
  reducer: 'rate-limit@1',
  params: '0x00000000000000640000000000000064',
  context: { ...BARE_CONTEXT, events: [{ seq: 1, kind: 'posted', data: new Uint8Array(3) }] },
  inputs: [{ member: 2, state: claim }],
}
const callOf = (reducer: string): ReducerCall => ({ ...CALL, reducer })
const codeOf = (result: RunnerResult): string => (result.ok ? 'ok' : result.code)

async function rejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return error instanceof RsdpError ? error.code : String(error)
  }
  return 'resolved'
}

/** Time that moves only when the test says so. */
class SteppedClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ atMs: number; callback: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  every(): () => void {
    throw new Error('not used here')
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get pending(): number {
    return this.#timers.size
  }

  /** Moves on without firing: an event loop that is late. */
  drift(ms: number): void {
    this.#nowMs += ms
  }

  step(ms: number): void {
    this.drift(ms)
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.#nowMs || !this.#timers.delete(timer)) continue
      timer.callback()
    }
  }
}

/** A thread that says what the test tells it to, also after it was terminated. */
class ScriptedThread extends EventEmitter implements Thread<ReducerCall, ReducerResult> {
  readonly requests: WorkerRequest<ReducerCall>[] = []
  terminated = false

  postMessage(request: WorkerRequest<ReducerCall>): void {
    this.requests.push(request)
  }

  terminate(): Promise<unknown> {
    if (!this.terminated) this.emit('exit', 1)
    this.terminated = true
    return Promise.resolve()
  }

  say(message: WorkerMessage<ReducerResult>): void {
    this.emit('message', message)
  }

  answer(token: number, state: number): void {
    this.say({ kind: 'answer', token, result: stateOf(state) })
  }
}

const stateOf = (byte: number): ReducerResult => ({ ok: true, state: Uint8Array.of(byte) })
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('WorkerReducerRunner, scripted thread', () => {
  let clock: SteppedClock
  let threads: ScriptedThread[]
  let runner: WorkerReducerRunner
  const latest = (): ScriptedThread => threads.at(-1)!
  /** Starts a call and brings it to where it holds the mutex. */
  const begin = async (): Promise<Promise<RunnerResult>[]> => {
    const result = runner.run(CALL)
    await settle()
    latest().say({ kind: 'ready' })
    await settle()
    return [result]
  }

  beforeEach(() => {
    clock = new SteppedClock()
    threads = []
    const startThread = (): Thread<ReducerCall, ReducerResult> => {
      threads.push(new ScriptedThread())
      return latest()
    }
    runner = new WorkerReducerRunner({ clock, timeoutMs: 50, startThread })
  })

  it('refuses the answer of a thread that lost the mutex at τ, and starts a fresh one', async () => {
    const [first] = await begin()
    const late = latest()
    clock.step(49)
    expect(late.terminated).to.equal(false)
    clock.step(1)
    expect(await first).to.deep.equal({ ok: false, code: 'timedOut' })
    expect(late.terminated).to.equal(true)

    const [second] = await begin()
    expect(threads).to.have.length(2)
    late.answer(late.requests[0]!.token, 1)
    late.answer(latest().requests[0]!.token, 1)
    expect(runner.answersRefused).to.equal(2)
    latest().answer(latest().requests[0]!.token, 2)
    expect(await second).to.deep.equal(stateOf(2))
  })

  it('refuses an answer under an older token, from the same thread', async () => {
    const [first] = await begin()
    const { token } = latest().requests[0]!
    latest().answer(token, 1)
    expect(await first).to.deep.equal(stateOf(1))

    const second = runner.run(CALL)
    await settle()
    latest().answer(token, 1)
    expect(runner.answersRefused).to.equal(1)
    expect(latest().requests[1]!.token).to.be.above(token)
    latest().answer(latest().requests[1]!.token, 2)
    expect(await second).to.deep.equal(stateOf(2))
    expect(threads).to.have.length(1)
  })

  it('refuses a second answer to the same call', async () => {
    const [first] = await begin()
    const { token } = latest().requests[0]!
    latest().answer(token, 1)
    latest().answer(token, 2)
    expect(await first).to.deep.equal(stateOf(1))
    expect(runner.answersRefused).to.equal(1)
  })

  it('refuses an answer with x ≥ τ even if it is handled before the timer', async () => {
    const [result] = await begin()
    clock.drift(50)
    latest().answer(latest().requests[0]!.token, 1)
    expect(await result).to.deep.equal({ ok: false, code: 'timedOut' })
    expect(latest().terminated).to.equal(true)
  })

  it('takes an answer with x < τ, and leaves no timer', async () => {
    const [result] = await begin()
    clock.drift(49)
    latest().answer(latest().requests[0]!.token, 1)
    expect(await result).to.deep.equal(stateOf(1))
    expect(clock.pending).to.equal(0)
  })

  it('does not count the loading of modules towards τ', async () => {
    const result = runner.run(CALL)
    await settle()
    clock.step(10_000)
    latest().say({ kind: 'ready' })
    await settle()
    latest().answer(latest().requests[0]!.token, 1)
    expect(await result).to.deep.equal(stateOf(1))
  })

  it('rejects when the thread does not load, and tries again for the next call', async () => {
    const first = rejection(runner.run(CALL))
    await settle()
    clock.step(60_000)
    expect(await first).to.equal('E_REDUCER_WORKER')
    expect(latest().terminated).to.equal(true)
    const [second] = await begin()
    latest().answer(latest().requests[0]!.token, 1)
    expect(await second).to.deep.equal(stateOf(1))
  })

  it('says crashed when the thread ends while it holds the mutex', async () => {
    const [result] = await begin()
    latest().emit('exit', 1)
    expect(await result).to.deep.equal({ ok: false, code: 'crashed' })
  })

  it('says crashed when the thread ends just before it would be handed the call', async () => {
    const result = runner.run(CALL)
    await settle()
    latest().say({ kind: 'ready' })
    latest().emit('exit', 1)
    await settle()
    expect(latest().requests).to.deep.equal([])
    expect(await result).to.deep.equal({ ok: false, code: 'crashed' })
  })

  it('gives the mutex to one call at a time, in order', async () => {
    const [first] = await begin()
    const second = runner.run(callOf('second@1'))
    const third = runner.run(callOf('third@1'))
    await settle()
    expect(latest().requests).to.have.length(1)
    latest().answer(latest().requests[0]!.token, 1)
    await settle()
    expect(latest().requests.map(({ call }) => call.reducer)).to.deep.equal(['rate-limit@1', 'second@1'])
    latest().answer(latest().requests[1]!.token, 2)
    await settle()
    latest().answer(latest().requests[2]!.token, 3)
    expect(await Promise.all([first, second, third])).to.deep.equal([1, 2, 3].map(stateOf))
  })

  it('refuses calls beyond the longest queue', async () => {
    const [held] = await begin()
    const waiting = Array.from({ length: CALLS_WAITING_MAX }, () => runner.run(CALL))
    expect(await runner.run(CALL)).to.deep.equal({ ok: false, code: 'busy' })
    await runner.stop()
    expect(codeOf(await held!)).to.equal('stopped')
    expect((await Promise.all(waiting)).map(codeOf)).to.deep.equal(waiting.map(() => 'stopped'))
  })

  it('ends every call with stopped, also one whose thread is still loading', async () => {
    const [held] = await begin()
    const waiting = runner.run(CALL)
    await runner.stop()
    await runner.stop()
    expect(codeOf(await held!)).to.equal('stopped')
    expect(codeOf(await waiting)).to.equal('stopped')
    expect(codeOf(await runner.run(CALL))).to.equal('stopped')
    expect(threads).to.have.length(1)

    const other = new WorkerReducerRunner({ clock, timeoutMs: 50, startThread: () => new ScriptedThread() })
    const loading = other.run(CALL)
    await settle()
    await other.stop()
    expect(codeOf(await loading)).to.equal('stopped')
    expect(clock.pending).to.equal(0)
  })
})

/** A module whose reducer works on raw bytes and does `body` as its aggregate. */
function moduleOf(id: string, body: string): string {
  const source = `
    const bytes = { encode: (value) => value, decode: (value) => value }
    export default {
      id: '${id}', state: bytes, params: bytes, validate: () => true,
      aggregateStatus(inputs, params, context) { ${body} },
      aggregateShare: (own) => own, aggregateClose: (current) => current,
    }`
  return `data:text/javascript,${encodeURIComponent(source)}`
}

const systemClock: Clock = {
  nowMs: () => performance.now(),
  every: () => () => undefined,
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

describe('WorkerReducerRunner, real thread', function () {
  const reducerModules = [
    moduleOf('loop@1', 'while (true);'),
    moduleOf('throw@1', 'throw new Error("no")'),
    moduleOf('dice@1', 'return Uint8Array.of(...Array.from({ length: 16 }, () => Math.random() * 256))'),
    moduleOf('exit@1', 'process.exit(0)'),
    moduleOf('hoard@1', 'const kept = []; while (true) kept.push(new Array(1e5).fill(kept.length))'),
    moduleOf('nosy@1', 'return Uint8Array.of(Object.keys(process.env).length)'),
    moduleOf('chatty@1', 'console.log("noise"); return inputs[0].state'),
  ]
  const runners: WorkerReducerRunner[] = []
  const runnerOf = (timeoutMs: number, modules = reducerModules): WorkerReducerRunner => {
    const runner = new WorkerReducerRunner({ clock: systemClock, timeoutMs, reducerModules: modules })
    runners.push(runner)
    return runner
  }
  const PATIENT_MS = 10_000

  afterEach(() => Promise.all(runners.splice(0).map((runner) => runner.stop())))

  it('ends an endless loop at τ; only that call pays for it', async () => {
    const runner = runnerOf(300)
    const [before, loop, after] = await Promise.all(
      [CALL, callOf('loop@1'), CALL].map((call) => runner.run(call)),
    )
    expect(before).to.deep.equal(runReducer(CALL))
    expect(loop).to.deep.equal({ ok: false, code: 'timedOut' })
    expect(after).to.deep.equal(runReducer(CALL))
  })

  it('refuses reducers that throw or roll dice, with the same thread', async () => {
    const runner = runnerOf(PATIENT_MS)
    expect(codeOf(await runner.run(callOf('throw@1')))).to.equal('threw')
    expect(codeOf(await runner.run(callOf('dice@1')))).to.equal('nondeterministic')
    expect(codeOf(await runner.run(callOf('nobody@1')))).to.equal('unknownReducer')
    expect(codeOf(await runner.run(CALL))).to.equal('ok')
  })

  it('survives reducers that end their thread or fill its memory', async () => {
    const runner = runnerOf(PATIENT_MS)
    expect(codeOf(await runner.run(callOf('exit@1')))).to.equal('crashed')
    expect(codeOf(await runner.run(callOf('hoard@1')))).to.equal('crashed')
    expect(codeOf(await runner.run(CALL))).to.equal('ok')
  })

  it('shows reducers no environment variable', async () => {
    const result = await runnerOf(PATIENT_MS).run(callOf('nosy@1'))
    expect(result).to.deep.equal({ ok: true, state: Uint8Array.of(0) })
  })

  it('lets reducers print nothing on standard output', async () => {
    const written: unknown[] = []
    const write = process.stdout.write.bind(process.stdout)
    process.stdout.write = (chunk: unknown) => written.push(chunk) > 0
    try {
      expect(codeOf(await runnerOf(PATIENT_MS).run(callOf('chatty@1')))).to.equal('ok')
    } finally {
      process.stdout.write = write
    }
    expect(written.join('')).not.to.contain('noise')
  })

  it('says at start which module is unusable', async () => {
    const unusable = [
      'data:text/javascript,export default 1',
      'data:text/javascript,throw new Error("on load")',
      'file:///nowhere/reducer.js',
      moduleOf('rate-limit@1', ''),
    ]
    for (const module of unusable) {
      expect(await rejection(runnerOf(PATIENT_MS, [module]).start()), module).to.equal('E_REDUCER_WORKER')
    }
    const twice = [moduleOf('mine@1', ''), moduleOf('mine@1', ' ')]
    expect(await rejection(runnerOf(PATIENT_MS, twice).start())).to.equal('E_REDUCER_WORKER')
  })

  it('lets a process end on its own once it is stopped, idle or in a loop', async () => {
    const program = `
      const { WorkerReducerRunner } = await import('${import.meta.resolve('../../../src/adapters/worker/worker-reducer-runner.ts')}')
      const after = (ms, callback) => { const timer = setTimeout(callback, ms); return () => clearTimeout(timer) }
      const clock = { nowMs: () => performance.now(), after }
      const reducerModules = [${JSON.stringify(moduleOf('loop@1', 'while (true);'))}]
      const init = { clock, timeoutMs: 3_600_000, reducerModules }
      const [idle, looping] = [new WorkerReducerRunner(init), new WorkerReducerRunner(init)]
      await Promise.all([idle.start(), looping.start()])
      const result = looping.run({ ...${JSON.stringify({ ...CALL, context: BARE_CONTEXT, inputs: [] })}, reducer: 'loop@1' })
      await new Promise(setImmediate)
      await Promise.all([idle.stop(), looping.stop()])
      console.log((await result).code)
    `
    const args = ['--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 })
    expect(stdout).to.equal('stopped\n')
  })
})
