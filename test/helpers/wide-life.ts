/** A whole life of a large cluster on the real contracts: signed by real keys, without running nodes. */
import { connect } from '../../src/adapters/evm/connect.ts'
import { openHistory } from '../../src/adapters/evm/open-history.ts'
import { claim, finalize, form, postEvent, release } from '../../src/adapters/evm/operator.ts'
import { deployTwins } from '../../src/adapters/hardhat/deploy-twins.ts'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { auditTask } from '../../src/audit/audit-task.ts'
import type { BoardReport } from '../../src/audit/board.ts'
import { auditBoard } from '../../src/audit/board.ts'
import type { AuditReport } from '../../src/audit/report.ts'
import { fromHex } from '../../src/codec/hex.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { EvidenceKind } from '../../src/types/evidence.ts'
import { invariant, RsdpError } from '../../src/types/errors.ts'
import type { Address, Digest, MemberIndex } from '../../src/types/ids.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { EPOCH_HEIGHTS, EVENT_DATA, HEIGHTS, REDUCER_PARAMS, scriptTask } from './audit-task.ts'
import type { Script } from './audit-task.ts'
import type { ChainNode, TestNetwork } from './chain.ts'
import { joinTask, publishTask, startTestNetwork, testTask } from './chain.ts'
import { atBlock } from './moments.ts'
import { crimesOf } from './wide-crimes.ts'

export interface WideLife {
  readonly cluster: Cluster
  /** Who was convicted of what. */
  readonly convicted: ReadonlyMap<MemberIndex, EvidenceKind>
  readonly escrowWei: bigint
  /** What each member was paid, by seat, and what the client got back. */
  readonly paidWei: readonly bigint[]
  readonly clientWei: bigint
  readonly burntWei: bigint
  /** What a lock of the task came to when it was released, by seat. */
  readonly releasedWei: readonly bigint[]
  readonly lockWei: bigint
  readonly audit: AuditReport
  readonly board: BoardReport
  /** Gas of the drawing, of each checkpoint, and of each proof. */
  readonly gas: Readonly<Record<string, bigint>>
}

/** A reward that no number of members divides. */
const REWARD_WEI = 10_007n
const FEE_WEI = 997n
/** Nothing to claim: a convicted member earns nothing. */
const NOTHING = 'NothingToClaim'

/** Publishes, signs up, draws, anchors, convicts, finalizes, claims, releases and audits, with so many members. */
export async function liveWide(seats: number, say: (line: string) => void): Promise<WideLife> {
  const net = await startTestNetwork({ nodes: seats })
  try {
    return await new Life(net, say).live()
  } finally {
    await net.close()
  }
}

class Life {
  readonly #net: TestNetwork
  readonly #say: (line: string) => void
  readonly #gas: Record<string, bigint> = {}
  #startedMs = performance.now()

  constructor(net: TestNetwork, say: (line: string) => void) {
    this.#net = net
    this.#say = say
  }

