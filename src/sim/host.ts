import { memoryChainClient, rpcDown } from '../adapters/memory/chain-client.ts'
import type { Travel } from '../adapters/memory/chain-client.ts'
import { MemoryDisk } from '../adapters/memory/store.ts'
import type { DiskCopy } from '../adapters/memory/store.ts'
import { RsdpNode } from '../node/node.ts'
import { twinCodeAt } from '../adapters/memory/chain.ts'
import type { SourceRequest } from '../node/node-init.ts'
import { defaultPolicy } from '../policy/policy.ts'
import { TWIN } from './twin.ts'
import type { Bundles } from '../ports/bundles.ts'
import type { Chain } from '../ports/chain.ts'
import type { Clock } from '../ports/clock.ts'
import type { Keyring } from '../ports/keyring.ts'
import type { RunnerResult } from '../ports/reducer-runner.ts'
import type { StateSource } from '../ports/state-source.ts'
import type { Store } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import type { ReducerCall } from '../reducers/reducer.ts'
import { RsdpError } from '../types/errors.ts'
import type { Address, Digest, Hex } from '../types/ids.ts'
import { logOf } from './host-log.ts'
import { watchedStore } from './host-store.ts'
import { networkTransport } from './network.ts'
import type { Random } from '../faults/random.ts'
import type { World } from './world.ts'

/** The process ends here. */
export class Crash extends Error {}

/** One life of a node: from its start to its end, whatever ends it. */
export interface Life {
  alive: boolean
  readonly node: RsdpNode
  readonly store: Store
}

/** Between two copies of a disk. */
const COPY_MS = 2_500

/** A machine with a key and a disk, on which the production node runs, life after life. */
export class Host {
  readonly index: number
  readonly keyring: Keyring
  readonly chance: Random
  /** Seat in the cluster; −1 before it is drawn. */
  member = -1
  disk = new MemoryDisk()
  life: Life | null = null
  /** Own clock per real time: 1 is right. */
  drift = 1
  /** While later than now, nothing happens on this machine. */
  pausedUntilMs = 0
  isRpcDown = false
  /** Share of reducer calls that are not answered in time. */
  reducerFaults = 0
  /** Calls that were not, in all lives: each is a reset of the engine. */
  reducersLost = 0
  /** How often the process ends right after a CONFIRM of a value was sent to a member or a few. */
  brittle = 0
  /** Effects until the process ends; null: it lives on. */
  fuse: number | null = null
  /** Not to be started again. */
  isLost = false
  /** It was away until the task had its result: nobody is there that it could catch up with. */
  isTooLate = false
  /** Made in all lives. */
  signatures = 0
  /** Height up to which its disk holds decisions. */
  decided = 0
  readonly #world: World
  #copy: DiskCopy | null = null
  #rollBacks = 0

  constructor(world: World, index: number, keyring: Keyring, random: Random) {
    this.#world = world
    this.index = index
    this.keyring = keyring
    this.chance = random
  }

