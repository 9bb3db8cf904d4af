import type { Signer } from 'ethers'
import {
  AbiCoder,
  SigningKey,
  TypedDataEncoder,
  ZeroHash,
  computeAddress,
  concat,
  dataSlice,
  hexlify,
  id,
} from 'ethers'
import { keccak256, toBeHex, toQuantity, toUtf8Bytes } from 'ethers'
import type { network } from 'hardhat'
import { BOARD_POSITION } from '../../ignition/modules/Rsdp.ts'
import { requireHeader } from '../../src/adapters/evm/header.ts'
import type {
  BundleStore,
  ITaskBoard,
  NodeRegistry,
  PhaseLog,
  Slasher,
  StakeToken,
  TaskBoard,
  TaskLines,
} from '../../types/ethers-contracts/index.js'
import type {} from '../../types/ethers-contracts/hardhat.d.ts'

export type Connection = Awaited<ReturnType<typeof network.create>>
export type TaskParams = { [name in keyof ITaskBoard.TaskParamsStruct]: ITaskBoard.TaskParamsStruct[name] }

/** Windows of the deployments under test: they count blocks alone. */
export const WINDOWS = {
  ...{ taskBlocksMax: 2000n, closeGrace: 10n, evidence: 30n, reorgDepth: 6n, jail: 200n },
  ...{ taskSecondsMax: 0n, graceSeconds: 0n, evidenceSeconds: 0n, seedDelaySeconds: 0n, jailSeconds: 0n },
}
export type Windows = typeof WINDOWS
/** For values of an error that a test does not look at: the time of a block. */
export const anyTime = (): boolean => true
/** As much as a key may be allowed to lock. */
export const PLENTY_ALLOWED = 2n ** 128n - 1n
export const UNBONDING_BLOCKS = 3000n
export const BOUNTY = 50n
export const STAKE = 1000n
export const ONE_MULTIADDR = ['0x047f000001060fa1']
export const NOBODY = '0x0000000000000000000000000000000000000000'
const PLENTY = 10n ** 24n

/** ITaskBoard.Status */
export const STATUS = {
  None: 0n,
  Open: 1n,
  Active: 2n,
  Finalizing: 3n,
  Closed: 4n,
  Expired: 5n,
  NoQuorum: 6n,
}
type StatusName = keyof typeof STATUS

/** A set of statuses as the gate error gives it: bit s stands for status s. */
export const allowed = (...names: StatusName[]): bigint =>
  names.reduce((bits, name) => bits | (1n << STATUS[name]), 0n)

/** A name as the contracts label their bounds: ASCII, left-aligned in 32 bytes. */
export const label = (text: string): string => hexlify(toUtf8Bytes(text)).padEnd(66, '0')

/** An operator with one signing key: `operator` and `node` send transactions, `key` signs objects. */
export interface Actor {
  name: string
  key: SigningKey
  keyAddress: string
  publicKey: string
  operator: Signer
  operatorAddress: string
  node: Signer
}

/** A deployment, a client with money, and a stranger. */
export interface World {
  connection: Connection
  token: StakeToken
  registry: NodeRegistry
  log: PhaseLog
  slasher: Slasher
  board: TaskBoard
  bundles: BundleStore
  lines: TaskLines
  client: Signer
  mallory: Signer
}

/** Deploys the contracts, with the dev token unless another is given. */
export async function deployWorld(
  connection: Connection,
  tokenAddress?: string,
  nonce = id('nonce'),
  windows: Windows = WINDOWS,
  unbondingSeconds = 0n,
): Promise<World> {
  const { ethers } = connection
  const [deployer, client, mallory] = await ethers.getSigners()
  const token =
    tokenAddress === undefined
      ? await ethers.deployContract('StakeToken')
      : await ethers.getContractAt('StakeToken', tokenAddress)
  const transactions = await deployer!.getNonce()
  const position = { from: deployer!.address, nonce: transactions + BOARD_POSITION }
  const predicted = ethers.getCreateAddress(position)
  const registry = await ethers.deployContract('NodeRegistry', [
    ...[token, predicted, UNBONDING_BLOCKS, unbondingSeconds, BOUNTY],
  ])
  const log = await ethers.deployContract('PhaseLog', [predicted, nonce])
  const slasher = await ethers.deployContract('Slasher', [predicted, log])
  const board = await ethers.deployContract('TaskBoard', [registry, log, slasher, windows])
  const bundles = await ethers.deployContract('BundleStore')
  const lines = await ethers.deployContract('TaskLines', [board])
  await token.faucet(client!, PLENTY)
  await token.connect(client).approve(board, PLENTY)
  const contracts = { token, registry, log, slasher, board, bundles, lines }
  return { connection, ...contracts, client: client!, mallory: mallory! }
}

