import type { Authorization, TransactionLike } from 'ethers'
import { Signature, Transaction } from 'ethers'
import type { ExpectedDeployment } from '../../ports/chain-history.ts'
import type { CallName, CallRecord, ContractName, TransactionRecord } from '../../ports/history-events.ts'
import { AUDITED_CONTRACTS } from '../../ports/history-events.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import { abis } from './abi.ts'
import { decodeCall } from './history-abi.ts'
import { badAnswer, bytes, quantity } from './history-rpc.ts'

type Fields = Readonly<Record<string, unknown>>

const METHOD = 'eth_getTransactionByHash'
/** Kinds of transactions whose signed encoding ethers knows: legacy, EIP-2930, 1559, 4844, 7702. */
const KINDS_MAX = 4n

/** A transaction with its calldata decoded, asked for by `hash`. @throws RsdpError E_RPC_DOWN */
export function readTransaction(
  hash: Digest,
  fields: Fields,
  expected: ExpectedDeployment,
): TransactionRecord {
  const to = fields['to'] === null || fields['to'] === undefined ? null : bytes(METHOD, fields['to'])
  return {
    hash,
    block: quantity(METHOD, fields['blockNumber']),
    from: bytes(METHOD, fields['from']),
    to,
    call: readCall(to, bytes(METHOD, fields['input']), expected),
    signed: encodeSigned(fields),
  }
}

const ACCUSED = ['taskId', 'member'] as const
const OPENING = ['params', 'inputs', 'closes', 'events']

/** The calls that are read, by the contract that takes them, with the names that the interfaces give their arguments. */
const CALLS: Readonly<Record<ContractName, Readonly<Partial<Record<string, readonly string[]>>>>> = {
  NodeRegistry: {
    register: ['publicKey', 'stake', 'perTask', 'total', 'multiaddrs', 'signature'],
    rotateKey: ['key', 'publicKey', 'multiaddrs', 'signature'],
    freeze: ['key'],
    addStake: ['amount'],
    setPayout: ['payout'],
    offerAccount: ['newWallet'],
    acceptAccount: ['operator'],
  },
  TaskBoard: {
    publish: ['params'],
    join: ['taskId', 'key', 'termsHash'],
    quit: ['taskId', 'key'],
    form: ['taskId', 'header'],
    revoke: ['taskId'],
    claim: ['taskId'],
    postEvent: ['taskId', 'data'],
    release: ['taskId', 'key'],
    finalize: ['taskId', 'result', 'previousRoot', 'inputsRoot', 'inputs'],
  },
  PhaseLog: {
    checkpoint: [
      'taskId',
      'first',
      'batch',
      'bitmap',
      'sharedSeq',
      'sharedHead',
      'exceptions',
      'notes',
      'inputs',
      'signatures',
    ],
    republish: ['taskId', 'height', 'hints', 'notes'],
  },
  Slasher: {
    equivocation: [...ACCUSED, 'objectType', 'first', 'firstSignature', 'second', 'secondSignature'],
    amnesia: [...ACCUSED, 'confirm', 'confirmSignature', 'share', 'shareSignature'],
    openLog: [...ACCUSED, 'checkpoint', 'signature', 'headBefore', 'entries'],
    illegalLog: [...ACCUSED, 'checkpoint', 'signature', 'headBefore', 'entries'],
    forkedLog: [...ACCUSED, 'first', 'firstSignature', 'second', 'secondSignature', 'headBefore', 'entries'],
    unjustifiedVote: [...ACCUSED, 'objectType', 'vote', 'signature'],
    wrongReduction: [...ACCUSED, 'share', 'signature', ...OPENING, 'confirmers', 'before'],
    refute: ['taskId', 'claim', 'later', ...OPENING, 'before'],
    wrongCheckpoint: [...ACCUSED, 'checkpoint', 'signature', 'height', 'root', 'later'],
    twoParents: [...ACCUSED, 'objectType', 'other', 'otherSignature', 'share', 'shareSignature'],
  },
}

/** By what it calls; a call of somebody else's contract is read by its selector, if only to be named. */
function readCall(to: Address | null, input: Hex, { contracts }: ExpectedDeployment): CallRecord {
  const unknown: CallRecord = { name: null, malformed: '' }
  const called = AUDITED_CONTRACTS.find((name) => contracts[name].address === to)
  for (const contract of called === undefined ? AUDITED_CONTRACTS : [called]) {
    const call = readCallOf(contract, input)
    if (call !== null) return call
  }
  return unknown
}

function readCallOf(contract: ContractName, input: Hex): CallRecord | null {
  const decoded = decodeCall(abis()[contract], input)
  const names = decoded.name === null ? undefined : CALLS[contract][decoded.name]
  if (names === undefined) return null
  if (!decoded.ok) return { name: decoded.name as CallName, malformed: names[decoded.position] ?? '' }
  // implementations may call their parameters otherwise: the position counts. What they hold, the ABI says
  const args = Object.fromEntries(names.map((name, i) => [name, decoded.values[i]]))
  return { name: decoded.name, args } as unknown as CallRecord
}

/** RLP of the signed transaction; null for a kind that is not known, `0x` if the fields make no transaction. */
function encodeSigned(fields: Fields): Hex | null {
  const kind = fields['type'] === undefined ? 0n : quantity(METHOD, fields['type'])
  if (kind > KINDS_MAX) return null
  try {
    const v = quantity(METHOD, fields['v'] ?? fields['yParity'])
    const number = (name: string): bigint | null =>
      fields[name] === undefined || fields[name] === null ? null : quantity(METHOD, fields[name])
    const like: TransactionLike = {
      type: Number(kind),
      chainId: number('chainId') ?? (v >= 35n ? (v - 35n) / 2n : 0n),
      nonce: Number(quantity(METHOD, fields['nonce'])),
      to: fields['to'] as string | null,
      value: number('value') ?? 0n,
      gasLimit: number('gas') ?? 0n,
      data: fields['input'] as string,
      signature: { r: word(fields['r']), s: word(fields['s']), v },
    }
    if (kind < 2n) like.gasPrice = number('gasPrice')
    else {
      like.maxFeePerGas = number('maxFeePerGas')
      like.maxPriorityFeePerGas = number('maxPriorityFeePerGas')
    }
    if (kind >= 1n) like.accessList = fields['accessList'] as []
    if (kind === 3n) {
      like.maxFeePerBlobGas = number('maxFeePerBlobGas')
      like.blobVersionedHashes = fields['blobVersionedHashes'] as string[]
    }
    if (kind === 4n) like.authorizationList = authorizations(fields['authorizationList'])
    return Transaction.from(like).serialized as Hex
  } catch {
    return '0x'
  }
}

function authorizations(value: unknown): Authorization[] {
  if (!Array.isArray(value)) throw badAnswer(METHOD, 'no list of authorizations')
  return (value as Fields[]).map((item) => ({
    address: bytes(METHOD, item['address']),
    nonce: quantity(METHOD, item['nonce']),
    chainId: quantity(METHOD, item['chainId']),
    signature: Signature.from({
      r: word(item['r']),
      s: word(item['s']),
      v: quantity(METHOD, item['yParity'] ?? item['v']),
    }),
  }))
}

/** 32 bytes; endpoints leave leading zeros out. */
function word(value: unknown): string {
  return `0x${quantity(METHOD, value).toString(16).padStart(64, '0')}`
}