  /** Starts the node with what is on the disk. */
  boot(): void {
    if (this.life !== null || this.isLost) return
    const world = this.#world
    world.trace.note(`${this.index} boots`)
    const gate = { alive: true }
    this.fuse = null
    if (world.isFormed) world.judge.leftOut.booted(this.member)
    const { chain } = world
    const opened = this.disk.open({ key: this.keyring.address, deploymentId: chain.domain.salt })
    const store = watchedStore(opened, {
      burn: () => this.burn(),
      signed: (signed, kept) => world.judge.signed(signed, kept, world.queue.nowMs),
      logged: (entries) => world.logged(this, entries),
      decided: (height, bodies) => world.decided(this, height, bodies),
    })
    const node = new RsdpNode({
      keyring: { address: this.keyring.address, sign: (digest) => world.sign(this, digest) },
      recover: world.keys.recover,
      store,
      chain: this.#frontRun(memoryChainClient(chain, this.keyring.address, this.#travel(gate))),
      transport: this.#transport(gate),
      runner: { run: (call) => this.#reduce(gate, call), stop: () => Promise.resolve() },
      clock: this.#clock(gate),
      logger: logOf(this, world),
      sourceFor: (request) => this.#source(gate, request),
      reducers: [world.scenario.app.name],
      ...this.#bundles(gate),
      autoJoin: true,
      policy: defaultPolicy(true),
      stockTwins: new Map([[twinCodeAt(TWIN), world.scenario.app.name]]),
      pollMs: world.scenario.pace.pollMs,
      isFaulty: world.isLiar(this),
      onFatal: (error) => this.#fatal(gate, error),
    })
    const life: Life = Object.assign(gate, { node, store })
    this.life = life
    world.touch()
    node.start().then(
      () => undefined,
      (error: unknown) => this.#fatal(gate, error),
    )
  }

  /** What becomes of its checkpoints where somebody is quicker. */
  #frontRun(client: Chain): Chain {
    if (!this.#world.scenario.areNotesStripped) return client
    return { ...client, prepareCheckpoint: (call) => client.prepareCheckpoint({ ...call, notes: '0x' }) }
  }

  /** The process is gone, as after kill -9. */
  crash(): void {
    if (this.life === null) return
    this.#world.trace.note(`${this.index} is down`)
    this.life.alive = false
    this.life = null
    this.fuse = null
    this.disk.crash()
    if (this.#world.liarOf(this)?.forgets !== true) return
    this.#world.count(`lie: ${this.#world.scenario.liars.get(this.index) ?? ''}`)
    // as good as new: nothing tells it that it was there before
    this.disk = new MemoryDisk()
    this.disk.born = 0
  }

  /** From here on the disk is copied now and then, as a backup does. */
  keepCopies(): void {
    this.#copy = this.disk.copy()
    this.#world.queue.push(COPY_MS, () => this.keepCopies())
  }

  /** The process is gone, and its disk is as it was at the last copy; the seal is the newest, or none. */
  rollBack(seal: 'kept' | 'lost'): void {
    if (this.life === null || this.#copy === null) return
    this.crash()
    this.disk.rollBack(this.#copy, seal)
    this.#rollBacks += 1
    this.#world.count(`disk rolled back, seal ${seal}`)
    if (this.#world.isFormed) this.#world.judge.rolledBack(this.member, this.disk.log())
  }

  /** The process ends in order: what it has begun is done, and its store is closed. It starts again after a while. */
  stop(downMs: number): void {
    const { life } = this
    if (life === null) return
    this.#world.trace.note(`${this.index} stops`)
    this.#world.touch()
    void life.node.stop().then(() => {
      if (this.life !== life) return
      this.crash()
      this.#world.queue.push(downMs, () => this.boot())
    })
  }

  /** A CONFIRM of a value is on the wire: a lock that this node must still know in its next life. */
  confirmed(): void {
    if (this.fuse === null && this.chance.chance(this.brittle)) this.fuse = this.chance.int(1, 3)
  }

  /** Does something on this machine later, if this life still lasts, and not while the machine stands still. */
  after(gate: { readonly alive: boolean }, delayMs: number, run: () => void): void {
    this.#world.queue.push(delayMs, () => this.onMachine(gate, run))
  }

  onMachine(gate: { readonly alive: boolean }, run: () => void): void {
    if (!gate.alive) return
    const wait = this.pausedUntilMs - this.#world.queue.nowMs
    if (wait > 0) {
      this.#world.queue.push(wait, () => this.onMachine(gate, run))
      return
    }
    try {
      run()
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      this.#fatal(gate, error) // a frame that no engine asked for was the last one
    }
  }

  /** One more effect: the process ends here if its fuse has burnt down. */
  burn(): void {
    if (this.fuse === null) return
    this.fuse -= 1
    if (this.fuse > 0) return
    this.#world.count('torn')
    throw new Crash()
  }

  #fatal(gate: { readonly alive: boolean }, error: unknown): void {
    if (!gate.alive) return
    const world = this.#world
    this.crash()
    if (error instanceof RsdpError && error.code === 'E_REORG' && world.reorgs.isDeep) {
      world.count('stopped by a deep re-org')
      this.isLost = true
      return
    }
    const isExpected =
      error instanceof Crash ||
      (error instanceof RsdpError && (error.code === 'E_STORE_WRITE' || error.code === 'E_RPC_DOWN'))
    if (!isExpected && !world.isLiar(this))
      world.violate(
        'node-fault',
        `${this.index} stopped: ${error instanceof Error ? error.message : String(error)}`,
        error,
      )
    world.queue.push(this.brittle > 0 ? this.chance.int(10, 400) : this.chance.int(200, 3_000), () =>
      this.boot(),
    )
  }

  #clock(gate: { readonly alive: boolean }): Clock {
    return {
      nowMs: () => this.#world.queue.nowMs * this.drift,
      after: (delayMs, callback) => {
        let isSet = true
        this.after(gate, delayMs * this.drift, () => isSet && callback())
        return () => void (isSet = false)
      },
      every: (periodMs, callback) => {
        let isSet = true
        const again = (): void =>
          this.after(gate, periodMs * this.drift, () => {
            if (!isSet) return
            again()
            callback()
          })
        again()
        return () => void (isSet = false)
      },
    }
  }

  #transport(gate: { readonly alive: boolean }): Transport {
    const world = this.#world
    const { address } = this.keyring
    const link = networkTransport(
      this.index,
      address,
      world.nodeOf,
      (to, bytes) => {
        if (!gate.alive) return
        this.burn()
        world.sent(this, to, bytes)
      },
      (receive) =>
        world.network.attach(this.index, {
          isAlive: () => gate.alive,
          receive: (from: Address, bytes) =>
            this.onMachine(gate, () => world.heard(this, from, bytes, receive)),
        }),
    )
    return link
  }

  #travel(gate: { readonly alive: boolean }): Travel {
    const world = this.#world
    return <T>(call: (answer: (value: T) => void) => void) =>
      new Promise<T>((resolve, reject) => {
        const arrive = (act: () => void): void =>
          this.after(gate, this.chance.int(1, 15), () => {
            world.touch()
            if (this.isRpcDown) reject(rpcDown())
            else act()
          })
        arrive(() => call((value) => arrive(() => resolve(value))))
      })
  }

  #reduce(gate: { readonly alive: boolean }, call: ReducerCall): Promise<RunnerResult> {
    const world = this.#world
    world.judge.leftOut.reduced(this.member, call.context.height, world.queue.nowMs)
    const isLost = this.chance.chance(this.reducerFaults)
    const result: RunnerResult = isLost ? { ok: false, code: 'timedOut' } : world.reduce(call)
    if (isLost) {
      this.reducersLost += 1
      world.count('reducer timed out')
    }
    return this.#answer(gate, result, world.scenario.chaosMs === 0 ? 0 : this.chance.int(0, 20))
  }