export const blockNumber = async (w: World): Promise<bigint> =>
  BigInt(await w.connection.ethers.provider.getBlockNumber())

/**
 * Mines until `block` is the latest: the next transaction is in `block + 1`. The latest has randomness; of blocks that are
 * mined many at a time, most have none.
 */
export async function mineTo(w: World, block: bigint): Promise<void> {
  const { networkHelpers } = w.connection
  const missing = block - (await blockNumber(w))
  if (missing > 1n) await networkHelpers.mineUpTo(block - 1n)
  if (missing > 0n) await networkHelpers.mine(1)
}

/** The RLP header of a block; empty if it is not mined yet. */
export async function headerOf(w: World, block: bigint): Promise<string> {
  const params = [toQuantity(block), false]
  const served: unknown = await w.connection.provider.request({ method: 'eth_getBlockByNumber', params })
  return served === null ? '0x' : requireHeader(served as Record<string, unknown>).header
}

/** The block whose mixHash draws a task's cluster. */
export async function seedBlockOf(w: World, taskId: bigint): Promise<bigint> {
  const [published] = await w.board.queryFilter(w.board.filters.TaskPublished(taskId))
  return published!.args.params.joinDeadline + WINDOWS.reorgDepth
}

/** What `form` takes. */
export async function drawingOf(
  w: World,
  taskId: bigint,
): Promise<[taskId: bigint, header: string, parent: string]> {
  return [taskId, await headerOf(w, await seedBlockOf(w, taskId)), '0x']
}

/** Status of a task, and the block part of the moment at which it closed. */
export async function standingOf(w: World, taskId: bigint): Promise<[status: bigint, closedAt: bigint]> {
  const { status, closedAt } = await w.board.statusOf(taskId)
  return [status, closedAt.number]
}

/** The block part of the moment at which claims open. */
export const claimsOpenAt = async (w: World, taskId: bigint): Promise<bigint> =>
  (await w.board.claimsOpenAt(taskId)).number

/** Block of the last checkpoint before Finalizing, or of the drawing. */
export const lastBlockOf = async (w: World, taskId: bigint): Promise<bigint> =>
  (await w.log.head(taskId)).lastAt.number

/** An operator with money and a key; not registered yet. */
export async function newActor(w: World, name: string, operatorName = name): Promise<Actor> {
  const { ethers, networkHelpers } = w.connection
  const key = new SigningKey(id(`key of ${name}`))
  const keyAddress = computeAddress(key.publicKey)
  const operatorAddress = computeAddress(new SigningKey(id(`operator ${operatorName}`)).publicKey)
  for (const address of [keyAddress, operatorAddress]) await networkHelpers.setBalance(address, PLENTY)
  const operator = await ethers.getImpersonatedSigner(operatorAddress)
  const node = await ethers.getImpersonatedSigner(keyAddress)
  await w.token.faucet(operatorAddress, 100n * STAKE)
  await w.token.connect(operator).approve(w.registry, PLENTY)
  return {
    name,
    key,
    keyAddress,
    publicKey: dataSlice(key.publicKey, 1),
    operator,
    operatorAddress,
    node,
  }
}

/** The key's consent to belong to an operator. */
export async function consent(w: World, key: SigningKey, operator: string, domain = {}): Promise<string> {
  const registryDomain = {
    name: 'RSDP',
    version: '3',
    chainId: (await w.connection.ethers.provider.getNetwork()).chainId,
    verifyingContract: await w.registry.getAddress(),
    ...domain,
  }
  const type = [
    { name: 'operator', type: 'address' },
    { name: 'key', type: 'address' },
  ]
  const message = { operator, key: computeAddress(key.publicKey) }
  return key.sign(TypedDataEncoder.hash(registryDomain, { Register: type }, message)).serialized
}

