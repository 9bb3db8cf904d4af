import { AbiCoder, Transaction, Wallet } from 'ethers'
import { createKeyring } from '../../src/adapters/keys/keyring.ts'
import type { Candidate } from '../../src/audit/draw.ts'
import { drawSeats } from '../../src/audit/draw.ts'
import { madeHeader } from './headers.ts'
import { atBlock } from './moments.ts'
import { hashParams } from '../../src/audit/task.ts'
import { concatHex, fromHex, keccak, toHex, uint, utf8Hex } from '../../src/codec/hex.ts'
import type { Domain } from '../../src/codec/objects.ts'
import { domainSeparator, registerDigest } from '../../src/codec/objects.ts'
import { clusterId, encodeSnapshot, rootStart, termsHash } from '../../src/codec/roots.ts'
import type { TaskHistory } from '../../src/ports/chain-history.ts'
import type {
  CallArgs,
  CallName,
  ContractName,
  EventArgs,
  EventName,
  EventRecord,
  RawTaskParams,
  TransactionRecord,
} from '../../src/ports/history-events.ts'
import type { Keyring } from '../../src/ports/keyring.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Address, Digest, Hex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import { EPOCH_HEIGHTS, EVENT_DATA, HEIGHTS, REDUCER_PARAMS, scriptTask } from './audit-task.ts'
import type { Script, Twist } from './audit-task.ts'
import { decodeBatch } from '../../src/codec/batch.ts'

export const TASK_ID = 1n
const CODE: Hex = '0x6001'
const DEPLOYMENT_ID = keccak(utf8Hex('deployment'))
const MIX_HASH = keccak(utf8Hex('seed block'))
const SEED_HEADER = madeHeader({ mixHash: MIX_HASH })
const JOIN_DEADLINE = 30n
const REORG_DEPTH = 6n
const STAKE = 1_000n
const CLOSE_GRACE = 10n
/** Token wei. */
export const BOUNTY = 1_000n
const HEAD = 100n
const EVIDENCE = 30n
const PUBLISHED_AT = 10n
const FORMED_AT = 37n
/** Blocks between two checkpoints, all sent by alice. */
const PACE = 10n
export const NAMES = ['alice', 'bob', 'carol', 'dave']

const address = (text: string): Address => `0x${keccak(utf8Hex(text)).slice(26)}`
export const privateKey = (text: string): Hex => keccak(utf8Hex(text))

const CONTRACTS = {
  NodeRegistry: { address: address('NodeRegistry'), codeHash: keccak(CODE) },
  TaskBoard: { address: address('TaskBoard'), codeHash: keccak(CODE) },
  PhaseLog: { address: address('PhaseLog'), codeHash: keccak(CODE) },
  Slasher: { address: address('Slasher'), codeHash: keccak(CODE) },
}

export const DOMAIN: Domain = {
  chainId: 31337n,
  verifyingContract: CONTRACTS.PhaseLog.address,
  salt: DEPLOYMENT_ID,
}

const WINDOWS = {
  ...{ reorgDepth: REORG_DEPTH, jail: 200n, closeGrace: CLOSE_GRACE, evidence: EVIDENCE },
  ...{ taskSecondsMax: 0n, seedDelaySeconds: 0n, jailSeconds: 0n, graceSeconds: 0n, evidenceSeconds: 0n },
}

const PARAMS: RawTaskParams = {
  reducer: keccak(utf8Hex('rate-limit@1')),
  reducerParams: REDUCER_PARAMS,
  usesPrevious: false,
  twin: `0x${'00'.repeat(20)}`,
  minNodes: 4n,
  maxNodes: 4n,
  heights: BigInt(HEIGHTS),
  epochHeights: BigInt(EPOCH_HEIGHTS),
  stateCap: 600n,
  inputCap: 600n,
  calldataInputs: true,
  stakePerNode: STAKE,
  rewardPerHeight: 42n,
  checkpointFee: 9n,
  formGasPrice: 2n,
  joinDeadline: JOIN_DEADLINE,
  ...{ joinTime: 0n, endTime: 0n, stallSeconds: 0n },
  endBlock: 1_000n,
  stallBlocks: 400n,
  turnBlocks: 2n,
  predecessor: 0n,
  maxEvents: 3n,
  tickMs: 50n,
  debateTicks: 10n,
  shareTicks: 10n,
  confirmTicks: 10n,
  helloTicks: 10n,
  slotTicks: 100n,
  reporters: [],
}

