import { expect } from 'chai'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { recoverSigner } from '../../../src/adapters/keys/keyring.ts'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import type { MemoryTransport } from '../../../src/adapters/memory/transport.ts'
import { MemoryHub } from '../../../src/adapters/memory/transport.ts'
import { evidenceId } from '../../../src/codec/evidence.ts'
import { decodeFrame, encodeFrame } from '../../../src/codec/frames.ts'
import { domainSeparator } from '../../../src/codec/objects.ts'
import { toHex } from '../../../src/codec/hex.ts'
import { seededOrder } from '../../../src/codec/roots.ts'
import type { NodeInit } from '../../../src/node/node-init.ts'
import { RsdpNode } from '../../../src/node/node.ts'
import { signObject } from '../../../src/node/signing.ts'
import type { KnownBundle } from '../../../src/ports/bundles.ts'
import type { StateSource } from '../../../src/ports/state-source.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { Peer } from '../../../src/ports/transport.ts'
import { reducerHash } from '../../../src/reducers/catalog.ts'
import { paramsCodec } from '../../../src/reducers/command-log/reducer.ts'
import { kvConfig } from '../../../src/reducers/machines/kv-config.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import type { ReducerCall } from '../../../src/reducers/reducer.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { ProtocolObject, Signed } from '../../../src/types/objects.ts'
import type { TaskParams } from '../../../src/types/task.ts'
import { chainFault, ScriptedChain, TERMS } from '../../helpers/runner-cluster-chain.ts'
import type { LogLine } from '../../helpers/runner-cluster.ts'
import {
  demandOf,
  DOMAIN,
  keyringOf,
  realCluster,
  recordingLogger,
  taskParams,
} from '../../helpers/runner-cluster.ts'
import { confirm, digestOf, signed } from '../../helpers/store-kit.ts'
import { defaultPolicy } from '../../../src/policy/policy.ts'

const CLUSTER = realCluster(4)
const POLL_MS = 1_000
/** As taskParams has it. */
const { stallBlocks: STALL_BLOCKS } = taskParams()
const { key: BOB } = CLUSTER.members[1]!