export async function register(w: World, actor: Actor, stake = STAKE): Promise<void> {
  const signature = await consent(w, actor.key, actor.operatorAddress)
  await w.registry
    .connect(actor.operator)
    .register(actor.publicKey, stake, PLENTY_ALLOWED, PLENTY_ALLOWED, ONE_MULTIADDR, signature)
}

export async function registered(w: World, name: string, operatorName = name): Promise<Actor> {
  const actor = await newActor(w, name, operatorName)
  await register(w, actor)
  return actor
}

const PEOPLE = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace']

/** n registered operators with one key each. */
export async function registeredMany(w: World, n: number): Promise<Actor[]> {
  const actors: Actor[] = []
  for (let i = 0; i < n; i++) actors.push(await registered(w, PEOPLE[i] ?? `node ${i}`))
  return actors
}

/** A task for four nodes, relative to the present block. */
export async function taskParams(w: World, changes: Partial<TaskParams> = {}): Promise<TaskParams> {
  const now = await blockNumber(w)
  return {
    reducer: id('rate-limit@1'),
    reducerParams: '0x0102',
    usesPrevious: false,
    twin: NOBODY,
    predecessor: 0n,
    minNodes: 4n,
    maxNodes: 4n,
    heights: 64n,
    epochHeights: 32n,
    stateCap: 64n,
    inputCap: 64n,
    calldataInputs: false,
    stakePerNode: 100n,
    rewardPerHeight: 42n,
    checkpointFee: 9n,
    formGasPrice: 0n,
    joinDeadline: now + 40n,
    joinTime: 0n,
    endBlock: now + 1000n,
    endTime: 0n,
    stallBlocks: 400n,
    stallSeconds: 0n,
    turnBlocks: 2n,
    maxEvents: 3n,
    tickMs: 50n,
    debateTicks: 10n,
    shareTicks: 10n,
    confirmTicks: 10n,
    helloTicks: 10n,
    slotTicks: 100n,
    reporters: [],
    ...changes,
  }
}

/** Publishes a task of the client. */
export async function publish(w: World, changes: Partial<TaskParams> = {}): Promise<bigint> {
  await w.board.connect(w.client).publish(await taskParams(w, changes))
  return w.board.tasks()
}

/** What a sign-up for a task agrees to, worked out from what the board shows of it. */
export async function termsOf(w: World, taskId: bigint): Promise<string> {
  const { chainId } = await w.connection.ethers.provider.getNetwork()
  const { client, paramsHash } = await w.board.task(taskId)
  const { twinCodeHash } = await w.board.reductionOf(taskId)
  const types = ['uint256', 'address', 'uint256', 'address', 'bytes32', 'bytes32']
  const values = [chainId, await w.board.getAddress(), taskId, client, paramsHash, twinCodeHash]
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, values))
}

/** Signs a key up under the terms that the task has. */
export async function join(w: World, by: Signer, taskId: bigint, key: string) {
  return w.board.connect(by).join(taskId, key, await termsOf(w, taskId))
}

export interface Height {
  hint: number
  stateHash: string
  inputsRoot: string
  delta: number
  /** Bitmap of the members listed; default: all. */
  list?: bigint
}

/** Canonical bytes of the state after a height, as far as the contracts care. */
export const stateOf = (n: bigint): string => hexlify(toUtf8Bytes(`state ${n.toString()}`))

export const heightOf = (n: bigint, delta = 0): Height => ({
  hint: 0,
  stateHash: keccak256(stateOf(n)),
  inputsRoot: id(`inputs ${n.toString()}`),
  delta,
})

/** Everybody in a cluster of n. */
export const allOf = (n: number): bigint => (1n << BigInt(n)) - 1n

/** The heights of a cluster of n, packed. */
export const encodeBatch = (heights: readonly Height[], n: number): string =>
  concat(
    heights.map(({ hint, stateHash, inputsRoot, delta, list = allOf(n) }) =>
      concat([toBeHex(hint, 1), stateHash, inputsRoot, toBeHex(delta, 2), toBeHex(list, Math.ceil(n / 8))]),
    ),
  )

