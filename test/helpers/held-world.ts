import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MemoryChain } from '../../src/adapters/memory/chain.ts'
import { memoryChainClient } from '../../src/adapters/memory/chain-client.ts'
import { VirtualClock } from '../../src/adapters/memory/clock.ts'
import { MemoryDisk } from '../../src/adapters/memory/store.ts'
import { MemoryHub } from '../../src/adapters/memory/transport.ts'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import type { SourceRequest } from '../../src/node/node-init.ts'
import { RsdpNode } from '../../src/node/node.ts'
import { defaultPolicy } from '../../src/policy/policy.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Logger } from '../../src/ports/logger.ts'
import type { StateSource } from '../../src/ports/state-source.ts'
import { runReducer } from '../../src/reducers/run.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { DOMAIN, keyringOf, taskParams } from './runner-cluster.ts'

const SEATS = 4
const TICK_MS = 50
const POLL_MS = 100
const TICKS_PER_BLOCK = 4
/** More than a finalized task lingers. */
const LINGER_BLOCKS = 260
const STEPS_MAX = 20_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

interface Application {
  readonly reducers: readonly string[]
  readonly open: (request: SourceRequest) => StateSource | null
}

/** A network of four nodes in this process, on a chain in memory and a virtual clock, on which tasks come and go. */
export class HeldWorld {
  readonly #chain = new MemoryChain({
    ...{ domain: DOMAIN, reorgDepth: 2, closeGrace: 8, recover: recoverSigner },
  })
  readonly #clock = new VirtualClock()
  readonly #hub = new MemoryHub('auto')
  readonly #nodes: readonly RsdpNode[]
  readonly #sources: WeakRef<StateSource>[] = []
  #timers = 0
  #retired = 0
  readonly #fatal: unknown[] = []
  #steps = 0
  #tasks = 0n

  /** @param applications of each node, made for it */
  constructor(applications: () => readonly Application[]) {
    const seats = Array.from({ length: SEATS }, (_, seat) => keyringOf(seat))
    for (const { address } of seats) this.#chain.register(address, address, 1)
    this.#chain.mine()
    this.#nodes = seats.map((keyring) => {
      const own = applications()
      const store = new MemoryDisk().open({ key: keyring.address, deploymentId: DOMAIN.salt })
      store.setBorn(0)
      return new RsdpNode({
        ...{ keyring, recover: recoverSigner, store, clock: this.#counted(), logger: this.#logger() },
        chain: memoryChainClient(this.#chain, keyring.address),
        transport: this.#hub.createTransport(keyring.address),
        runner: { run: (call) => Promise.resolve(runReducer(call)), stop: () => Promise.resolve() },
        sourceFor: (request) => this.#opened(own, request),
        reducers: own.flatMap(({ reducers }) => reducers),
        ...{ autoJoin: true, policy: defaultPolicy(true), stockTwins: new Map(), pollMs: POLL_MS },
        onFatal: (error) => void this.#fatal.push(error),
      })
    })
  }

  async start(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.start()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()))
  }

  /** Publishes so many tasks, and lets time pass until every node has let go of each. */
  async comeAndGo(count: number, changes: Partial<TaskParams>): Promise<void> {
    const { head } = this.#chain
    // each sign-up is looked at in a block of its own
    const times = { joinDeadline: head + 12 + 2 * count, endBlock: head + 100_000 }
    const retired = this.#retired + count * SEATS
    const ids = Array.from({ length: count }, () => (this.#tasks += 1n))
    for (const id of ids) this.#chain.publish(id, taskParams({ ...times, ...changes }))
    await this.#until(() => ids.every((id) => (this.#chain.tasks.get(id)?.result ?? null) !== null))
    for (let block = 0; block < LINGER_BLOCKS; block += 1) this.#chain.mine()
    await this.#until(() => this.#retired === retired)
  }

  /** What nodes hold: sources of tasks that no collection takes away, and timers that run. */
  async held(): Promise<{ readonly sources: number; readonly timers: number }> {
    for (let i = 0; i < 2; i += 1) {
      // a reference that was looked at holds until the turn is over
      await setImmediate()
      collect()
    }
    return {
      sources: this.#sources.filter((source) => source.deref() !== undefined).length,
      timers: this.#timers,
    }
  }

  #opened(applications: readonly Application[], request: SourceRequest): StateSource | null {
    const application = applications.find(({ reducers }) => reducers.includes(request.reducer))
    const source = application?.open(request) ?? null
    if (source !== null) this.#sources.push(new WeakRef(source))
    return source
  }

  #counted(): Clock {
    const clock = this.#clock
    const counted = (stop: () => void): (() => void) => {
      this.#timers += 1
      let isSet = true
      return () => {
        if (isSet) this.#timers -= 1
        isSet = false
        stop()
      }
    }
    return {
      nowMs: () => clock.nowMs(),
      every: (periodMs, callback) => counted(clock.every(periodMs, callback)),
      after: (delayMs, callback) => {
        const stop = counted(
          clock.after(delayMs, () => {
            stop()
            callback()
          }),
        )
        return stop
      },
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    for (let step = 0; !condition(); step += 1) {
      if (this.#fatal.length > 0) throw this.#fatal[0]
      if (step > STEPS_MAX) throw new Error(`did not happen: ${condition.toString()}`)
      this.#steps += 1
      if (this.#steps % TICKS_PER_BLOCK === 0) this.#chain.mine()
      this.#clock.advance(TICK_MS)
      await setImmediate()
    }
  }

  #logger(): Logger {
    const info = (event: string): void => {
      if (event === 'task.retired') this.#retired += 1
    }
    return { info, warn: info, error: info }
  }
}
