import { expect } from 'chai'
import { Interface } from 'ethers'
import { connect } from '../../src/adapters/evm/connect.ts'
import type { EvmChain } from '../../src/adapters/evm/evm-chain.ts'
import { openHistory } from '../../src/adapters/evm/open-history.ts'
import { claim, quit, release, revoke, withdrawCredit } from '../../src/adapters/evm/operator.ts'
import { requestUnbond, withdraw } from '../../src/adapters/evm/operator.ts'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { auditTask } from '../../src/audit/audit-task.ts'
import { auditBoard } from '../../src/audit/board.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import { keccak, utf8Hex } from '../../src/codec/hex.ts'
import { appendLog, logStart } from '../../src/codec/log.ts'
import { domainSeparator } from '../../src/codec/objects.ts'
import { signObject } from '../../src/node/signing.ts'
import type { BoardBooks } from '../../src/ports/chain-history.ts'
import type { Evidence } from '../../src/types/evidence.ts'
import type { Address, Digest, Hex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { Checkpoint } from '../../src/types/objects.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { joinTask, publishTask, startTestNetwork, STAKE_WEI, testTask } from '../helpers/chain.ts'
import { atBlock } from '../helpers/moments.ts'

/** Entries of the log that is proved to be illegal in three steps. */
const FILLER = 5_000
const BOUNTY_OF_LOCAL_CHAINS = 10n ** 18n
/** INodeRegistry.KeyStatus.Active */
const ACTIVE = 1n

describe('auditor: solvency of a whole board', () => {
  let net: TestNetwork
  let chain: EvmChain
  let reports: AuditReport[]
  let books: BoardBooks

  before(async () => {
    net = await startTestNetwork({ nodes: 7 })
    const [{ privateKey }] = net.nodes as [(typeof net.nodes)[number]]
    chain = await connect({ rpcUrl: net.rpcUrl, deployment: net.deployment, privateKey })
    await silent()
    await closed()
    await expired()
    await revoked()
    await running()
    await open()
    await donate()
    await read()
  })
  after(async () => {
    chain.close()
    await net.close()
  })

  const signUp = async (taskId: bigint, nodes: readonly number[]): Promise<void> => {
    for (const i of nodes) await joinTask(net.nodes[i]!.operator, taskId, net.nodes[i]!.key.address)
  }

  async function formed(nodes: readonly number[], changes = {}): Promise<bigint> {
    const params = await testTask(net, { minNodes: 4, maxNodes: 4, ...changes })
    const taskId = await publishTask(net, params)
    await signUp(taskId, nodes)
    const seedBlock = params.joinDeadline + chain.reorgDepth
    await net.mineTo(seedBlock)
    await chain.send(await chain.prepareForm(taskId, atBlock(seedBlock)))
    return taskId
  }

  const toClaims = async (taskId: bigint, blocks: number): Promise<void> => {
    await net.mine(blocks)
    const { number } = await net.connection.contracts.board.claimsOpenAt(taskId)
    await net.mineTo(Number(number))
  }

  /** NoQuorum: one member convicted by a long log, in steps, one of two STATUS; the client and one of them settle. */
  async function silent(): Promise<void> {
    const params = await testTask(net, { minNodes: 4, maxNodes: 4 })
    const taskId = await publishTask(net, params)
    await signUp(taskId, [0, 1, 2, 3, 4])
    await net.mineTo(params.joinDeadline - 3)
    await quit(net.nodes[4]!.operator, taskId, net.nodes[4]!.key.address)
    const seedBlock = params.joinDeadline + chain.reorgDepth
    await net.mineTo(seedBlock)
    await chain.send(await chain.prepareForm(taskId, atBlock(seedBlock)))
    const evidence = await longLog(taskId)
    const steps = chain.prepareSteps(taskId, evidence, { params, events: [] })
    expect(steps).to.have.length(2)
    const proof = chain.prepareEvidence(taskId, evidence, { params, events: [] })
    expect(await chain.refusal(proof)).equal('ProvesNothing')
    for (const call of [...steps, proof]) {
      expect(await chain.refusal(call)).equal(null)
      expect((await chain.send(call)).kind).equal('mined')
    }
    await toClaims(taskId, params.stallBlocks + 1)
    await claim(net.client, taskId)
    const accused = (await keysOf(taskId))[1]!
    await release(net.client, taskId, accused)
  }

  async function keysOf(taskId: bigint): Promise<Address[]> {
    const { board } = net.connection.contracts
    const [event] = await board.queryFilter(board.filters.ClusterFormed(taskId))
    return event!.args.signingKeys.map((key) => key.toLowerCase() as Address)
  }

  /** Seat 1 signs a log whose second entry is no step, before legal ones. */
  async function longLog(taskId: bigint): Promise<Evidence> {
    const { board } = net.connection.contracts
    const [event] = await board.queryFilter(board.filters.ClusterFormed(taskId))
    const cluster = event!.args.cluster as Digest
    const entries: LogEntry[] = [
      entry(1, 't1', 'INITIAL', 'DEBATE', 0),
      entry(2, 't4', 'DEBATE', 'SHARE', 0),
      entry(3, 't6', 'SHARE', 'IDLE', 0),
    ]
    for (let round = 1; entries.length < FILLER; round += 1) {
      const seq = entries.length
      entries.push(
        entry(seq + 1, 't3', 'IDLE', 'DEBATE', round),
        entry(seq + 2, 't2', 'DEBATE', 'IDLE', round),
      )
      entries.push(entry(seq + 3, 't4', 'IDLE', 'SHARE', round), entry(seq + 4, 't6', 'SHARE', 'IDLE', round))
    }
    const headBefore = logStart(cluster, 0)
    const logHead = entries.reduce(appendLog, headBefore)
    const object: Checkpoint = {
      type: 'checkpoint',
      height: 32,
      root: text('root'),
      logSeq: entries.length,
      logHead,
      inputsHash: NIL,
    }
    const key = (await keysOf(taskId))[1]!
    const { key: keyring } = net.nodes.find((node) => node.key.address === key)!
    const separator = domainSeparator(chain.domain)
    const signed = signObject({ cluster, self: 1, keyring, separator }, object)
    return { kind: 'E2', form: 'illegal', checkpoint: { ...signed, object }, headBefore, entries }
  }

  const text = (of: string): Digest => keccak(utf8Hex(of))
  const entry = (
    seq: number,
    event: LogEntry['event'],
    from: LogEntry['from'],
    to: LogEntry['to'],
    round: number,
  ): LogEntry => ({ seq, from, event, to, height: 1, round, value: NIL })

  /** Closed by its end block; everybody takes what is theirs. */
  async function closed(): Promise<void> {
    const free = await freeNodes()
    const now = await net.connection.provider.getBlockNumber()
    const taskId = await formed(free.slice(0, 4), { endBlock: now + 60 })
    await toClaims(taskId, 80)
    await claim(net.client, taskId)
    for (const key of await keysOf(taskId)) await release(net.client, taskId, key)
  }

  /** Nodes whose keys may join. */
  async function freeNodes(): Promise<number[]> {
    const { registry } = net.connection.contracts
    const statuses = await Promise.all(net.nodes.map(({ key }) => registry.keyStatus(key.address)))
    return statuses.flatMap((status, i) => (status === ACTIVE ? [i] : []))
  }

  /** Too few sign-ups; nobody takes anything. */
  async function expired(): Promise<void> {
    const taskId = await publishTask(net, { minNodes: 4, maxNodes: 4 })
    await signUp(taskId, (await freeNodes()).slice(0, 1))
    await net.mine(30)
  }

  async function revoked(): Promise<void> {
    const taskId = await publishTask(net, { minNodes: 4, maxNodes: 4 })
    await signUp(taskId, (await freeNodes()).slice(0, 1))
    await revoke(net.client, taskId)
    await claim(net.client, taskId)
  }

  async function running(): Promise<void> {
    await formed((await freeNodes()).slice(0, 4))
  }

  /** Sign-up is open; meanwhile somebody leaves with a part of the stake, and the reporter takes its credit. */
  async function open(): Promise<void> {
    const [node] = net.nodes
    const { tranche } = await requestUnbond(node!.operator, 10n)
    await requestUnbond(node!.operator, 7n)
    await net.mine(net.deployment.windows.unbonding)
    await withdraw(node!.operator, tranche)
    await withdrawCredit(chain.wallet!)
    const taskId = await publishTask(net, { minNodes: 4, maxNodes: 4 })
    await signUp(taskId, (await freeNodes()).slice(0, 2))
  }

  async function donate(): Promise<void> {
    const { StakeToken, TaskBoard, NodeRegistry } = net.deployment.contracts
    const token = new Interface(['function transfer(address to, uint256 amount) returns (bool)'])
    for (const [to, amount] of [
      [TaskBoard.address, 5n],
      [NodeRegistry.address, 3n],
    ] as const) {
      const data = token.encodeFunctionData('transfer', [to, amount]) as Hex
      await net.client.execute('donate', { to: StakeToken.address, data })
    }
  }

  async function read(): Promise<void> {
    const history = openHistory(net.rpcUrl, net.deployment)
    books = await history.readBooks()
    reports = []
    for (let taskId = 1n; taskId <= books.tasks; taskId += 1n)
      reports.push(auditTask(await history.read(taskId, books.head), { recover: recoverSigner }))
    history.close()
  }

  it('finds nothing wrong in any task, whatever its end', () => {
    expect(reports.map(({ findings }) => findings)).deep.equal(reports.map(() => []))
    const ends = ['NoQuorum', 'Closed', 'Expired', 'Expired', 'NoQuorum', 'Open']
    expect(reports.map(({ end }) => end?.status)).deep.equal(ends)
  })

  it('M-5: folds the steps of a long proof again', () => {
    const [{ convictions, penalties }] = reports as [AuditReport]
    expect(convictions.map(({ offence, member, because }) => [offence, member, because])).deep.equal([
      ['E2', 1, 'entry 2 is no transition'],
    ])
    expect(BOUNTY_OF_LOCAL_CHAINS > STAKE_WEI).equal(true)
    expect(penalties.map(({ amount, credited }) => [amount, credited?.amount])).deep.equal([[50n, 5n]])
  })

  it('is the sum of all tasks, to the wei, less what was given to the contracts', () => {
    const report = sumUp(books)
    expect(report.findings).deep.equal([])
    expect(report).deep.include({
      donatedToBoard: 5n,
      donatedToRegistry: 3n,
      burntStake: 45n + 10n,
      credits: 0n,
    })
  })

  it('names what does not add up', () => {
    const fields = (changes: Partial<BoardBooks>): string[] =>
      sumUp({ ...books, ...changes }).findings.map(({ field }) => field)
    const { board, registry, burntStake, burntPay } = books
    expect(fields({ board: { ...board, balance: board.balance - 1n } })).deep.equal(['board: balance'])
    expect(fields({ board: { ...board, sent: board.sent + 1n } })).deep.equal(['board: tokens paid out'])
    expect(fields({ registry: { ...registry, balance: registry.balance - 1n } })).deep.equal([
      'registry: balance',
    ])
    expect(fields({ burntStake: burntStake - 1n })).deep.equal([
      'registry: books',
      'registry: balance',
      'registry: burnt()',
    ])
    expect(fields({ burntPay: burntPay + 1n })).deep.equal(['board: burnt()', 'board: balance'])
    expect(fields({ credits: new Map([['0x01', 1n]]) })).include('registry: credits')
    expect(fields({ accounts: new Map() })).include('registry: locked')
  })

  const sumUp = (of: BoardBooks) =>
    auditBoard(
      of,
      reports.flatMap(({ money }) => money ?? []),
    )
})