export interface Exception {
  member: number
  logSeq: bigint
  logHead: string
}

export const encodeExceptions = (exceptions: readonly Exception[]): string =>
  concat(exceptions.map((e) => concat([toBeHex(e.member, 1), toBeHex(e.logSeq, 8), e.logHead])))

/** The arguments of `checkpoint`, by name. */
export interface CheckpointCall {
  taskId: bigint
  first: bigint
  batch: string
  bitmap: bigint
  sharedSeq: bigint
  sharedHead: string
  exceptions: string
  notes: string
  inputs: string
  signatures: string
}

export interface CheckpointOptions {
  heights?: Height[]
  signers?: number[]
  exceptions?: Exception[]
  notes?: string
  inputs?: string
  /** who sends it; default: the key of the member whose turn it is */
  by?: Signer
  /** signed under another domain */
  domain?: Record<string, unknown>
  /** signed for another cluster */
  cluster?: string
}

const CHECKPOINT = {
  Checkpoint: [
    { name: 'cluster', type: 'bytes32' },
    { name: 'height', type: 'uint64' },
    { name: 'root', type: 'bytes32' },
    { name: 'logSeq', type: 'uint64' },
    { name: 'logHead', type: 'bytes32' },
    { name: 'inputsHash', type: 'bytes32' },
  ],
}

/** Rolling hash of ledger events after one more. */
export const nextEvents = (before: string, kind: number, originator: string, data: string): string =>
  keccak256(concat([before, toBeHex(kind, 1), originator, keccak256(data)]))

/** A running task as its members see it: who sits where, what was accepted, what comes next. */
export class Story {
  last = 0n
  eventSeq = 0n
  /** Rolling hash of the ledger events, up to each. */
  eventsHashes: readonly string[] = [ZeroHash]
  root: string
  readonly world: World
  readonly taskId: bigint
  readonly cluster: string
  readonly members: readonly Actor[]
  readonly domain: Record<string, unknown>

  constructor(w: World, taskId: bigint, cluster: string, members: readonly Actor[], domain: Story['domain']) {
    this.world = w
    this.taskId = taskId
    this.cluster = cluster
    this.members = members
    this.domain = domain
    this.root = keccak256(concat([toUtf8Bytes('RSDP3.root'), cluster]))
  }

  /** The same story, to be told on from here: a fixture's own must stay as it was. */
  copy(): Story {
    const { world, taskId, cluster, members, domain } = this
    return Object.assign(new Story(world, taskId, cluster, members, domain), this)
  }

  /** The client posts a ledger event. */
  async post(data: string): Promise<void> {
    const { board, client } = this.world
    await board.connect(client).postEvent(this.taskId, data)
    const before = this.eventsHashes.at(-1) ?? ZeroHash
    this.eventsHashes = [...this.eventsHashes, nextEvents(before, 0, await client.getAddress(), data)]
  }

  get everyone(): number[] {
    return this.members.map((_, i) => i)
  }

  heights(count: number): Height[] {
    return Array.from({ length: count }, (_, i) => heightOf(this.last + 1n + BigInt(i)))
  }

  /** Root and event sequence after `heights`. */
  fold(heights: readonly Height[]): { root: string; eventSeq: bigint } {
    let { root, eventSeq } = this
    for (const h of heights) {
      eventSeq += BigInt(h.delta)
      const eventsHash = this.eventsHashes[Number(eventSeq)] ?? ZeroHash
      const events = [toBeHex(eventSeq, 8), eventsHash]
      const list = toBeHex(h.list ?? allOf(this.members.length), 32)
      const value = keccak256(concat([h.stateHash, h.inputsRoot, list, ...events]))
      root = keccak256(concat([root, value]))
    }
    return { root, eventSeq }
  }