describe('RsdpNode', () => {
  let chain: ScriptedChain
  let clock: VirtualClock
  let disk: MemoryDisk
  let hub: MemoryHub
  let lines: LogLine[]
  let fatal: unknown[]
  let node: RsdpNode
  let observed: string[]
  let ends: string[]
  /** What the transport was told, each time. */
  let told: (readonly Peer[])[]
  let others: MemoryTransport[]

  beforeEach(async () => {
    chain = new ScriptedChain()
    clock = new VirtualClock()
    disk = new MemoryDisk()
    hub = new MemoryHub('manual')
    lines = []
    fatal = []
    observed = []
    ends = []
    told = []
    others = CLUSTER.members.slice(1).map(({ key }) => hub.createTransport(key))
    for (const other of others) await startOther(other)
    node = makeNode()
  })
  afterEach(async () => node.stop())

  function makeNode(changes: Partial<NodeInit> = {}): RsdpNode {
    const keyring = keyringOf(0)
    const transport = hub.createTransport(keyring.address)
    const setPeers = transport.setPeers.bind(transport)
    transport.setPeers = (list) => {
      told.push(list)
      setPeers(list)
    }
    return new RsdpNode({
      keyring,
      recover: recoverSigner,
      store: changes.store ?? openStore(),
      chain,
      transport,
      runner: { run: (call) => Promise.resolve(runReducer(call)), stop: () => Promise.resolve() },
      clock,
      logger: recordingLogger(lines),
      sourceFor: ({ taskId }) => sourceOf(taskId),
      reducers: [rateLimit.id],
      autoJoin: true,
      policy: defaultPolicy(true),
      stockTwins: new Map(),
      pollMs: POLL_MS,
      onFatal: (error) => void fatal.push(error),
      ...changes,
    })
  }

  /** A member that holds nothing of this node, and says so when it is asked. */
  async function startOther(other: MemoryTransport): Promise<void> {
    other.onMessage((from, bytes) => {
      const frame = decodeFrame(bytes)
      if (frame?.parts[0]?.kind === 'own')
        other.send(from, encodeFrame({ cluster: frame.cluster, parts: [{ kind: 'at', height: 1 }] }))
    })
    await other.start()
    other.setPeers([{ key: keyringOf(0).address, addresses: [] }])
  }

  function openStore(): Store {
    const store = disk.open({ key: keyringOf(0).address, deploymentId: DOMAIN.salt })
    if (store.born() === null) store.setBorn(0) // before every cluster of these tests
    return store
  }

  function sourceOf(taskId: bigint): StateSource {
    return {
      observe: (height) => {
        observed.push(`${taskId}/${height}`)
        return Promise.resolve(demandOf(1))
      },
      decided: () => undefined,
      ended: (height, state) => void ends.push(`${taskId}/${height} ${toHex(state)}`),
    }
  }

  function publish(taskId: bigint, changes: Partial<TaskParams> = {}): void {
    const params = taskParams({ joinDeadline: chain.headBlock + 10, ...changes })
    const { client, paramsHash } = TERMS
    chain.happen({ kind: 'taskPublished', taskId, client, params, paramsHash })
  }

  function form(taskId: bigint): void {
    const cluster = { ...CLUSTER, id: digestOf(`cluster of task ${taskId}`) }
    chain.happen({ kind: 'clusterFormed', taskId, cluster })
  }

  async function settle(): Promise<void> {
    for (let i = 0; i < 60; i += 1) {
      while (hub.pending().length > 0) hub.deliver()
      await Promise.resolve()
    }
  }

  async function poll(times = 1): Promise<void> {
    for (let i = 0; i < times; i += 1) {
      clock.advance(POLL_MS)
      await settle()
    }
  }

  const said = (event: string): LogLine[] => lines.filter((line) => line.event === event)
  const running = (): string[] => node.health().tasks.map(({ taskId }) => taskId)

  it('runs the tasks that it was drawn for, and knows its peers', async () => {
    publish(1n)
    form(1n)
    chain.mine()
    await node.start()
    await settle()
    expect(running()).to.deep.equal(['1'])
    expect(observed).to.deep.equal(['1/1'])
    const { peers: met, ready, chain: seen } = node.health()
    expect([met.connected, met.known, ready, seen.cursor, seen.reachable]).to.deep.equal([
      3,
      3,
      true,
      chain.headBlock - 2,
      true,
    ])
    expect(fatal).to.be.empty
  })

  describe('talks to members of its own clusters and to nobody else', () => {
    const STRANGER = `0x${'57'.repeat(20)}` as const
    const at = (port: number): readonly string[] => [`/ip4/127.0.0.1/tcp/${port}`]
    const peers = (): readonly Peer[] => told.at(-1) ?? []
    const keys = (): string[] => peers().map(({ key }) => key)

    beforeEach(() => {
      for (const [i, { key }] of CLUSTER.members.entries())
        chain.happen({ kind: 'nodeAddresses', key, addresses: at(9_000 + i) })
      chain.happen({ kind: 'nodeAddresses', key: STRANGER, addresses: at(9_900) })
    })

    it('to nobody before it is drawn, whoever is registered or signs up', async () => {
      publish(1n)
      chain.happen({ kind: 'taskJoined', taskId: 1n, key: BOB, operator: BOB })
      chain.mine()
      await node.start()
      expect([keys(), node.health().peers]).to.deep.equal([[], { connected: 0, known: 0 }])
    })

    it('to nobody of a cluster that is not its own', async () => {
      publish(1n)
      const members = CLUSTER.members.map((member) =>
        member.index === 0 ? { ...member, key: STRANGER } : member,
      )
      chain.happen({ kind: 'clusterFormed', taskId: 1n, cluster: { ...CLUSTER, members } })
      chain.mine()
      await node.start()
      expect(keys()).to.deep.equal([])
    })

    it('to the others of its cluster, where they have announced themselves last', async () => {
      publish(1n)
      form(1n)
      chain.mine()
      await node.start()
      const members = CLUSTER.members.slice(1)
      expect(peers()).to.deep.equal(members.map(({ key, index }) => ({ key, addresses: at(9_000 + index) })))
      chain.happen({ kind: 'nodeAddresses', key: BOB, addresses: at(9_100) })
      chain.mine()
      await poll()
      expect(peers().find(({ key }) => key === BOB)?.addresses).to.deep.equal(at(9_100))
      chain.happen({ kind: 'nodeAddresses', key: BOB, addresses: [] })
      chain.mine()
      await poll()
      expect(peers().find(({ key }) => key === BOB)?.addresses).to.deep.equal([])
    })

    it('to nobody once the task is over', async () => {
      publish(1n, { endBlock: 500 })
      form(1n)
      chain.mine()
      await node.start()
      expect(keys()).to.have.length(3)
      chain.status = 'Closed'
      chain.mine(600)
      await poll(2)
      expect(keys()).to.deep.equal([])
    })

    it('to no member of a task that was over long before its start, not even for a moment', async () => {
      publish(1n)
      form(1n)
      chain.happen({ kind: 'taskFinalized', taskId: 1n, height: 6, result: new Uint8Array() })
      chain.mine(300)
      await node.start()
      expect([told, running()]).to.deep.equal([[[]], []])
    })
  })

  describe('a task begins', () => {
    const TICK_MS = taskParams().tickMs
    const PATIENCE_MS = 10_000
    beforeEach(() => {
      publish(1n)
      form(1n)
      chain.mine()
    })

    async function startWithoutDave(): Promise<void> {
      await others[2]!.stop()
      await node.start()
      await settle()
    }

    it('as soon as the last member is connected', async () => {
      await startWithoutDave()
      expect(observed).to.deep.equal([])
      clock.advance(2 * TICK_MS)
      await startOther(hub.createTransport(CLUSTER.members[3]!.key))
      clock.advance(TICK_MS)
      await settle()
      expect(observed).to.deep.equal(['1/1'])
    })

    it('without a member that stays out of reach', async () => {
      await startWithoutDave()
      clock.advance(PATIENCE_MS - TICK_MS)
      await settle()
      expect(observed).to.deep.equal([])
      clock.advance(TICK_MS)
      await settle()
      expect(observed).to.deep.equal(['1/1'])
    })

    it('without a member out of reach where it had begun before a restart', async () => {
      await node.start()
      await settle()
      expect(node.health().tasks.map(({ status }) => status)).to.deep.equal(['DEBATE'])
      await node.stop()
      node = makeNode()
      await startWithoutDave()
      expect(node.health().tasks.map(({ status }) => status)).to.deep.equal(['DEBATE'])
    })
  })

  for (const isElsewhere of [true, false]) {
    it(`C4: its key was signed up ${isElsewhere ? 'by another process: waits for the others' : 'by itself: signs'}`, async () => {
      publish(1n)
      chain.happen({ kind: 'taskJoined', taskId: 1n, key: keyringOf(0).address, operator: TERMS.client })
      form(1n)
      chain.mine()
      Object.assign(chain, { joinedElsewhere: () => Promise.resolve(isElsewhere) })
      await node.start()
      await settle()
      const memories = node.health().tasks.map(({ signing }) => signing.memory)
      expect(memories).to.deep.equal([isElsewhere ? 'lost' : 'whole'])
      expect(said('signing.elsewhere')).to.have.length(isElsewhere ? 1 : 0)
      const why = 'task 1: signs nothing up to height 2, which its store may have lost'
      expect(node.health().notReady).to.deep.equal(isElsewhere ? [why] : [])
    })
  }

  describe('of a line', () => {
    const LINE = TERMS.client
    const { key: CAROL } = CLUSTER.members[2]!
    const opened: string[] = []
    const elsewhere: string[] = []
    let asked: number
    let fails: number

    beforeEach(() => {
      opened.length = elsewhere.length = asked = fails = 0
      disk.crash()
      const isLine = (): Promise<boolean> => {
        asked += 1
        return asked <= fails ? Promise.reject(chainFault('E_RPC_DOWN')) : Promise.resolve(isOne)
      }
      chain = Object.assign(new ScriptedChain(), { isLine })
      node = makeNode({
        sourceFor: ({ taskId, line }) => {
          opened.push(`${taskId} ${line}`)
          return sourceOf(taskId)
        },
        onDrawnElsewhere: (line, taskId, predecessor) => elsewhere.push(`${line} ${taskId} ${predecessor}`),
      })
    })
    let isOne = true
    const uses = {
      ...{ usesPrevious: true, reducer: reducerHash(kvConfig.id), stateCap: 31_744, inputCap: 31_744 },
      reducerParams: toHex(paramsCodec.encode({ minHeightTicks: 2, sessionIdleMs: 60_000, generation: 0n })),
    }

    it('its contract is what the application is told, and members of later tasks are known', async () => {
      isOne = true
      publish(1n, uses)
      form(1n)
      publish(2n, { ...uses, predecessor: 1n })
      const others = { ...CLUSTER, id: digestOf('others'), members: CLUSTER.members.slice(1) }
      chain.happen({ kind: 'clusterFormed', taskId: 2n, cluster: others })
      publish(3n)
      form(3n)
      chain.mine()
      await node.start()
      expect(opened).to.deep.equal([`1 ${LINE}`, '3 null'])
      expect(elsewhere).to.deep.equal([`${LINE} 2 1`])
      expect(asked).to.equal(1)
      const members = CLUSTER.members.map(({ key }) => key)
      expect(node.lines()).to.deep.equal(
        new Map([
          [
            LINE,
            [
              { taskId: 1n, predecessor: 0n, members },
              { taskId: 2n, predecessor: 1n, members: members.slice(1) },
            ],
          ],
        ]),
      )
    })

    it('a client that is no line makes none', async () => {
      isOne = false
      publish(1n, uses)
      form(1n)
      chain.happen({ kind: 'nodeAddresses', key: CAROL, addresses: ['/ip4/1.2.3.4/tcp/1'] })
      chain.mine()
      await node.start()
      expect(opened).to.deep.equal(['1 null'])
      expect(node.lines().size).to.equal(0)
      expect(node.whereabouts([CAROL])).to.deep.equal([{ key: CAROL, addresses: ['/ip4/1.2.3.4/tcp/1'] }])
    })

    it('a chain that does not answer on the way is asked again, and takes nothing twice', async () => {
      isOne = true
      fails = 2
      publish(1n)
      form(1n)
      publish(2n, uses)
      form(2n)
      chain.mine()
      await node.start()
      expect(opened).to.deep.equal(['1 null'])
      await poll(3)
      expect(opened).to.deep.equal(['1 null', `2 ${LINE}`])
      expect(said('task.running').map(({ facts }) => facts['task'])).to.deep.equal(['1', '2'])
      expect(running()).to.deep.equal(['1', '2'])
    })
  })

  it('counts ledger events that came before the cluster was drawn', async () => {
    publish(1n)
    const postEvent = (seq: number): void => {
      const event = { kind: 'ledgerEvent', taskId: 1n, seq, ledgerKind: 'posted' } as const
      chain.happen({ ...event, originator: BOB, data: new Uint8Array(8) })
    }
    for (const seq of [1, 2]) postEvent(seq)
    form(1n)
    postEvent(3)
    chain.mine()
    disk.crash()
    const store = openStore()
    const signOnce = store.signOnce.bind(store)
    const signed: ProtocolObject[] = []
    store.signOnce = (request) => {
      const made = signOnce(request)
      signed.push(made.object)
      return made
    }
    node = makeNode({ store })
    await node.start()
    await settle()
    expect(signed).to.have.length(1)
    expect(signed[0]).to.deep.include({ type: 'status', height: 1, eventSeq: 3 })
  })

  describe('does not run, and lives on', () => {
    const cases: readonly (readonly [what: string, changes: Partial<TaskParams>])[] = [
      ['a task whose slots have no length', { slotTicks: 0 }],
      ['a task with ticks of no length', { tickMs: 0 }],
      ['a task with epochs of no length', { epochHeights: 0 }],
      ['a task with params that its reducer cannot read', { reducerParams: '0x00' }],
      ['a task of a reducer that it does not know', { reducer: digestOf('another') }],
    ]
    for (const [what, changes] of cases) {
      it(what, async () => {
        publish(1n, changes)
        publish(2n)
        form(1n)
        form(2n)
        chain.mine()
        await node.start()
        await poll(2)
        expect(running()).to.deep.equal(['2'])
        expect(said('task.refused')).to.have.length(1)
        expect(fatal).to.be.empty
      })
    }

    it('a task for which its application throws', async () => {
      disk.crash()
      node = makeNode({
        sourceFor: ({ taskId }) => {
          if (taskId === 1n) throw new RangeError('budget')
          return sourceOf(taskId)
        },
      })
      for (const taskId of [1n, 2n]) {
        publish(taskId)
        form(taskId)
      }
      chain.mine()
      await node.start()
      expect(running()).to.deep.equal(['2'])
      expect(said('source.failed')).to.have.length(1)
    })

    it('a task that was revoked before the cluster was drawn', async () => {
      publish(1n)
      chain.happen({ kind: 'taskRevoked', taskId: 1n })
      form(1n)
      publish(2n)
      form(2n)
      chain.mine()
      await node.start()
      await settle()
      expect(running()).to.deep.equal(['2'])
    })

    it('a task of which it is no member', async () => {
      publish(1n)
      const members = CLUSTER.members.map((member) => ({ ...member, key: `0x${'0a'.repeat(20)}` as const }))
      chain.happen({ kind: 'clusterFormed', taskId: 1n, cluster: { ...CLUSTER, members } })
      chain.mine()
      await node.start()
      expect(running()).to.be.empty
    })
  })

  describe('drawn for a task whose bundle it has lost', () => {
    const bundle = digestOf('bundle')
    let missing: Set<Digest>
    let signed: ProtocolObject[]
    let known: Map<Digest, KnownBundle>

    beforeEach(() => {
      disk.crash()
      missing = new Set([bundle])
      known = new Map()
      const runner = {
        run: (call: ReducerCall) => Promise.resolve(runReducer({ ...call, reducer: rateLimit.id })),
        judge: () => Promise.resolve(true),
        acceptsParams: () => Promise.resolve(true),
        stop: () => Promise.resolve(),
      }
      const bundles = { known, missing, runner, add: () => Promise.resolve('other' as const) }
      signed = []
      const store = openStore()
      const signOnce = store.signOnce.bind(store)
      store.signOnce = (request) => {
        const made = signOnce(request)
        signed.push(made.object)
        return made
      }
      node = makeNode({ bundles, store, reducers: [bundle] })
      publish(1n, { reducer: bundle })
      form(1n)
      chain.mine()
    })
    const find = (): void => {
      missing.clear()
      const bytes = Uint8Array.of(1)
      known.set(bundle, { id: bundle, bytes, name: 'x@1', usesPrevious: false, authors: [] })
      node.bundleFound(bundle)
    }

    it('does not run it, is not ready, and stays connected to its members, who may have it', async () => {
      await node.start()
      await settle()
      expect(running()).deep.equal([])
      expect(node.health()).deep.include({
        ready: false,
        notReady: ['task 1: the bytes of its bundle are missing'],
      })
      expect([...node.peers(bundle)]).deep.equal(CLUSTER.members.slice(1).map(({ key }) => key))
      expect([...node.peers(digestOf('another'))]).deep.equal([])
      expect(told.at(-1)).length(3)
      expect([node.awaits(bundle), node.awaits(digestOf('another'))]).deep.equal([true, false])
      node.bundleFound(digestOf('another'))
      expect(running()).deep.equal([])
    })

    it('runs it once it is found, with all that the chain has told meanwhile', async () => {
      await node.start()
      const event = { kind: 'ledgerEvent', taskId: 1n, seq: 1, ledgerKind: 'posted' } as const
      chain.happen({ ...event, originator: BOB, data: new Uint8Array(8) })
      chain.mine()
      await poll(2)
      find()
      await poll()
      expect(running()).deep.equal(['1'])
      expect(signed[0]).deep.include({ type: 'status', height: 1, eventSeq: 1 })
      expect(observed).deep.equal(['1/1'])
      expect(node.health().notReady).deep.equal([])
      expect([...node.peers(bundle)]).length(3)
      expect(node.awaits(bundle)).equal(false)
    })

    it('lets go of one that has a result, or that could have ended', async () => {
      publish(2n, { reducer: bundle, endBlock: chain.headBlock + 50 })
      form(2n)
      chain.happen({ kind: 'taskFinalized', taskId: 1n, height: 6, result: new Uint8Array() })
      chain.mine()
      await node.start()
      expect(node.health().notReady).deep.equal(['task 2: the bytes of its bundle are missing'])
      chain.mine(100)
      await poll()
      expect(node.awaits(bundle)).equal(false)
      expect(told.at(-1)).deep.equal([])
      find()
      await poll()
      expect(running()).deep.equal([])
    })

    it('signs up for no other, and knows if it may be drawn for one', async () => {
      publish(3n, { reducer: bundle })
      chain.mine()
      await node.start()
      await poll()
      const refused = node.health().notJoined.find(({ taskId }) => taskId === '3')
      expect(refused).deep.include({ reason: 'no-bundle' })
      expect(chain.sent).deep.equal([])
      chain.happen({ kind: 'taskFinalized', taskId: 1n, height: 6, result: new Uint8Array() })
      chain.mine()
      await poll()
      expect(node.awaits(bundle)).equal(false)
      const { address } = keyringOf(0)
      chain.happen({ kind: 'taskJoined', taskId: 3n, key: address, operator: TERMS.client })
      chain.mine()
      await poll()
      expect(node.awaits(bundle)).equal(true)
    })
  })

  describe('a conviction', () => {
    const convict = (member: number): void => {
      const reporter = CLUSTER.members[2]!.key
      chain.happen({ kind: 'convicted', taskId: 1n, member, offence: 'E1', percent: 5, reporter })
      chain.mine()
    }
    const signing = () => node.health().tasks[0]?.signing.state
    const begin = async (changes: Partial<NodeInit> = {}): Promise<void> => {
      await node.stop()
      node = makeNode(changes)
      publish(1n, { debateTicks: 100 })
      form(1n)
      chain.mine()
      await node.start()
      await settle()
    }

    it('C4: of this very node: it signs nothing more in that task, says so once, and no operator lifts it', async () => {
      await begin()
      expect(signing()).to.equal('proved')
      convict(0)
      await poll(2)
      expect(said('signing.convicted').map(({ facts }) => facts['offence'])).to.deep.equal(['E1'])
      expect(signing()).to.equal('convicted')
      expect(node.health().notReady).to.deep.equal([
        'task 1: this node is convicted, and signs nothing more in it',
      ])
      const signed = said('phase.enter').length
      node.trust(1n)
      convict(0)
      await poll(2)
      clock.advance(60_000) // far beyond the end of DEBATE
      await settle()
      expect(signing()).to.equal('convicted')
      expect(said('phase.enter')).to.have.length(signed)
      expect(said('signing.convicted')).to.have.length(1)
    })

    it('of another one is none of its business, nor of a node that lies on purpose', async () => {
      await begin()
      convict(1)
      await poll(2)
      expect([signing(), said('signing.convicted').length]).to.deep.equal(['proved', 0])
      await begin({ isFaulty: true })
      convict(0)
      await poll(2)
      expect(said('signing.convicted')).to.have.length(0)
    })
  })

  describe('frames', () => {
    const cluster = digestOf('cluster of task 1')

    /** Two CONFIRMs of bob for one round, of which it is this node's turn to tell. */
    function lie(): Signed[] {
      const separator = domainSeparator(DOMAIN)
      const bob = { cluster, self: 1, keyring: keyringOf(1), separator }
      const others = seededOrder({ ...CLUSTER, id: cluster }).filter((member) => member !== 1)
      const turn = BigInt(others.indexOf(0))
      const confirm = (value: Digest): Signed =>
        signObject(bob, { type: 'confirm', height: 1, round: 0, value })
      for (let i = 0; ; i += 1) {
        const [first, second] = [confirm(NIL), confirm(digestOf(`value ${i}`))]
        if (BigInt(evidenceId({ kind: 'E1', first, second })) % 3n === turn) return [first, second]
      }
    }
    const frameOf = (objects: readonly Signed[]): Uint8Array =>
      encodeFrame({ cluster, parts: objects.map((signed) => ({ kind: 'object', signed })) })

    async function sendFromBob(bytes: Uint8Array, times: number): Promise<(bytes: Uint8Array) => void> {
      publish(1n)
      form(1n)
      chain.mine()
      await node.start()
      const send = (frame: Uint8Array): void => {
        others[0]!.broadcast(frame)
        hub.deliverAll()
      }
      for (let i = 0; i < times; i += 1) send(bytes)
      return send
    }

    it('that are malformed do not flood the log', async () => {
      await sendFromBob(Uint8Array.of(0xff), 999)
      expect(said('frame.malformed').map(({ facts }) => facts['count'])).to.deep.equal([1, 10, 100])
    })

    it('of a foreign cluster are not looked at', async () => {
      const parts = [
        {
          kind: 'object',
          signed: { object: { type: 'close' }, member: 1, signature: `0x${'11'.repeat(65)}` },
        },
      ] as const
      await sendFromBob(encodeFrame({ cluster: digestOf('foreign'), parts }), 5)
      const [task] = node.health().tasks
      expect(task).to.deep.include({ signatureChecks: 0, refused: {} })
    })

    it('that prove a lie bring it to the chain at once', async () => {
      await sendFromBob(frameOf(lie()), 1)
      await settle()
      expect(chain.sent).to.deep.equal(['evidence 1 E1 1'])
    })

    it('that prove a lie while the chain is looked at get another look', async () => {
      const send = await sendFromBob(frameOf([]), 1)
      await settle()
      const held = Promise.withResolvers<undefined>()
      chain.before = (method) => (method === 'head' ? held.promise : undefined)
      clock.advance(POLL_MS)
      await settle()
      send(frameOf(lie()))
      await settle()
      expect(chain.sent).to.deep.equal([])
      chain.before = () => undefined
      held.resolve(undefined)
      await settle()
      await settle()
      expect(chain.sent).to.deep.equal(['evidence 1 E1 1'])
    })

    it('of the own cluster are, and refusals are told once', async () => {
      const parts = [
        {
          kind: 'object',
          signed: { object: { type: 'close' }, member: 1, signature: `0x${'11'.repeat(65)}` },
        },
      ] as const
      await sendFromBob(encodeFrame({ cluster: digestOf('cluster of task 1'), parts }), 5)
      const [task] = node.health().tasks
      expect(task).to.deep.include({ signatureChecks: 5, refused: { 'bad-signature': 5 } })
      expect(said('frame.refused')).to.have.length(1)
    })
  })

  describe('a chain that fails', () => {
    it('is waited for, and told of once', async () => {
      await node.start()
      chain.before = () => {
        throw chainFault('E_RPC_DOWN')
      }
      await poll(5)
      expect(node.health()).to.deep.include({ ready: false })
      expect(said('chain.unreachable')).to.have.length(1)
      chain.before = () => undefined
      await poll(2)
      expect(node.health()).to.deep.include({ ready: true })
      expect(said('chain.back')).to.have.length(1)
      expect(fatal).to.be.empty
    })

    it('whose head stands is asked for the head alone', async () => {
      chain.mine()
      await node.start()
      await settle()
      const asked: string[] = []
      chain.before = (method) => {
        asked.push(method)
        return undefined
      }
      await poll(3)
      expect(asked).to.deep.equal(['head', 'head', 'head'])
      chain.mine()
      await poll(1)
      expect(asked.slice(3)).to.deep.equal(['head', 'eventsAfter'])
    })

    it('with a reorganisation stops the node, which signs nothing any more', async () => {
      publish(1n, { debateTicks: 100 })
      form(1n)
      chain.mine()
      await node.start()
      await settle()
      chain.hashOf = (block) => digestOf(`another block ${block}`)
      chain.mine()
      await poll(3)
      expect(fatal).to.have.length(1)
      expect(fatal[0]).to.deep.include({ code: 'E_REORG' })
      expect(node.health().ready).to.equal(false)
      const transitions = said('phase.enter').length
      clock.advance(60_000) // far beyond the end of DEBATE
      await settle()
      expect(said('phase.enter')).to.have.length(transitions)
    })

    it('is remembered where it told something, and not at every block', async () => {
      await node.stop()
      const store = openStore()
      node = makeNode({ store })
      const kept: number[] = []
      const setCursor = store.setCursor.bind(store)
      store.setCursor = (block, hash) => {
        kept.push(block)
        setCursor(block, hash)
      }
      await node.start()
      expect(kept).to.deep.equal([])
      publish(1n)
      chain.mine()
      await poll(1)
      const told = chain.headBlock - chain.reorgDepth
      for (let i = 0; i < 5; i += 1) {
        chain.mine(1)
        await poll(1)
      }
      expect(kept).to.deep.equal([told])
      chain.mine(2_000)
      await poll(2)
      expect(kept).to.deep.equal([told, told + 2_005])
    })

    it('with a reorganisation while it was down does not start', async () => {
      publish(1n)
      chain.mine()
      await node.start()
      await node.stop()
      chain.hashOf = (block) => digestOf(`another block ${block}`)
      node = makeNode()
      expect(await node.start().catch((error: unknown) => error)).to.deep.include({ code: 'E_REORG' })
    })

    it('with an error of our own stops the node', async () => {
      await node.start()
      chain.before = () => {
        throw new InvariantError('a bug')
      }
      await poll(3)
      expect(fatal).to.have.length(1)
      expect(fatal[0]).to.be.instanceOf(InvariantError)
    })

    it('at the first look is fatal too, and nothing goes on', async () => {
      chain.before = (method) => {
        if (method === 'head') throw chainFault('E_CODE_HASH')
      }
      await node.start()
      await poll(3)
      expect(fatal).to.have.length(1)
      expect(said('node.ready')).to.be.empty
    })

    it('for one task leaves the other tasks their turn', async () => {
      publish(1n)
      publish(2n)
      chain.before = (_, call) => {
        if (call === 'join 1') throw chainFault('E_TX_TIMEOUT')
      }
      chain.mine()
      await node.start()
      expect(chain.sent).to.deep.equal(['join 2'])
      // a join that did not get through is decided again, not sent again
      expect(node.health().outbox).to.equal(0)
      chain.before = () => undefined
      await poll(3)
      expect(chain.sent).to.deep.equal(['join 2', 'join 1'])
      expect(node.health()).to.deep.include({ outbox: 0, ready: true })
    })

    it('when the outbox is to be sent at the start does not keep it from starting', async () => {
      disk.crash()
      const store = openStore()
      store.enqueue({ id: 'join/9', ...chain.prepareJoin(9n) })
      chain.before = (method) => {
        if (method === 'send') throw chainFault('E_FUNDS_GAS')
      }
      node = makeNode({ store })
      await node.start()
      expect(node.health()).to.deep.include({ ready: false, outbox: 1 })
      chain.before = () => undefined
      await poll()
      expect(node.health()).to.deep.include({ ready: true, outbox: 0 })
      expect(chain.sent).to.deep.equal(['join 9'])
    })
  })

  describe('is ready', () => {
    it('only once the chain was reached', async () => {
      chain.before = () => {
        throw chainFault('E_RPC_DOWN')
      }
      await node.start()
      expect(node.health()).to.deep.include({
        ready: false,
        notReady: ['the chain is not reached (E_RPC_DOWN)'],
      })
      await poll(3)
      expect(said('node.ready')).to.be.empty
      expect(said('node.not-ready')).to.have.length(1)
      chain.before = () => undefined
      await poll(2)
      expect(node.health()).to.deep.include({ ready: true, notReady: [] })
      expect(said('node.ready')).to.have.length(1)
    })

    it('with more than two thirds of the weight of each task connected, and no longer without', async () => {
      publish(1n)
      form(1n)
      chain.mine()
      await node.start()
      expect(node.health()).to.deep.include({ ready: true })
      for (const other of others.slice(0, 2)) await other.stop()
      await poll(2)
      expect(node.health()).to.include({ ready: false })
      expect(node.health().notReady.join()).to.match(/task 1: 2 of 4 members are here/)
      expect(said('node.not-ready')).to.have.length(1)
    })

    it('as long as heights are decided', async () => {
      publish(1n)
      form(1n)
      chain.mine()
      await node.start()
      await poll(1_000)
      expect(node.health().notReady.join()).to.match(/task 1: stands still since height 0/)
    })
  })

  describe('a task that is over', () => {
    beforeEach(async () => {
      publish(1n, { endBlock: 500 })
      form(1n)
      chain.mine()
      await node.start()
    })

    it('goes on serving others for a while after it is finalized, then it is let go', async () => {
      chain.happen({ kind: 'taskFinalized', taskId: 1n, height: 6, result: Uint8Array.of(1, 2) })
      chain.mine(100)
      await poll(2)
      expect(running()).to.deep.equal(['1'])
      chain.mine(200)
      await poll(2)
      expect(running()).to.be.empty
      expect(said('task.retired')).to.have.length(1)
      expect(ends).to.deep.equal(['1/6 0x0102'])
    })

    it('is kept for a proof that convicted nobody: a node that was away brings it in its turn', async () => {
      await node.stop()
      disk.crash()
      const store = openStore()
      const [first, second] = [signed(confirm(1, 0), 1), signed(confirm(1, 0, 'another'), 1)]
      store.keepEvidence(digestOf('cluster of task 1'), { kind: 'E1', first, second })
      chain.happen({ kind: 'taskFinalized', taskId: 1n, height: 6, result: new Uint8Array() })
      chain.mine(300)
      node = makeNode({ store, transport: hub.createTransport(keyringOf(0).address) })
      await node.start()
      for (let turn = 0; turn < 4; turn += 1) {
        chain.mine()
        await poll()
      }
      expect(said('evidence.submitted')).not.to.be.empty
      expect(running()).to.deep.equal(['1'])
      const reporter = keyringOf(0).address
      chain.happen({ kind: 'convicted', taskId: 1n, member: 1, offence: 'E1', percent: 100, reporter })
      chain.mine(10)
      await poll(2)
      expect(running()).to.be.empty
    })

    for (const status of ['Closed', 'NoQuorum', 'Expired'] as const) {
      it(`is let go after its last block, once the chain calls it ${status}`, async () => {
        chain.status = 'Finalizing'
        chain.mine(600)
        await poll(2)
        expect(running()).to.deep.equal(['1'])
        chain.status = status
        await poll()
        expect(running()).to.be.empty
      })
    }

    it('because it got no checkpoint for too long: decides nothing any more, long before its last block', async () => {
      chain.mine(STALL_BLOCKS + 10)
      await poll(2)
      expect(running(), 'the chain still calls it active').to.deep.equal(['1'])
      chain.status = 'NoQuorum'
      await poll()
      expect(running()).to.be.empty
      expect(said('task.over')[0]?.facts).to.include({ task: '1', status: 'NoQuorum' })
      const asked = observed.length
      await poll(100)
      expect(observed).to.have.length(asked)
    })

    it('is not begun again by a process that finds it dead', async () => {
      await node.stop()
      chain.mine(STALL_BLOCKS + 10)
      chain.status = 'NoQuorum'
      observed.length = 0
      disk.crash()
      node = makeNode({ store: openStore(), transport: hub.createTransport(keyringOf(0).address) })
      await node.start()
      await poll(20)
      expect([running(), observed]).to.deep.equal([[], []])
    })

    it('because its client revoked it: runs on to the end of its grace, then is let go', async () => {
      chain.happen({ kind: 'taskRevoked', taskId: 1n })
      chain.status = 'Finalizing'
      chain.mine(5)
      await poll(2)
      expect(running()).to.deep.equal(['1'])
      expect(clock.nextMs()).to.not.equal(null)
      chain.status = 'Closed'
      await poll()
      expect(running()).to.be.empty
      expect(said('task.revoked').map(({ facts }) => facts['task'])).to.deep.equal(['1'])
    })

    it('ticks no more', async () => {
      chain.status = 'Closed'
      chain.mine(600)
      await poll()
      await node.stop()
      expect(clock.nextMs()).to.equal(null)
    })
  })

  describe('stop', () => {
    it('may come twice, and closes everything once', async () => {
      publish(1n)
      form(1n)
      chain.mine()
      await node.start()
      await Promise.all([node.stop(), node.stop()])
      await node.stop()
      expect(chain.closed).to.equal(1)
      expect(said('node.stopped')).to.have.length(1)
      expect(clock.nextMs()).to.equal(null)
    })

    it('during a look at the chain waits for it, and starts nothing that it found', async () => {
      await node.start()
      publish(1n)
      form(1n)
      chain.mine()
      const { promise, resolve } = Promise.withResolvers<undefined>()
      chain.before = (method) => (method === 'eventsAfter' ? promise : undefined)
      clock.advance(POLL_MS)
      await settle()
      const stopped = node.stop()
      resolve(undefined)
      await stopped
      expect(said('task.running')).to.be.empty
      expect(clock.nextMs()).to.equal(null)
      expect(fatal).to.be.empty
    })

    it('while something is being sent keeps it for the next start, but for a join', async () => {
      await node.start()
      publish(1n, { joinDeadline: chain.headBlock + 1 })
      chain.happen({ kind: 'taskJoined', taskId: 1n, key: keyringOf(0).address, operator: TERMS.client })
      publish(2n, { joinDeadline: chain.headBlock + 20 })
      chain.mine(4)
      const { promise, reject } = Promise.withResolvers<undefined>()
      chain.before = (method) => (method === 'send' ? promise : undefined)
      chain.close = () => reject(chainFault('E_RPC_DOWN'))
      clock.advance(POLL_MS)
      await settle()
      await node.stop()
      const store = openStore()
      expect(store.outbox().map(({ id }) => id)).to.deep.equal(['form/1'])
      expect(fatal).to.be.empty
    })

    it('before the start is possible', async () => {
      await node.stop()
      expect(said('node.stopped')).to.have.length(1)
    })
  })

  it('a task’s driver that fails stops the whole node, once', async () => {
    for (const taskId of [1n, 2n]) {
      publish(taskId)
      form(taskId)
    }
    chain.mine()
    await node.start()
    disk.isFull = true
    await settle()
    clock.advance(5_000)
    await settle()
    expect(fatal).to.have.length(1)
    expect(fatal[0]).to.deep.include({ code: 'E_STORE_WRITE' })
  })
})