export interface HistoryOptions {
  readonly params?: Partial<RawTaskParams>
  readonly twist?: Twist
  readonly batchHeights?: number
}

/** A history by hand, as the chain would tell it: no chain, no nodes, real signatures. */
export interface HandMade {
  /** Hints and notes of the first checkpoint as they are right. */
  readonly good: { readonly hints: Hex; readonly notes: Hex }
  readonly stranger: Wallet
  readonly history: TaskHistory
  readonly cluster: Cluster
  readonly script: Script
}

/** Writes events with signed transactions behind them. */
export class Chronicle {
  readonly events: EventRecord[] = []
  #nonce = 0

  transaction<N extends CallName>(
    contract: ContractName,
    sender: Wallet,
    block: bigint,
    name: N,
    args: CallArgs[N],
  ): TransactionRecord {
    const to = CONTRACTS[contract].address
    const signed = Transaction.from({ type: 2, chainId: 31337n, nonce: this.#nonce, to, gasLimit: 100_000n })
    this.#nonce += 1
    signed.signature = sender.signingKey.sign(signed.unsignedHash)
    const bytes = signed.serialized as Hex
    return {
      hash: keccak(bytes),
      block,
      from: sender.address.toLowerCase() as Address,
      to,
      call: { name, args } as unknown as TransactionRecord['call'],
      signed: bytes,
    }
  }

  emit<N extends EventName>(
    contract: ContractName,
    transaction: TransactionRecord,
    name: N,
    args: EventArgs[N],
  ): void {
    const { block, hash } = transaction
    const logIndex = BigInt(this.events.length)
    const record = { name, args, contract, block, logIndex, transactionHash: hash, transaction }
    this.events.push(record as unknown as EventRecord)
  }
}

export function makeHistory(options: HistoryOptions = {}): HandMade {
  const chronicle = new Chronicle()
  const client = new Wallet(privateKey('client'))
  const params: RawTaskParams = { ...PARAMS, ...options.params }
  const paramsHash = hashParams(params) ?? NIL
  const actors = NAMES.map((name) => ({
    key: createKeyring(fromHex(privateKey(`key of ${name}`))),
    node: new Wallet(privateKey(`key of ${name}`)),
    operator: new Wallet(privateKey(`operator ${name}`)),
  }))
  for (const { key, node, operator } of actors) {
    const owner = operator.address.toLowerCase() as Address
    const publicKey: Hex = `0x${node.signingKey.publicKey.slice(4)}`
    const digest = registerDigest(DOMAIN.chainId, CONTRACTS.NodeRegistry.address, owner, key.address)
    const args = {
      publicKey,
      stake: 10_000n,
      perTask: 0n,
      total: 0n,
      multiaddrs: [],
      signature: key.sign(digest),
    }
    const sent = chronicle.transaction('NodeRegistry', operator, 5n, 'register', args)
    chronicle.emit('NodeRegistry', sent, 'WalletSet', { operator: owner, wallet: owner })
    chronicle.emit('NodeRegistry', sent, 'KeyRegistered', { operator: owner, key: key.address, publicKey })
  }
  const published = chronicle.transaction('TaskBoard', client, PUBLISHED_AT, 'publish', { params })
  const clientAddress = client.address.toLowerCase() as Address
  chronicle.emit('TaskBoard', published, 'TaskPublished', {
    taskId: TASK_ID,
    client: clientAddress,
    paramsHash,
    params,
  })
  const { address: board } = CONTRACTS.TaskBoard
  const terms = { client: clientAddress, paramsHash, twinCodeHash: NIL }
  const agreed = termsHash(DOMAIN.chainId, board, TASK_ID, terms)
  for (const { key, node, operator } of actors) {
    const owner = operator.address.toLowerCase() as Address
    const seat = { taskId: TASK_ID, key: key.address, operator: owner }
    const sent = chronicle.transaction('TaskBoard', node, 12n, 'join', {
      taskId: TASK_ID,
      key: key.address,
      termsHash: agreed,
    })
    chronicle.emit('TaskBoard', sent, 'Joined', seat)
    chronicle.emit('NodeRegistry', sent, 'StakeLocked', { ...seat, amount: STAKE })
  }
  const cluster = draw(
    actors.map(({ key, operator }, index) => ({ index, key: key.address, operator: lower(operator) })),
    paramsHash,
  )
  const pointer = address('snapshot')
  const formed = chronicle.transaction('TaskBoard', client, FORMED_AT, 'form', {
    taskId: TASK_ID,
    header: SEED_HEADER,
    parent: '0x',
  })
  const snapshot = encodeSnapshot(cluster.members)
  chronicle.emit('TaskBoard', formed, 'ClusterFormed', {
    taskId: TASK_ID,
    cluster: cluster.id,
    seed: cluster.seed,
    snapshotHash: keccak(snapshot),
    pointer,
    signingKeys: cluster.members.map(({ key }) => key),
    operators: cluster.members.map(({ operator }) => operator),
    weights: cluster.members.map(({ weight }) => BigInt(weight)),
  })
  const drawn = { taskId: TASK_ID, former: clientAddress, amount: formFeeOf(params, 4n) }
  chronicle.emit('TaskBoard', formed, 'FormFeeEarned', drawn)
  const posted = chronicle.transaction('TaskBoard', client, 40n, 'postEvent', {
    taskId: TASK_ID,
    data: EVENT_DATA,
  })
  chronicle.emit('TaskBoard', posted, 'LedgerEvent', {
    taskId: TASK_ID,
    seq: 1n,
    originator: clientAddress,
    data: EVENT_DATA,
  })
  const keys = cluster.members.map(({ key }) => actors.find((actor) => actor.key.address === key)!.key)
  const { twist, batchHeights } = options
  const script = scriptTask({
    client: clientAddress,
    taskId: TASK_ID,
    cluster,
    keys,
    domain: DOMAIN,
    ...(twist === undefined ? {} : { twist }),
    ...(batchHeights === undefined ? {} : { batchHeights }),
  })
  const posting = concatHex(NIL, uint(0, 1), clientAddress, keccak(EVENT_DATA))
  const eventsHash = keccak(posting)
  const [honest] = scriptTask({ client: clientAddress, taskId: TASK_ID, cluster, keys, domain: DOMAIN }).calls
  const head = anchor(chronicle, script, cluster, params, actors, eventsHash)
  return {
    good: { hints: '0x00010000', notes: honest!.notes },
    stranger: client,
    cluster,
    script,
    history: wrap(chronicle, cluster, snapshot, pointer, paramsHash, clientAddress, head, script, params),
  }
}

function lower(wallet: Wallet): Address {
  return wallet.address.toLowerCase() as Address
}

function draw(signups: readonly Candidate[], paramsHash: Digest): Cluster {
  const coder = AbiCoder.defaultAbiCoder()
  const seed = keccak(coder.encode(['bytes32', 'uint256'], [MIX_HASH, TASK_ID]) as Hex)
  const members = drawSeats(seed, signups, 4, 4).map(({ key, operator }, index) => ({
    ...{ index, key, operator, weight: 1 },
  }))
  const id = clusterId(TASK_ID, paramsHash, encodeSnapshot(members), seed)
  return { id, seed, members, totalWeight: members.length }
}

/** Checkpoints and result, as PhaseLog and TaskBoard would emit them without checking anything. */
function anchor(
  chronicle: Chronicle,
  script: Script,
  cluster: Cluster,
  params: RawTaskParams,
  actors: readonly { readonly key: Keyring; readonly node: Wallet }[],
  eventsHash: Digest,
): TaskHistory['views']['head'] {
  let root = rootStart(cluster.id)
  let last = 0n
  let eventSeq = 0n
  let lastBlock = FORMED_AT
  for (const call of script.calls) {
    const digits = 2 * (67 + Math.ceil(cluster.members.length / 8))
    for (let at = 2; at + digits <= call.batch.length; at += digits) {
      const [stateHash, inputsRoot] = [call.batch.slice(at + 2, at + 66), call.batch.slice(at + 66, at + 130)]
      eventSeq += BigInt(`0x${call.batch.slice(at + 130, at + 134)}`)
      const list = call.batch.slice(at + 134, at + digits).padStart(64, '0')
      const events = [uint(eventSeq, 8), eventSeq === 0n ? NIL : eventsHash]
      const value = keccak(concatHex(stateHash, inputsRoot, list, ...events))
      root = keccak(concatHex(root, value))
      last += 1n
    }
    lastBlock += PACE
    const { key } = cluster.members[turnOf(call.first, params, cluster)]!
    const submitter = actors.find((actor) => actor.key.address === key)!.node
    const sent = chronicle.transaction('PhaseLog', submitter, lastBlock, 'checkpoint', call)
    chronicle.emit('PhaseLog', sent, 'Checkpointed', {
      ...call,
      last,
      root,
      eventSeq,
      submitter: lower(submitter),
    })
  }
  const { result, previousRoot, inputsRoot, inputs } = script
  const args = { taskId: TASK_ID, result, previousRoot, inputsRoot, inputs }
  const sent = chronicle.transaction('TaskBoard', actors[0]!.node, lastBlock + 5n, 'finalize', args)
  const stateHash = keccak(result)
  chronicle.emit('TaskBoard', sent, 'TaskFinalized', { taskId: TASK_ID, height: last, stateHash, result })
  return {
    root,
    last,
    eventSeq,
    events: 1n,
    lastAt: { number: lastBlock, time: 0n },
    graceHeights: 0n,
    members: BigInt(cluster.members.length),
  }
}

function wrap(
  chronicle: Chronicle,
  cluster: Cluster,
  snapshot: Hex,
  pointer: Address,
  paramsHash: Digest,
  client: Address,
  head: TaskHistory['views']['head'],
  script: Script,
  params: RawTaskParams,
): TaskHistory {
  return {
    expected: {
      chainId: DOMAIN.chainId,
      deploymentId: DEPLOYMENT_ID,
      windows: WINDOWS,
      bounty: BOUNTY,
      contracts: CONTRACTS,
    },
    taskId: TASK_ID,
    chainId: DOMAIN.chainId,
    head: HEAD,
    code: { NodeRegistry: CODE, TaskBoard: CODE, PhaseLog: CODE, Slasher: CODE },
    views: {
      twinCodeHash: NIL,
      deploymentId: DEPLOYMENT_ID,
      domainSeparator: domainSeparator(DOMAIN),
      windows: WINDOWS,
      formWindow: 256n,
      bounty: BOUNTY,
      status: { status: 4n, closedAt: atBlock(head.lastAt.number + CLOSE_GRACE) },
      claimsOpenAt: atBlock(head.lastAt.number + CLOSE_GRACE + EVIDENCE + 1n),
      tally: tallyOf(cluster, script, params),
      locks: new Map(cluster.members.map(({ key }) => [key, STAKE])),
      signers: script.calls.at(-1)?.bitmap ?? 0n,
      tainted: false,
      result: resultOf(script, head),
      convictions: cluster.members.map(() => ({ percent: 0n, correlated: false })),
      task: {
        client,
        paramsHash,
        cluster: cluster.id,
        snapshot: pointer,
        members: BigInt(cluster.members.length),
        signups: 4n,
        formBlock: FORMED_AT,
        eventsPosted: 1n,
        revokedBlock: 0n,
        escrow: escrowOf(params),
        former: client,
        formFee: formFeeOf(params, 4n),
        stakePerNode: STAKE,
        resultHash: keccak(script.result),
      },
      head,
    },
    events: chronicle.events,
    malformed: [],
    snapshotCode: new Map([[pointer, concatHex('00', snapshot)]]),
    headers: new Map([[JOIN_DEADLINE + REORG_DEPTH, SEED_HEADER]]),
    predecessor: null,
    times: new Map(),
  }
}

/** What Results would say of an undisturbed task: the window closes at claimsOpenAt. */
function resultOf({ result }: Script, head: TaskHistory['views']['head']): TaskHistory['views']['result'] {
  const isFinal = HEAD >= head.lastAt.number + CLOSE_GRACE + EVIDENCE + 1n
  return { outcome: isFinal ? 1n : 0n, resultHash: keccak(result), height: head.last }
}

/** Whose turn it is, `PACE` blocks after the checkpoint before. */
function turnOf(first: bigint, params: RawTaskParams, { members }: Cluster): number {
  const turns = (first - 1n) / params.epochHeights + PACE / params.turnBlocks
  return Number(turns % BigInt(members.length))
}

/** What PhaseLog would count: every checkpoint is sent by the member whose turn it is. */
function tallyOf(cluster: Cluster, { calls }: Script, params: RawTaskParams): TaskHistory['views']['tally'] {
  const missed = cluster.members.map(() => 0n)
  const feeUnits = cluster.members.map(() => 0n)
  let last = 0n
  let feesDue = 0n
  for (const { batch, bitmap } of calls) {
    const heights = decodeBatch(batch, cluster.members.length)!
    const turn = turnOf(last + 1n, params, cluster)
    last += BigInt(heights.length)
    const signers = cluster.members.filter((_, i) => (bitmap >> BigInt(i)) % 2n === 1n)
    for (const { inputs } of heights)
      for (const { index } of cluster.members) if ((inputs >> BigInt(index)) % 2n === 0n) missed[index]! += 1n
    const ends = last % params.epochHeights === 0n || last === params.heights
    if (!ends) continue
    feesDue += 1n
    feeUnits[turn]! += BigInt(signers.length)
  }
  return { last, feesDue, missed, feeUnits }
}

function escrowOf({ endBlock, stallBlocks, heights, epochHeights, ...params }: RawTaskParams): bigint {
  const halfStalls = (endBlock + CLOSE_GRACE - PUBLISHED_AT) / ((stallBlocks + 1n) / 2n)
  const fees = (heights + epochHeights - 1n) / epochHeights + halfStalls
  const most = params.rewardPerHeight * heights + params.checkpointFee * (fees < heights ? fees : heights)
  return most + formFeeOf(params, 4n * params.maxNodes)
}

/** The history with copies of hints and notes of the first checkpoint that somebody published after it. */
export function withCopies(
  { history, stranger }: HandMade,
  copies: readonly { readonly hints: Hex; readonly notes: Hex }[],
): TaskHistory {
  const chronicle = new Chronicle()
  for (const copy of copies) {
    const args = { taskId: TASK_ID, height: 4n, ...copy }
    const sent = chronicle.transaction('PhaseLog', stranger, 90n, 'republish', args)
    chronicle.emit('PhaseLog', sent, 'Republished', args)
  }
  return { ...history, events: [...history.events, ...chronicle.events] }
}

/** A copy with one event changed. */
export function withEvent<N extends EventName>(
  history: TaskHistory,
  name: N,
  change: (event: EventRecord<N>) => EventRecord<N> | null,
  index = 0,
): TaskHistory {
  let seen = -1
  const events = history.events.flatMap((event) => {
    if (event.name !== name) return [event]
    seen += 1
    if (seen !== index) return [event]
    const changed = change(event as unknown as EventRecord<N>)
    return changed === null ? [] : [changed as unknown as EventRecord]
  })
  return { ...history, events }
}

export const bytesOf = (text: string): Hex => toHex(new TextEncoder().encode(text))

/** What TaskBoard pays for drawing all seats from so many sign-ups. */
function formFeeOf(
  { formGasPrice, maxNodes }: Pick<RawTaskParams, 'formGasPrice' | 'maxNodes'>,
  signups: bigint,
): bigint {
  return formGasPrice * (320_000n + 8_600n * signups + 18_600n * maxNodes)
}
