import { expect } from 'chai'
import { id } from 'ethers'
import { connect } from '../../src/adapters/evm/connect.ts'
import type { ConnectOptions } from '../../src/adapters/evm/connect.ts'
import type { Deployment } from '../../src/adapters/evm/deployment.ts'
import type { EvmChain } from '../../src/adapters/evm/evm-chain.ts'
import { form, freeze, postEvent, rotateKey, updateAddresses } from '../../src/adapters/evm/operator.ts'
import { deployContracts } from '../../src/adapters/hardhat/deploy.ts'
import { startDevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import { createKeyring } from '../../src/adapters/keys/keyring.ts'
import { fromHex } from '../../src/codec/hex.ts'
import { domainSeparator } from '../../src/codec/objects.ts'
import type { ChainEvent } from '../../src/ports/chain.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import {
  deployTestChain,
  joinTask,
  publishTask,
  STAKE_WEI,
  startTestNetwork,
  testTask,
} from '../helpers/chain.ts'
import { failure } from '../helpers/chain-rpc.ts'
import { atBlock } from '../helpers/moments.ts'

const DEPTH = 6
const QUICK = { backoffMs: 1, timeoutMs: 60_000 }
const NODES = ['alice', 'bob', 'carol', 'dave']

async function freePort(): Promise<number> {
  const chain = await startDevChain({ port: 0, blockMs: 0 })
  await chain.close()
  return chain.port
}

/** Reads everything there is, page by page. */
async function readAll(chain: EvmChain, after = 0, hash: Digest | null = null, blocksMax = 500) {
  const events: ChainEvent[] = []
  const pages: number[] = []
  let cursor = { block: after, hash }
  while (true) {
    const page = await chain.eventsAfter(cursor.block, cursor.hash, blocksMax)
    if (page === null) return { events, pages, cursor }
    events.push(...page.events)
    pages.push(page.block)
    cursor = page
  }
}

/** publish, join by everybody, mine to the drawing, form. */
async function formedTask(net: TestNetwork): Promise<bigint> {
  const { joinDeadline } = await testTask(net)
  const taskId = await publishTask(net, { joinDeadline })
  for (const { operator, key } of net.nodes) await joinTask(operator, taskId, key.address)
  await net.mineTo(joinDeadline + DEPTH)
  await form(net.client, taskId, atBlock(joinDeadline + DEPTH))
  return taskId
}

