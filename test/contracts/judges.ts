/** Evidence before three judges: the contract, the auditor, and the rules by which nodes look for it. */
import type { ErrorFragment, FunctionFragment } from 'ethers'
import { AbiCoder, id } from 'ethers'
import type { Court } from '../../src/audit/evidence/verdict.ts'
import { judgeEvidence } from '../../src/audit/evidence/verdict.ts'
import type { EvidenceCall, RefuteCall } from '../../src/audit/evidence/call.ts'
import { judgeClaim } from '../../src/audit/evidence/reduction.ts'
import { readEvidenceCall, readRefuteCall } from '../../src/audit/evidence/call.ts'
import { readObject } from '../../src/audit/evidence/raw-object.ts'
import { isProof } from '../../src/codec/evidence.ts'
import { membersOf } from '../../src/codec/bitmap.ts'
import { concatHex, fromHex, keccak } from '../../src/codec/hex.ts'
import { decodeLogEntry } from '../../src/codec/log.ts'
import { hashObject, shareValue, signingDigest, TYPE_NUMBERS } from '../../src/codec/objects.ts'
import type { Evidence, ListedInput } from '../../src/types/evidence.ts'
import type { Hex } from '../../src/types/ids.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { ObjectType, ProtocolObject, Share, Signed } from '../../src/types/objects.ts'
import { ROOMY } from '../helpers/twin-chain.ts'
import type { Proof } from './evidence.ts'
import type { World } from './world.ts'

/** What the contract says: null if it convicts, else the error, with the rule where there is one. */
export type Refused = string | null

/** A revert that says nothing: a panic, a string, or no data. */
export const UNTYPED = 'untyped revert'

const coder = AbiCoder.defaultAbiCoder()
const TRY_ALL = id('tryAll(address,bytes[])').slice(0, 10)

/** The contract's word on proofs, by calls that change nothing. Selectors are hashed once, not with every call. */
export class Bench {
  readonly #provider: World['connection']['provider']
  readonly #harness: string
  readonly #slasher: string
  readonly #functions: ReadonlyMap<string, FunctionFragment>
  readonly #selectors: ReadonlyMap<string, string>
  readonly #errors: ReadonlyMap<string, ErrorFragment>