  /** The thread for bundles, of a world whose application is one. */
  #bundles(gate: { readonly alive: boolean }): { readonly bundles?: Bundles } {
    const { name, hash: id, bundle, usesPrevious, isValid } = this.#world.scenario.app
    if (bundle === null) return {}
    const known = new Map([[id, { id, bytes: bundle.bytes, name, usesPrevious, authors: [] }]])
    const runner = {
      run: (call: ReducerCall) => this.#reduce(gate, call),
      judge: (_bundle: Digest, _params: Hex, input: Uint8Array) => this.#answer(gate, isValid(input), 0),
      acceptsParams: () => Promise.resolve(true),
      stop: () => Promise.resolve(),
    }
    return { bundles: { known, missing: new Set(), runner, add: () => Promise.resolve('other') } }
  }

  #source(gate: { readonly alive: boolean }, request: SourceRequest): StateSource {
    const world = this.#world
    const { app, liars, chaosMs } = world.scenario
    const clock = this.#clock(gate)
    const source = app.open(request, { node: this.index, rollBacks: this.#rollBacks, clock })
    return {
      handedOver: (state) => source.handedOver?.(state),
      observe: async (height) => {
        world.touch()
        const isPoisoned = liars.get(this.index) === 'poisoned-input'
        if (isPoisoned) world.count('lie: poisoned-input')
        const state = isPoisoned ? app.worst(height) : await source.observe(height)
        return this.#answer(gate, state, chaosMs === 0 ? 0 : this.chance.int(0, 30))
      },
      decided: (decision) => {
        // whoever waits for it is answered now
        world.touch()
        source.decided(decision)
      },
      ended: (height, state) => {
        world.touch()
        source.ended?.(height, state)
      },
    }
  }

  #answer<T>(gate: { readonly alive: boolean }, value: T, delayMs: number): Promise<T> {
    this.#world.touch()
    if (delayMs === 0) return Promise.resolve(value)
    return new Promise((resolve) =>
      this.after(gate, delayMs, () => {
        this.#world.touch()
        resolve(value)
      }),
    )
  }
}