describe('chain port: Hardhat over HTTP', () => {
  let net: TestNetwork
  let chain: EvmChain
  let snapshot: string
  before(async () => {
    net = await startTestNetwork({ addressesOf: (_, i) => [`/ip4/127.0.0.1/tcp/${9_100 + i}`] })
    expect(net.deployment.windows.reorgDepth).equal(DEPTH)
  })
  after(() => net.close())
  beforeEach(async () => {
    snapshot = (await net.connection.provider.send('evm_snapshot', [])) as string
    chain = await connect(options())
  })
  afterEach(async () => {
    chain.close()
    await net.connection.provider.send('evm_revert', [snapshot])
  })
  const options = (changes: Partial<ConnectOptions> = {}): ConnectOptions => ({
    rpcUrl: net.rpcUrl,
    deployment: net.deployment,
    privateKey: net.nodes[0]!.privateKey,
    http: QUICK,
    ...changes,
  })
  const head = (): Promise<number> => net.connection.provider.getBlockNumber()

  describe('events', () => {
    it('a registration tells where its node can be reached', async () => {
      await net.mine(DEPTH)
      const { events } = await readAll(chain)
      expect(events).length(NODES.length)
      expect(events[0]).deep.include({
        kind: 'nodeAddresses',
        key: net.nodes[0]!.key.address,
        addresses: ['/ip4/127.0.0.1/tcp/9100'],
      })
    })

    it('a task from publish to cluster, in order', async () => {
      const params = await testTask(net)
      const taskId = await formedTask(net)
      await postEvent(net.client, taskId, new Uint8Array([1, 2, 3]))
      await net.mine(DEPTH)
      const { events } = await readAll(chain)
      const story = events.filter((event) => 'taskId' in event)
      expect(story.map(({ kind }) => kind)).deep.equal([
        'taskPublished',
        ...NODES.map(() => 'taskJoined'),
        'clusterFormed',
        'ledgerEvent',
      ])
      expect(story[0]).deep.include({ taskId, client: net.client.address, params })
      const [, first, , , , formed, posted] = story
      expect(first).include({ key: net.nodes[0]!.key.address, operator: net.nodes[0]!.operator.address })
      const cluster = formed?.kind === 'clusterFormed' ? formed.cluster : null
      expect(cluster?.totalWeight).equal(NODES.length)
      expect(cluster?.members.map(({ index }) => index)).deep.equal([0, 1, 2, 3])
      expect(cluster?.members.map(({ key }) => key)).members(net.nodes.map(({ key }) => key.address))
      expect(cluster?.id).equal((await net.connection.contracts.board.task(taskId)).cluster)
      expect(posted).deep.include({ seq: 1, originator: net.client.address, data: new Uint8Array([1, 2, 3]) })
      const blocks = events.map(({ block }) => block)
      expect(blocks).deep.equal(blocks.toSorted((a, b) => a - b))
    })

    it('a key that is frozen or rotated is no longer active; its successor says where it is', async () => {
      const [alice, bob] = net.nodes
      await freeze(alice!.operator, alice!.key.address)
      const successor = createKeyring(fromHex(id('key of robert') as Hex))
      await rotateKey(bob!.operator, bob!.key.address, successor, [])
      await updateAddresses(bob!.operator, successor.address, ['/dns4/bob.example/tcp/9100'])
      await net.mine(DEPTH)
      const { events } = await readAll(chain)
      expect(events.slice(NODES.length)).deep.equal([
        { kind: 'nodeAddresses', key: successor.address, addresses: [], block: events.at(-2)?.block },
        {
          kind: 'nodeAddresses',
          key: successor.address,
          addresses: ['/dns4/bob.example/tcp/9100'],
          block: events.at(-1)?.block,
        },
      ])
      for (const { key } of [alice!, bob!])
        expect(await chain.registration(key.address)).include({ active: false })
      expect(await chain.registration(successor.address)).include({ active: true })
    })

    it('bytes that are no multiaddr are left out', async () => {
      const { registry } = net.connection.contracts
      const [alice] = net.nodes
      const good = '0x047f000001060fa1'
      const data = registry.interface.encodeFunctionData('updateAddresses', [
        alice!.key.address,
        ['0xff', good, '0x0404', '0xdeadbeef'],
      ]) as Hex
      await alice!.operator.execute('update', { to: net.deployment.contracts.NodeRegistry.address, data })
      await net.mine(DEPTH)
      const { events } = await readAll(chain)
      expect(events.at(-1)).deep.include({ kind: 'nodeAddresses', addresses: ['/ip4/127.0.0.1/tcp/4001'] })
    })

    it('an event shows at the depth of the deployment, not earlier', async () => {
      const taskId = await publishTask(net)
      const published = await head()
      await net.mine(DEPTH - 1)
      const before = await readAll(chain)
      expect(before.events.some((event) => event.kind === 'taskPublished')).equal(false)
      await net.mine(1)
      const page = await chain.eventsAfter(before.cursor.block, before.cursor.hash, 500)
      expect(page?.block).equal(published)
      expect(page?.events).deep.include.members([{ ...page?.events.at(-1), kind: 'taskPublished', taskId }])
      expect(await chain.eventsAfter(page!.block, page!.hash, 500)).equal(null)
    })

    it('fewer confirmations show it earlier', async () => {
      const impatient = await connect(options({ confirmations: 0 }))
      await publishTask(net)
      const { cursor, events } = await readAll(impatient)
      expect(events.at(-1)?.kind).equal('taskPublished')
      expect(cursor.block).equal(await head())
      impatient.close()
    })

    it('pages join without a gap or a repetition, and a cursor resumes', async () => {
      await formedTask(net)
      await net.mine(DEPTH)
      const whole = await readAll(chain)
      const small = await readAll(chain, 0, null, 3)
      expect(small.events).deep.equal(whole.events)
      expect(small.pages).length.greaterThan(10)
      const middle = small.pages[5]!
      const block = await net.connection.provider.getBlock(middle)
      const other = await connect(options())
      const resumed = await readAll(other, middle, block!.hash as Digest, 7)
      other.close()
      expect(resumed.events).deep.equal(whole.events.filter((event) => event.block > middle))
    })

    it('history that was final and is gone: E_REORG', async () => {
      const { provider } = net.connection
      const before = (await provider.send('evm_snapshot', [])) as string
      await formedTask(net)
      await net.mine(DEPTH)
      const { cursor } = await readAll(chain)
      await provider.send('evm_revert', [before])
      expect((await failure(chain.eventsAfter(cursor.block, cursor.hash, 500))).code).equal('E_RPC_DOWN')
      await publishTask(net, { heights: 7 })
      await net.mine(100)
      const error = await failure(chain.eventsAfter(cursor.block, cursor.hash, 500))
      expect(error).include({ code: 'E_REORG', exit: EXIT.mismatch })
    })
  })

  describe('reads', () => {
    it('status, head and turn of a task', async () => {
      expect(await chain.taskStatus(99n)).equal('None')
      expect(await chain.logHead(99n)).include({ last: 0, turn: -1 })
      const { joinDeadline } = await testTask(net)
      const taskId = await publishTask(net, { joinDeadline })
      expect(await chain.taskStatus(taskId)).equal('Open')
      for (const { operator, key } of net.nodes) await joinTask(operator, taskId, key.address)
      expect(await chain.signups(taskId)).members(net.nodes.map(({ key }) => key.address))
      await net.mineTo(joinDeadline + DEPTH)
      await form(net.client, taskId, atBlock(joinDeadline + DEPTH))
      expect(await chain.taskStatus(taskId)).equal('Active')
      // turnBlocks is 2: the turn is asked for the next block
      const turns: number[] = []
      for (let i = 0; i < 5; i++) {
        turns.push((await chain.logHead(taskId)).turn)
        await net.mine(1)
      }
      expect(turns).deep.equal([0, 1, 1, 2, 2])
      await net.mine(500)
      expect(await chain.taskStatus(taskId)).equal('NoQuorum')
    })

    it('registration of a key', async () => {
      const [alice] = net.nodes
      const taskId = await publishTask(net)
      await joinTask(alice!.operator, taskId, alice!.key.address)
      expect(await chain.registration(alice!.key.address)).deep.equal({
        operator: alice!.operator.address,
        active: true,
        freeStakeWei: 9n * STAKE_WEI,
        lockedStakeWei: STAKE_WEI,
        // the wallet has signed it up: nothing of the key's own allowance is used
        allowance: { perTaskWei: 10n * STAKE_WEI, totalWei: 10n * STAKE_WEI, runningWei: 0n },
      })
      expect(await chain.registration(net.client.address)).equal(null)
    })

    it('the signing domain is that of the contract', async () => {
      expect(domainSeparator(chain.domain)).equal(await net.connection.contracts.log.domainSeparator())
    })
  })

  describe('connecting to something else', () => {
    const expectFailure = async (changes: Partial<Deployment>, code: string): Promise<void> => {
      const error = await failure(connect(options({ deployment: { ...net.deployment, ...changes } })))
      expect(error).include({ code, exit: EXIT.precondition })
    }
    const moved = (
      name: 'NodeRegistry' | 'PhaseLog' | 'Slasher' | 'TaskBoard' | 'BundleStore' | 'TaskLines',
      change: object,
    ) => ({
      contracts: { ...net.deployment.contracts, [name]: { ...net.deployment.contracts[name], ...change } },
    })

    it('another chain: E_CHAIN_ID', () => expectFailure({ chainId: 1 }, 'E_CHAIN_ID'))
    it('no code: E_NO_CONTRACT', () =>
      expectFailure(moved('TaskBoard', { address: `0x${'77'.repeat(20)}` }), 'E_NO_CONTRACT'))
    it('another deployment: E_DEPLOYMENT', () =>
      expectFailure({ deploymentId: id('another') as Digest }, 'E_DEPLOYMENT'))
    for (const name of [
      'NodeRegistry',
      'PhaseLog',
      'Slasher',
      'TaskBoard',
      'BundleStore',
      'TaskLines',
    ] as const) {
      it(`other code of ${name}: E_CODE_HASH`, () =>
        expectFailure(moved(name, { codeHash: id('other code') }), 'E_CODE_HASH'))
    }
    it('code that is no PhaseLog: E_RPC_DOWN, for an answer without sense', async () => {
      const { address } = net.deployment.contracts.NodeRegistry
      const error = await failure(
        connect(options({ deployment: { ...net.deployment, ...moved('PhaseLog', { address }) } })),
      )
      expect(error.code).equal('E_RPC_DOWN')
    })
    it('nobody there: E_RPC_DOWN', async () => {
      const error = await failure(
        connect(options({ rpcUrl: `http://u:p@127.0.0.1:${await freePort()}/token` })),
      )
      expect(error).include({ code: 'E_RPC_DOWN', exit: EXIT.unreachable })
      expect(error.message).match(/^http:\/\/127\.0\.0\.1:\d+\/… cannot be reached \(ECONNREFUSED\), 4 times/)
    })
  })
})