  private constructor({ connection, slasher, board }: World, addresses: readonly [string, string]) {
    this.#provider = connection.provider
    ;[this.#slasher, this.#harness] = addresses
    const functions: FunctionFragment[] = []
    slasher.interface.forEachFunction((one) => functions.push(one))
    this.#functions = new Map(functions.map((one) => [one.name, one]))
    this.#selectors = new Map(functions.map((one) => [one.name, one.selector]))
    const errors: ErrorFragment[] = []
    for (const { interface: abi } of [slasher, board]) abi.forEachError((one) => errors.push(one))
    this.#errors = new Map(errors.map((one) => [one.selector, one]))
  }

  /** Needs a chain that takes calls of any size (`ROOMY`). */
  static async build(w: World): Promise<Bench> {
    const harness = await w.connection.ethers.deployContract('CallsHarness')
    return new Bench(w, [await w.slasher.getAddress(), await harness.getAddress()])
  }

  encode({ name, args }: Proof): Hex {
    const { inputs } = this.#functions.get(name)!
    return concatHex(this.#selectors.get(name)!, coder.encode(inputs, args))
  }

  /** In one call of the harness: alone, each would cost more in the node around the contract than in the contract. */
  async judge(proofs: readonly Hex[]): Promise<Refused[]> {
    const data = concatHex(TRY_ALL, coder.encode(['address', 'bytes[]'], [this.#slasher, proofs]))
    const call = { to: this.#harness, data, gas: `0x${ROOMY.blockGasLimit.toString(16)}` }
    const answer = (await this.#provider.request({ method: 'eth_call', params: [call, 'latest'] })) as Hex
    const outcomes = coder.decode(['bytes[]'], answer)[0] as readonly Hex[]
    return outcomes.map((outcome) => {
      const [succeeded, revert] = coder.decode(['bool', 'bytes'], `0x${outcome.slice(10)}`) as unknown as [
        boolean,
        Hex,
      ]
      return succeeded ? null : this.#nameOf(revert)
    })
  }

  #nameOf(data: Hex): string {
    const error = this.#errors.get(data.slice(0, 10))
    if (error === undefined) return `${UNTYPED} ${data}`
    const isLabelled = error.name === 'ProvesNothing' || error.name === 'NoVerdict'
    return isLabelled ? `${error.name}: ${textOf(data.slice(10))}` : error.name
  }
}

const textOf = (bytes32: string): string =>
  Buffer.from(bytes32, 'hex').toString('latin1').replaceAll('\0', '')

/**
 * How the auditor and the nodes' rules differ from the contract; nothing if they agree. The auditor takes parameters and
 * ledger events from the chain, not from the call: what the contract refuses for these two is not compared.
 */
export function disagreements(
  courts: ReadonlyMap<bigint, Court>,
  data: Hex,
  byContract: Refused,
): readonly string[] {
  if (byContract === 'ProvesNothing: params' || byContract === 'ProvesNothing: events') return []
  const call = readEvidenceCall(data)
  const step = readRefuteCall(data)
  if (step !== null) return ofStep(courts.get(step.taskId), step, byContract)
  if (call === null) return ['the auditor cannot read the call']
  const court = courts.get(call.taskId)
  if (court === undefined) return byContract === null ? ['the contract convicts in no task'] : []
  const found: string[] = []
  const byAuditor = judgeEvidence(court, call)
  const says = 'refused' in byAuditor ? `refuses (${byAuditor.refused})` : `convicts (${byAuditor.because})`
  if ('refused' in byAuditor !== (byContract !== null)) found.push(`the auditor ${says}`)
  const evidence = evidenceOf(court, call)
  if (evidence === null) return found
  const proves = isProof({ cluster: court.cluster, epochHeights: court.params.epochHeights }, evidence)
  // of E4 the nodes' rules say only whether the twin is to be asked
  const agrees =
    call.name === 'wrongReduction' ? proves || byContract !== null : proves === (byContract === null)
  if (!agrees) found.push(`the nodes’ rules ${proves ? 'convict' : 'refuse'}`)
  return found
}

/** A height by itself: the auditor alone judges it, nodes ask the twin. */
function ofStep(court: Court | undefined, step: RefuteCall, byContract: string | null): string[] {
  if (court === undefined) return byContract === null ? ['the contract refutes in no task'] : []
  const isWrong = !('refused' in judgeClaim(court, step, step.claim))
  return isWrong === (byContract === null) ? [] : [`the auditor ${isWrong ? 'refutes' : 'does not refute'}`]
}

/** The call as a node holds evidence; null where a node would never hold such objects. */
function evidenceOf(court: Court, call: EvidenceCall): Evidence | null {
  const read = <T extends ObjectType>(type: T, fields: Hex, signature: Hex): SignedAs<T> | null =>
    signedOf(court, Number(call.member), type, fields, signature)
  switch (call.name) {
    case 'equivocation': {
      const type = typeOf(call.objectType)
      const first = type && read(type, call.first, call.firstSignature)
      const second = type && read(type, call.second, call.secondSignature)
      return first && second ? { kind: 'E1', first, second } : null
    }
    case 'amnesia': {
      const confirm = read('confirm', call.confirm, call.confirmSignature)
      const share = read('share', call.share, call.shareSignature)
      return confirm && share ? { kind: 'E1b', confirm, share } : null
    }
    case 'openLog':
      return null
    case 'illegalLog': {
      const checkpoint = read('checkpoint', call.checkpoint, call.signature)
      const entries = entriesOf(call.entries)
      if (checkpoint === null || entries === null) return null
      return { kind: 'E2', form: 'illegal', checkpoint, headBefore: call.headBefore, entries }
    }
    case 'forkedLog': {
      const first = read('checkpoint', call.first, call.firstSignature)
      const second = read('checkpoint', call.second, call.secondSignature)
      const entries = entriesOf(call.entries)
      if (first === null || second === null || entries === null) return null
      return { kind: 'E2', form: 'forked', first, second, headBefore: call.headBefore, entries }
    }
    case 'unjustifiedVote': {
      const type = typeOf(call.objectType)
      if (type !== 'share' && type !== 'hello') return null
      const vote = read<'share' | 'hello'>(type, call.vote, call.signature)
      return vote && { kind: 'E3', vote: vote as Extract<Evidence, { kind: 'E3' }>['vote'] }
    }
    case 'wrongReduction': {
      const share = read('share', call.share, call.signature)
      return share && reductionOf(court, call, share)
    }
    case 'wrongCheckpoint':
      return null
    case 'twoParents': {
      const type = typeOf(call.objectType)
      const other = type && read(type, call.other, call.otherSignature)
      const share = read('share', call.share, call.shareSignature)
      return other && share ? { kind: 'E6', other, share } : null
    }
  }
}

function reductionOf(
  court: Court,
  call: Extract<EvidenceCall, { name: 'wrongReduction' }>,
  share: Signed<Share>,
): Evidence | null {
  if (call.inputs.some(({ eventSeq }) => eventSeq > BigInt(Number.MAX_SAFE_INTEGER))) return null
  const { id } = court.cluster
  const { height, parent } = share.object
  const inputs = call.inputs.map(({ member, eventSeq, state }): ListedInput => {
    const object = {
      type: 'status',
      height,
      parent,
      stateHash: keccak(state),
      eventSeq: Number(eventSeq),
    } as const
    // whoever brings it: a STATUS counts by its place in the signed list
    const status = { object, member: Number(member), hash: hashObject(id, object), signature: '0x' } as const
    return { status, state: fromHex(state) }
  })
  const object = {
    type: 'confirm',
    height,
    round: Number(call.confirmers.round),
    value: shareValue(share.object),
  } as const
  const members = court.cluster.members.filter(({ index }) => (call.confirmers.members >> BigInt(index)) & 1n)
  const confirms = members.map(({ index }) => {
    return { object, member: index, hash: hashObject(id, object), signature: '0x' } as const
  })
  const brought = new Set(inputs.map(({ status }) => status.member))
  const close = { type: 'close' } as const
  const closes = membersOf(share.object.inputs)
    .filter((member) => !brought.has(member))
    .map((member) => ({ object: close, member, hash: hashObject(id, close), signature: '0x' }) as const)
  return { kind: 'E4', share, inputs, closes, confirms }
}

type SignedAs<T extends ObjectType> = Signed<Extract<ProtocolObject, { type: T }>>

const typeOf = (number: bigint): Exclude<ObjectType, 'close'> | null =>
  (['hello', 'status', 'share', 'confirm', 'checkpoint'] as const).find(
    (type) => BigInt(TYPE_NUMBERS[type]) === number,
  ) ?? null

/** The object if a node could hold it: numbers that it can count with, signed by the member. */
function signedOf<T extends ObjectType>(
  { cluster, separator, recover }: Court,
  member: number,
  type: T,
  fields: Hex,
  signature: Hex,
): SignedAs<T> | null {
  const raw = readObject(cluster.id, BigInt(TYPE_NUMBERS[type]), fields)
  const key = cluster.members[member]?.key
  if (raw === null || key === undefined) return null
  if (recover(signingDigest(separator, raw.hash), signature) !== key) return null
  const values = FIELDS[type].map((name) => {
    const value = raw.field(name)
    if (name === 'inputs') return [name, value] as const
    return [
      name,
      DIGESTS.has(name) ? concatHex(value.toString(16).padStart(64, '0')) : Number(value),
    ] as const
  })
  const isCountable = values.every(([, value]) => typeof value !== 'number' || Number.isSafeInteger(value))
  if (!isCountable) return null
  const object = { type, ...Object.fromEntries(values) } as unknown as SignedAs<T>['object']
  return { object, member, hash: raw.hash, signature }
}

const DIGESTS = new Set([
  'value',
  'parent',
  'inputsRoot',
  'stateHash',
  'eventsHash',
  'root',
  'logHead',
  'inputsHash',
])
const FIELDS: Readonly<Record<ObjectType, readonly string[]>> = {
  hello: ['height', 'round', 'value', 'inputsRoot', 'inputs', 'validRound'],
  status: ['height', 'parent', 'stateHash', 'eventSeq'],
  share: [
    ...['height', 'round', 'parent', 'stateHash', 'inputsRoot'],
    ...['inputs', 'eventSeq', 'eventsHash', 'validRound'],
  ],
  confirm: ['height', 'round', 'value'],
  checkpoint: ['height', 'root', 'logSeq', 'logHead', 'inputsHash'],
  close: [],
}
const ENTRY_HEX = 110

function entriesOf(packed: Hex): LogEntry[] | null {
  const entries: LogEntry[] = []
  for (let at = 2; at < packed.length; at += ENTRY_HEX) {
    const entry = decodeLogEntry(`0x${packed.slice(at, at + ENTRY_HEX)}`)
    if (entry === null) return null
    entries.push(entry)
  }
  return entries
}