  async live(): Promise<WideLife> {
    const { net } = { net: this.#net }
    const params = await this.#params()
    const taskId = await publishTask(net, params)
    const { escrow: escrowWei } = await net.connection.contracts.board.task(taskId)
    const cluster = await this.#draw(taskId, params)
    await postEvent(net.client, taskId, fromHex(EVENT_DATA))
    const keys = cluster.members.map(({ key }) => this.#nodeOf(key).key)
    const { domain } = net.connection
    const script = scriptTask({ taskId, cluster, keys, client: net.client.address, domain })
    await this.#anchor(taskId, cluster, script)
    const crimes = crimesOf({ cluster, keys, domain, first: script.calls[0]! })
    await this.#convict(taskId, params, crimes)
    const money = await this.#settle(taskId, cluster)
    const burntWei = await net.connection.contracts.board.burnt()
    const audited = await this.#audit(taskId)
    const convicted = new Map(crimes.map(({ member, evidence }) => [member, evidence.kind]))
    const { stakePerNode: lockWei } = params
    return { cluster, convicted, escrowWei, burntWei, lockWei, ...money, ...audited, gas: this.#gas }
  }

  /** A provable task: it names the twin of its reducer. */
  async #params(): Promise<TaskParams> {
    const { rpcUrl, chain, nodes } = this.#net
    const twins = await deployTwins({ rpcUrl, deployerKey: chain.accounts[0]!.privateKey })
    const seats = nodes.length
    const params = await testTask(this.#net)
    return {
      ...params,
      reducerParams: REDUCER_PARAMS,
      twin: twins['rate-limit@1'],
      heights: HEIGHTS,
      epochHeights: EPOCH_HEIGHTS,
      calldataInputs: true,
      stateCap: 9 + 17 * seats,
      inputCap: 9 + 17,
      rewardPerHeight: REWARD_WEI,
      checkpointFee: FEE_WEI,
      joinDeadline: params.joinDeadline + seats,
      endBlock: params.endBlock + seats,
      stallBlocks: 8 * seats,
    }
  }

  async #draw(taskId: bigint, { joinDeadline }: TaskParams): Promise<Cluster> {
    const net = this.#net
    await inTurn(net.nodes, ({ operator, key }) => joinTask(operator, taskId, key.address))
    const seedBlock = joinDeadline + net.deployment.windows.reorgDepth
    await net.mineTo(seedBlock)
    this.#gas['form'] = (await form(net.client, taskId, atBlock(seedBlock))).gasUsed
    const { board } = net.connection.contracts
    const [formed] = await board.queryFilter(board.filters.ClusterFormed(taskId))
    const [, id, seed, , , keys, operators, weights] = formed!.args
    const members = keys.map((key, index) => ({
      index,
      key: key.toLowerCase() as Address,
      operator: operators[index]!.toLowerCase() as Address,
      weight: Number(weights[index]),
    }))
    this.#told(`${members.length} members are drawn`)
    return { id: id as Digest, seed: seed as Digest, members, totalWeight: members.length }
  }

  async #anchor(taskId: bigint, { members }: Cluster, script: Script): Promise<void> {
    const { rpcUrl, deployment, client, connection } = this.#net
    for (const call of script.calls) {
      const turn = await connection.contracts.log.turnAt(taskId, (await this.#head()) + 1)
      const { privateKey } = this.#nodeOf(members[Number(turn)]!.key)
      const chain = await connect({ rpcUrl, deployment, privateKey })
      const facts = { ...call, first: Number(call.first), sharedSeq: Number(call.sharedSeq) }
      const sent = await chain.send(chain.prepareCheckpoint(facts))
      chain.close()
      invariant(sent.kind === 'mined', `the checkpoint from height ${call.first} on is accepted`)
      this.#gas[`checkpoint ${call.first}`] = sent.gasUsed
    }
    const { previousRoot, inputsRoot, inputs } = script
    await finalize(client, taskId, { state: fromHex(script.result), previousRoot, inputsRoot, inputs })
    this.#told(`${HEIGHTS} heights are accepted`)
  }

  /** Each proof is accepted once. */
  async #convict(taskId: bigint, params: TaskParams, crimes: ReturnType<typeof crimesOf>): Promise<void> {
    const { rpcUrl, deployment, nodes } = this.#net
    const chain = await connect({ rpcUrl, deployment, privateKey: nodes[0]!.privateKey })
    for (const { evidence } of crimes) {
      const call = chain.prepareEvidence(taskId, evidence, { params, events: [] })
      const sent = await chain.send(call)
      invariant(sent.kind === 'mined', `${evidence.kind} convicts`)
      this.#gas[evidence.kind] = sent.gasUsed
      const again = await chain.send(call)
      invariant(
        again.kind === 'reverted' && again.error === 'AlreadyConvicted',
        `${evidence.kind} convicts once`,
      )
    }
    chain.close()
    this.#told(`${crimes.length} members are convicted`)
  }

  async #settle(
    taskId: bigint,
    { members }: Cluster,
  ): Promise<Pick<WideLife, 'paidWei' | 'clientWei' | 'releasedWei'>> {
    const net = this.#net
    await net.mine(net.deployment.windows.closeGrace)
    const { number } = await net.connection.contracts.board.claimsOpenAt(taskId)
    await net.mineTo(Number(number))
    const paidWei = await inTurn(members, async ({ key }) => {
      try {
        return (await claim(this.#nodeOf(key).operator, taskId)).amountWei
      } catch (error) {
        if (error instanceof RsdpError && error.details['error'] === NOTHING) return 0n
        throw error
      }
    })
    const { amountWei: clientWei } = await claim(net.client, taskId)
    const { registry } = net.connection.contracts
    const releasedWei = await inTurn(members, async ({ key }) => {
      // all of a lock may be taken: then there is none to release
      if ((await registry.lockOf(taskId, key)) === 0n) return 0n
      return (await release(this.#nodeOf(key).operator, taskId, key)).amountWei
    })
    this.#told('everybody has what is theirs')
    return { paidWei, clientWei, releasedWei }
  }

  /** From the chain alone, as anybody would. */
  async #audit(taskId: bigint): Promise<Pick<WideLife, 'audit' | 'board'>> {
    const history = openHistory(this.#net.rpcUrl, this.#net.deployment)
    try {
      const books = await history.readBooks()
      const audit = auditTask(await history.read(taskId, books.head), { recover: recoverSigner })
      invariant(audit.money !== null, 'a task that was published has its money told')
      const board = auditBoard(books, [audit.money])
      this.#told('the auditor has replayed it')
      return { audit, board }
    } finally {
      history.close()
    }
  }

  #nodeOf(key: Address): ChainNode {
    const node = this.#net.nodes.find((one) => one.key.address === key)
    invariant(node !== undefined, 'a member is one of the nodes')
    return node
  }

  #head(): Promise<number> {
    return this.#net.connection.provider.getBlockNumber()
  }

  #told(what: string): void {
    const ms = performance.now() - this.#startedMs
    this.#say(`${what}: ${(ms / 1_000).toFixed(1)} s`)
    this.#startedMs = performance.now()
  }
}

/** One after the other: the chain is in this process, and a busy machine answers late. */
async function inTurn<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (const one of all) done.push(await work(one))
  return done
}