describe('chain port: a local chain that is started again', () => {
  it('is told from the old one, at connect and while running', async () => {
    const first = await deployTestChain()
    const { port, rpcUrl, accounts } = first.chain
    const old = { rpcUrl, deployment: first.deployment, http: { ...QUICK, attempts: 1 } }
    const running = await connect(old)
    await first.chain.close()
    expect((await failure(running.head())).code).equal('E_RPC_DOWN')

    const second = await startDevChain({ port, blockMs: 0 })
    try {
      expect((await failure(connect(old))).code).equal('E_NO_CONTRACT')
      const nonce = id('second') as Digest
      const again = await deployContracts({ rpcUrl, deployerKey: accounts[0]!.privateKey, nonce })
      expect(again.contracts.PhaseLog.address).equal(first.deployment.contracts.PhaseLog.address)
      expect((await failure(connect(old))).code).equal('E_DEPLOYMENT')
      expect((await failure(running.eventsAfter(0, null, 10))).code).equal('E_DEPLOYMENT')
    } finally {
      running.close()
      await second.close()
    }
  })

  it('a taken port: E_ADDR_IN_USE', async () => {
    const chain = await startDevChain({ port: 0, blockMs: 0 })
    const error = await failure(startDevChain({ port: chain.port, blockMs: 0 }))
    expect(error).include({ code: 'E_ADDR_IN_USE', exit: EXIT.busy })
    await chain.close()
    await chain.close()
  })

  it('makes blocks by itself if asked to', async () => {
    const { chain, deployment } = await deployTestChain({ blockMs: 20 })
    const client = await connect({ rpcUrl: chain.rpcUrl, deployment })
    const start = await client.head()
    while ((await client.head()) < start + 5);
    client.close()
    await chain.close()
  })
})