  /** The next heights with the signatures of everybody, unless the options spoil it. */
  next(count = 1, options: CheckpointOptions = {}): CheckpointCall {
    const heights = options.heights ?? this.heights(count)
    const signers = options.signers ?? this.everyone
    const exceptions = options.exceptions ?? []
    const { root } = this.fold(heights)
    const height = this.last + BigInt(heights.length)
    const shared = { logSeq: 4n * height, logHead: id(`head ${height.toString()}`) }
    const inputs = options.inputs ?? '0x'
    const inputsHash = inputs === '0x' ? ZeroHash : keccak256(inputs)
    const signatures = signers.map((i) => {
      const { logSeq, logHead } = exceptions.find((e) => e.member === i) ?? shared
      const domain = { ...this.domain, ...options.domain }
      const message = { cluster: options.cluster ?? this.cluster, height, root, logSeq, logHead, inputsHash }
      return this.members[i]!.key.sign(TypedDataEncoder.hash(domain, CHECKPOINT, message)).serialized
    })
    return {
      taskId: this.taskId,
      first: this.last + 1n,
      batch: encodeBatch(heights, this.members.length),
      bitmap: signers.reduce((bits, i) => bits | (1n << BigInt(i)), 0n),
      sharedSeq: shared.logSeq,
      sharedHead: shared.logHead,
      exceptions: encodeExceptions(exceptions),
      notes: options.notes ?? '0x',
      inputs,
      signatures: concat(signatures),
    }
  }

  /** Sends the next checkpoint and takes note that it was accepted. */
  async accept(count = 1, options: CheckpointOptions = {}) {
    const by = options.by ?? (await this.submitter())
    const response = await send(this.world.log.connect(by), this.next(count, options))
    const heights = options.heights ?? this.heights(count)
    Object.assign(this, this.fold(heights))
    this.last += BigInt(heights.length)
    return response
  }

  /** The key of the member whose turn it is in the next block. */
  async submitter(): Promise<Signer> {
    return this.members[await this.turn()]!.node
  }

  /** A call that the contract may refuse, by the member whose turn it is. */
  async attempt(call: CheckpointCall) {
    return send(this.world.log.connect(await this.submitter()), call)
  }

  /** The member whose turn it is in the next block. */
  async turn(): Promise<number> {
    const next = (await blockNumber(this.world)) + 1n
    return Number(await this.world.log.turnAt(this.taskId, next))
  }
}

export const send = (log: PhaseLog, c: CheckpointCall) =>
  log.checkpoint(
    c.taskId,
    c.first,
    c.batch,
    c.bitmap,
    c.sharedSeq,
    c.sharedHead,
    c.exceptions,
    c.notes,
    c.inputs,
    c.signatures,
  )

/** Draws the cluster of a task and returns it as a story. */
export async function form(
  w: World,
  taskId: bigint,
  actors: readonly Actor[],
  drawing?: [taskId: bigint, header: string, parent: string],
  by = w.mallory,
): Promise<Story> {
  await w.board.connect(by).form(...(drawing ?? (await drawingOf(w, taskId))))
  const [event] = await w.board.queryFilter(w.board.filters.ClusterFormed(taskId))
  const { cluster, signingKeys } = event!.args
  const members = signingKeys.map((key) => actors.find((a) => a.keyAddress === key)!)
  return new Story(w, taskId, cluster, members, {
    name: 'RSDP',
    version: '3',
    chainId: (await w.connection.ethers.provider.getNetwork()).chainId,
    verifyingContract: await w.log.getAddress(),
    salt: await w.log.deploymentId(),
  })
}

/** publish → join → mine: the next transaction can draw the cluster. */
export async function joined(w: World, actors: readonly Actor[], changes: Partial<TaskParams> = {}) {
  const now = await blockNumber(w)
  const joinDeadline = now + 10n + BigInt(actors.length)
  const maxNodes = BigInt(actors.length)
  const taskId = await publish(w, { maxNodes, joinDeadline, ...changes })
  for (const actor of actors) await join(w, actor.node, taskId, actor.keyAddress)
  await mineTo(w, joinDeadline + WINDOWS.reorgDepth)
  return taskId
}

/** A task in which every actor has a seat. */
export async function running(w: World, actors: readonly Actor[], changes: Partial<TaskParams> = {}) {
  return form(w, await joined(w, actors, changes), actors)
}
