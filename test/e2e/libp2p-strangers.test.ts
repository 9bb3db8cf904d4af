import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { createKeyring, recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { createNode } from '../../src/adapters/libp2p/create-node.ts'
import { privateKeyFromBytes } from '../../src/adapters/libp2p/identity.ts'
import { DEFAULT_LIMITS, PROTOCOL } from '../../src/adapters/libp2p/limits.ts'
import { Libp2pTransport } from '../../src/adapters/libp2p/transport.ts'
import { MemoryDisk } from '../../src/adapters/memory/store.ts'
import { fromHex, keccak, utf8Hex } from '../../src/codec/hex.ts'
import { RsdpNode } from '../../src/node/node.ts'
import { defaultPolicy } from '../../src/policy/policy.ts'
import { rateLimit } from '../../src/reducers/rate-limit.ts'
import { runReducer } from '../../src/reducers/run.ts'
import type { Address } from '../../src/types/ids.ts'
import { eventually } from '../helpers/eventually.ts'
import { ScriptedChain } from '../helpers/runner-cluster-chain.ts'
import type { LogLine } from '../helpers/runner-cluster.ts'
import {
  demandOf,
  DOMAIN,
  keyringOf,
  realCluster,
  recordingLogger,
  taskParams,
} from '../helpers/runner-cluster.ts'
import { digestOf } from '../helpers/store-kit.ts'
import { peerOf, realClock } from '../helpers/transport-kit.ts'

const CLUSTER = realCluster(4)
const ALICE = keyringOf(0).address
const STRANGER = 'stranger'
const memberKey = (member: number): Uint8Array => fromHex(keccak(utf8Hex(`member ${member}`)))
const strangerKey = fromHex(keccak(utf8Hex(STRANGER)))
const stranger = createKeyring(strangerKey).address

/**
 * Alice is a node of the program, over TCP on this machine; three members are transports alone; the stranger is a bare
 * libp2p node that is registered, lets everything pass, and knows where alice listens.
 */
describe('D2: a node takes connections of members of its own clusters and of nobody else', function () {
  let chain: ScriptedChain
  let alice: RsdpNode
  let aliceAt: Libp2pTransport
  let members: Libp2pTransport[]
  let raw: Libp2p
  /** Connections that somebody has opened to the stranger. */
  let visits: number
  let lines: LogLine[]

  beforeEach(async () => {
    chain = new ScriptedChain()
    lines = []
    aliceAt = transportOf(memberKey(0))
    const keyring = keyringOf(0)
    alice = new RsdpNode({
      keyring,
      recover: recoverSigner,
      store: new MemoryDisk().open({ key: ALICE, deploymentId: DOMAIN.salt }),
      chain,
      transport: aliceAt,
      runner: { run: (call) => Promise.resolve(runReducer(call)), stop: () => Promise.resolve() },
      clock: realClock,
      logger: recordingLogger(lines),
      sourceFor: () => ({ observe: () => Promise.resolve(demandOf(1)), decided: () => undefined }),
      reducers: [rateLimit.id],
      policy: defaultPolicy(true),
      stockTwins: new Map(),
      autoJoin: false,
      pollMs: 20,
      onFatal: (error) => {
        throw error
      },
    })
    await alice.start()
    members = [1, 2, 3].map((member) => transportOf(memberKey(member)))
    for (const member of members) {
      await member.start()
      member.setPeers([peerOf(aliceAt)])
      announce(member.key, member.addresses())
    }
    raw = await createNode({
      privateKey: privateKeyFromBytes(strangerKey),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      gater: {},
      limits: DEFAULT_LIMITS,
    })
    visits = 0
    raw.addEventListener('connection:open', ({ detail }) => {
      if (detail.direction === 'inbound') visits += 1
    })
    await raw.handle(PROTOCOL, () => undefined)
    await raw.start()
    announce(stranger, raw.getMultiaddrs().map(String))
    chain.mine()
  })

  afterEach(async () => {
    await alice.stop()
    for (const node of [...members, raw]) await node.stop()
  })

  function transportOf(privateKey: Uint8Array): Libp2pTransport {
    return new Libp2pTransport({
      privateKey,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      clock: realClock,
      logger: recordingLogger(lines),
      random: () => 0.5,
      limits: { backoffMsMin: 20, backoffMsMax: 50 },
    })
  }

  const announce = (key: Address, addresses: readonly string[]): void =>
    chain.happen({ kind: 'nodeAddresses', key, addresses })
  const publish = (taskId: bigint): void =>
    chain.happen({
      kind: 'taskPublished',
      taskId,
      client: stranger,
      params: taskParams({ joinDeadline: chain.headBlock + 10, endBlock: 500 }),
      paramsHash: digestOf(`params of task ${taskId}`),
    })
  const form = (taskId: bigint, keys = CLUSTER.members.map(({ key }) => key)): void => {
    const drawn = CLUSTER.members.map((member) => ({ ...member, key: keys[member.index] ?? member.key }))
    const cluster = { ...CLUSTER, id: digestOf(`cluster of task ${taskId}`), members: drawn }
    chain.happen({ kind: 'clusterFormed', taskId, cluster })
    chain.mine()
  }
  const refused = (): number => alice.health().transport.refused['stranger'] ?? 0
  const metBy = (transport: Libp2pTransport): boolean => transport.connected().includes(ALICE)
  const isReadBy = (): boolean => alice.health().chain.cursor === chain.headBlock - chain.reorgDepth

  /** The stranger knocks: it is turned away before a stream, and alice has not come to it either. */
  async function expectNoStream(): Promise<void> {
    await eventually(isReadBy)
    const [before, visitsBefore] = [refused(), visits]
    const opened = await raw
      .dial(multiaddr(aliceAt.addresses()[0]), { force: true })
      .then((connection) => connection.newStream(PROTOCOL))
      .then(
        () => true,
        () => false,
      )
    expect(opened).to.equal(false)
    await eventually(() => refused() > before)
    await eventually(() => raw.getConnections().length === 0)
    expect(visits).to.equal(visitsBefore)
  }

  /** Alice is in a cluster, with a connection to each of the others. */
  async function runTask(): Promise<void> {
    publish(1n)
    form(1n)
    await eventually(() => members.every(metBy) && alice.health().peers.connected === 3)
  }

  it('registered, with or without stake, or rotated, or frozen: no stream', async () => {
    await runTask()
    await expectNoStream()
    expect(alice.health().peers).to.deep.equal({ connected: 3, known: 3 })
  })

  it('signed up for the same task: no stream', async () => {
    publish(1n)
    chain.happen({ kind: 'taskJoined', taskId: 1n, key: stranger, operator: stranger })
    chain.mine()
    await expectNoStream()
    expect(alice.health().peers).to.deep.equal({ connected: 0, known: 0 })
  })

  it('drawn for a cluster that is not ours: no stream', async () => {
    await runTask()
    publish(2n)
    form(2n, [stranger])
    await expectNoStream()
  })

  it('convicted in a task that is over: no stream', async () => {
    const keys = CLUSTER.members.map(({ key, index }) => (index === 3 ? stranger : key))
    publish(1n)
    form(1n, keys)
    await eventually(() => alice.health().peers.connected === 3)
    const conviction = { member: 3, offence: 'E1', percent: 100, reporter: ALICE } as const
    chain.happen({ kind: 'convicted', taskId: 1n, ...conviction })
    chain.status = 'Closed'
    chain.mine(600)
    await eventually(() => alice.health().peers.known === 0 && raw.getConnections().length === 0)
    await expectNoStream()
  })

  it('nobody before a cluster is formed, its members once it is, nobody once it is over', async () => {
    publish(1n)
    chain.mine()
    // members knock all the time
    await eventually(() => refused() >= members.length)
    expect(alice.health().peers).to.deep.equal({ connected: 0, known: 0 })
    form(1n)
    await eventually(() => members.every(metBy))
    expect(alice.health().peers).to.deep.equal({ connected: 3, known: 3 })
    chain.status = 'Closed'
    chain.mine(600)
    await eventually(() => members.every((member) => !metBy(member)))
    expect(alice.health().peers).to.deep.equal({ connected: 0, known: 0 })
  })

  it('a member that has moved is followed', async () => {
    await runTask()
    const [bob] = members
    await bob!.stop()
    await eventually(() => alice.health().peers.connected === 2)
    const moved = transportOf(memberKey(1))
    members[0] = moved
    await moved.start()
    // lets alice in, and does not know where she is
    moved.setPeers([{ key: ALICE, addresses: [] }])
    announce(moved.key, moved.addresses())
    chain.mine()
    await eventually(() => metBy(moved) && alice.health().peers.connected === 3)
  })
})
