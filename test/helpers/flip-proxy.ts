import type { Interface, ParamType } from 'ethers'
import { id } from 'ethers'
import { abis } from '../../src/adapters/evm/abi.ts'
import type { Deployment } from '../../src/adapters/evm/deployment.ts'
import type { RpcRequest } from '../../src/adapters/evm/history-rpc.ts'
import type { PackedField } from '../../src/audit/packed.ts'
import { packedFields } from '../../src/audit/packed.ts'
import { PACKED_ARGS } from '../../src/audit/pairs.ts'
import { AUDITED_CONTRACTS } from '../../src/ports/history-events.ts'
import type { Hex } from '../../src/types/ids.ts'

/** One thing that a proxy tells otherwise than the chain does, wherever it comes up. */
export interface Flip {
  /** The field as the audit has to name it, e.g. `Checkpointed.batch.stateHash[3]`. */
  readonly field: string
  /** Where it is told. */
  readonly source: 'event' | 'calldata' | 'view' | 'code' | 'block' | 'transaction'
  readonly apply: (method: string, params: readonly unknown[], answer: unknown) => unknown
}

interface JsonLog {
  readonly address: string
  readonly topics: readonly string[]
  readonly data: string
  readonly blockNumber: string
  readonly logIndex: string
}

type JsonTransaction = Readonly<Record<string, unknown>> & { readonly hash: string; readonly input: string }

interface Exchange {
  readonly method: string
  readonly params: readonly unknown[]
  readonly answer: unknown
}

/** Keeps every answer of an endpoint: the next time it comes from memory. */
export class Recorder {
  readonly #target: RpcRequest
  readonly #exchanges = new Map<string, Exchange>()
  #honest: readonly Exchange[] = []

  constructor(target: RpcRequest) {
    this.#target = target
  }

  readonly request: RpcRequest = async (method, params) => {
    const key = JSON.stringify([method, params])
    const known = this.#exchanges.get(key)
    if (known !== undefined) return known.answer
    const answer = await this.#target(method, params)
    this.#exchanges.set(key, { method, params, answer })
    return answer
  }

  /** What was asked up to now is what an honest audit asks: flips are made of that alone. */
  seal(): void {
    this.#honest = [...this.#exchanges.values()]
  }

  /** The endpoint with one thing flipped. */
  flipped(flip: Flip): RpcRequest {
    return async (method, params) => flip.apply(method, params, await this.request(method, params))
  }

  answersTo(method: string): Exchange[] {
    return this.#honest.filter((exchange) => exchange.method === method)
  }
}

const HEAD_WORDS_MAX = 12

/** Every argument of every event, every argument of every call, down to the last packed field: what the ABI says, no list. */
export function argumentFlips(recorder: Recorder, deployment: Deployment): Flip[] {
  return [...eventFlips(recorder, deployment), ...calldataFlips(recorder, deployment)]
}

function eventFlips(recorder: Recorder, deployment: Deployment): Flip[] {
  const logs = new Map<string, JsonLog>()
  for (const { answer } of recorder.answersTo('eth_getLogs')) {
    for (const log of answer as JsonLog[]) logs.set(placeOf(log), log)
  }
  return [...logs].flatMap(([place, log]) => {
    const abi = interfaceAt(deployment, log.address)
    const event = abi.getEvent(log.topics[0]!)!
    const values = plain(abi.decodeEventLog(event, log.data, log.topics)) as unknown[]
    return leavesOf(event.inputs, values).map((leaf): Flip => {
      const { data, topics } = abi.encodeEventLog(event, leaf.flipped as unknown[])
      return {
        field: event.name + leaf.path,
        source: 'event',
        apply: (method, _, answer) =>
          method === 'eth_getLogs'
            ? (answer as JsonLog[]).map((given) =>
                placeOf(given) === place ? { ...given, data, topics } : given,
              )
            : answer,
      }
    })
  })
}

/**
 * A bit of every word in the head of an event, mostly one that an encoder leaves zero. One event of each kind.
 * The field is the event alone: which argument a broken encoding breaks depends on where.
 */
export function wordFlips(recorder: Recorder, deployment: Deployment): Flip[] {
  const logs = recorder.answersTo('eth_getLogs').flatMap(({ answer }) => answer as JsonLog[])
  const kinds = new Map(logs.map((log) => [log.topics[0], log]))
  return [...kinds.values()].flatMap((log) => {
    const event = interfaceAt(deployment, log.address).getEvent(log.topics[0]!)!
    const words = Math.min(Math.floor((log.data.length - 2) / 64), HEAD_WORDS_MAX)
    const changes: Partial<JsonLog>[] = [
      ...Array.from({ length: words }, (_, i) => ({
        data: flipHex(log.data as Hex, event.name, 2 + 64 * i),
      })),
      ...log.topics.slice(1).map((topic, i) => ({
        topics: log.topics.map((one, j) => (j === i + 1 ? flipHex(topic as Hex, event.name, 2) : one)),
      })),
    ]
    return changes.map((change): Flip => ({
      field: event.name,
      source: 'event',
      apply: (method, _, answer) =>
        method === 'eth_getLogs'
          ? (answer as JsonLog[]).map((given) =>
              placeOf(given) === placeOf(log) ? { ...given, ...change } : given,
            )
          : answer,
    }))
  })
}

const placeOf = ({ blockNumber, logIndex }: JsonLog): string => `${blockNumber}/${logIndex}`

function calldataFlips(recorder: Recorder, deployment: Deployment): Flip[] {
  return transactionsOf(recorder).flatMap((transaction) => {
    const abi = interfaceAt(deployment, String(transaction['to']))
    const call = abi.getFunction(transaction.input.slice(0, 10))!
    const values = plain(abi.decodeFunctionData(call, transaction.input)) as unknown[]
    return leavesOf(call.inputs, values).map((leaf): Flip => {
      const input = abi.encodeFunctionData(call, leaf.flipped as unknown[])
      // the interface says `params` where the implementation says `p`
      const path = call.name === 'publish' ? leaf.path.replace(/^\.p\b/, '.params') : leaf.path
      return transactionFlip(transaction, 'calldata', `${call.name}()${path}`, { input })
    })
  })
}

/** Every field of a transaction that is part of what was signed, for one transaction of each kind. */
export function transactionFlips(recorder: Recorder, deployment: Deployment): Flip[] {
  const numbers = ['nonce', 'value', 'gas', 's', 'v']
  return oneOfEach(transactionsOf(recorder)).flatMap((transaction) => {
    const abi = interfaceAt(deployment, String(transaction['to']))
    const name = `${abi.getFunction(transaction.input.slice(0, 10))!.name}()`
    const changes: Readonly<Record<string, unknown>>[] = [
      ...numbers.map((field) => ({
        [field]: `0x${(BigInt(transaction[field] as string) ^ 1n).toString(16)}`,
      })),
      { from: flipHex(transaction['from'] as Hex, 'from') },
      { to: flipHex(transaction['to'] as Hex, 'to') },
      { input: flipHex(transaction.input as Hex, '', 2) },
      { blockNumber: `0x${(BigInt(transaction['blockNumber'] as string) + 1n).toString(16)}` },
    ]
    return changes.map((change) => transactionFlip(transaction, 'transaction', name, change))
  })
}

function transactionFlip(
  { hash }: JsonTransaction,
  source: Flip['source'],
  field: string,
  change: Readonly<Record<string, unknown>>,
): Flip {
  return {
    field,
    source,
    apply: (method, params, answer) =>
      method === 'eth_getTransactionByHash' && params[0] === hash
        ? { ...(answer as JsonTransaction), ...change }
        : answer,
  }
}

function oneOfEach(transactions: readonly JsonTransaction[]): JsonTransaction[] {
  return [
    ...new Map(transactions.map((transaction) => [transaction.input.slice(0, 10), transaction])).values(),
  ]
}

function transactionsOf(recorder: Recorder): JsonTransaction[] {
  return recorder.answersTo('eth_getTransactionByHash').map(({ answer }) => answer as JsonTransaction)
}

/** Every output of every view function that was asked. */
export function viewFlips(recorder: Recorder, deployment: Deployment): Flip[] {
  return recorder.answersTo('eth_call').flatMap(({ params, answer }) => {
    const { to, data } = params[0] as { to: string; data: string }
    const abi = interfaceAt(deployment, to)
    const view = abi.getFunction(data.slice(0, 10))!
    const values = plain(abi.decodeFunctionResult(view, answer as string)) as unknown[]
    return leavesOf(view.outputs, values).map((leaf): Flip => {
      const flipped = abi.encodeFunctionResult(view, leaf.flipped as unknown[])
      return {
        field: `${view.name}()${leaf.path.replace(/^\.(?=\.|$)/, '')}`,
        source: 'view',
        apply: (method, given, told) =>
          method === 'eth_call' && JSON.stringify(given) === JSON.stringify(params) ? flipped : told,
      }
    })
  })
}

/** Code of the contracts, every field of the snapshot, the seed block's hash, the chain id. */
export function restFlips(recorder: Recorder, deployment: Deployment): Flip[] {
  const ofCode = recorder.answersTo('eth_getCode').flatMap(({ params, answer }) => {
    const contract = AUDITED_CONTRACTS.find((name) => deployment.contracts[name].address === params[0])
    const code = answer as Hex
    const at = (offset: number, field: string): Flip => ({
      field,
      source: 'code',
      apply: (method, given, told) =>
        method === 'eth_getCode' && given[0] === params[0] ? flipHex(code, '', 2 + 2 * offset) : told,
    })
    if (contract !== undefined) return [at(100, `${contract}.code`)]
    const members = (code.length - 4) / 84
    return [
      at(0, 'snapshot.code.prefix'),
      ...Array.from({ length: members }, (_, i) => [
        at(1 + 42 * i + 3, `snapshot.code.members[${i}].key`),
        at(1 + 42 * i + 20 + 3, `snapshot.code.members[${i}].operator`),
        at(1 + 42 * i + 41, `snapshot.code.members[${i}].weight`),
      ]).flat(),
    ]
  })
  const ofBlocks = recorder.answersTo('eth_getBlockByNumber').map(({ params, answer }): Flip => ({
    field: `block ${BigInt(params[0] as string)}.hash`,
    source: 'block',
    apply: (method, _, told) => {
      if (method !== 'eth_getBlockByNumber') return told
      const block = answer as { readonly hash: Hex }
      return { ...block, hash: flipHex(block.hash, 'hash') }
    },
  }))
  const chainId: Flip = {
    field: 'chainId',
    source: 'block',
    apply: (method, _, told) => (method === 'eth_chainId' ? '0x1' : told),
  }
  return [...ofCode, ...ofBlocks, chainId]
}

function interfaceAt(deployment: Deployment, address: string): Interface {
  const name = AUDITED_CONTRACTS.find((one) => deployment.contracts[one].address === address.toLowerCase())
  // the slasher names the only other contract that is asked
  return abis()[name ?? 'Results']
}

interface Leaf {
  readonly path: string
  /** The whole value with this leaf flipped. */
  readonly flipped: unknown
}

function leavesOf(inputs: readonly ParamType[], values: readonly unknown[]): Leaf[] {
  return inputs.flatMap((input, i) =>
    leaves(input, values[i], `.${input.name}`).map(({ path, flipped }) => ({
      path,
      flipped: values.map((value, j) => (j === i ? flipped : value)),
    })),
  )
}

function leaves(type: ParamType, value: unknown, path: string): Leaf[] {
  if (type.arrayChildren !== null) {
    const child = type.arrayChildren
    const items = value as unknown[]
    return items.flatMap((item, i) =>
      leaves(child, item, `${path}[${i}]`).map((leaf) => ({
        path: leaf.path,
        flipped: items.map((other, j) => (j === i ? leaf.flipped : other)),
      })),
    )
  }
  if (type.components !== null) {
    return leavesOf(type.components, value as unknown[]).map((leaf) => ({ ...leaf, path: path + leaf.path }))
  }
  if (type.type === 'bool') return [{ path, flipped: !(value as boolean) }]
  if (/^u?int/.test(type.type)) {
    const bits = BigInt(/\d+/.exec(type.type)?.[0] ?? '256')
    return [{ path, flipped: (value as bigint) ^ (1n << (chance(path) % bits)) }]
  }
  const bytes = value as Hex
  if (bytes.length <= 2) return []
  if (path === '.signatures') return signatureLeaves(bytes)
  const name = path.slice(1)
  if (!PACKED_ARGS.has(name)) return [{ path, flipped: flipHex(bytes, path) }]
  return representatives(packedFields({ name, members: 4 }, bytes)).map((field) => ({
    path: path + field.path,
    flipped: flipHex(
      bytes,
      field.path,
      2 + 2 * (field.from + Number(chance(field.path) % BigInt(field.length))),
    ),
  }))
}

/** Of fields that differ in their last list index only, one: another one in every list. */
function representatives(fields: readonly PackedField[]): PackedField[] {
  const groups = new Map<string, PackedField[]>()
  for (const field of fields) {
    const group = field.path.replace(/\[\d+\](?=[^[]*$)/, '[]')
    groups.set(group, [...(groups.get(group) ?? []), field])
  }
  return [...groups.values()].map((group, i) => group[i % group.length]!)
}

/** r, s and v of every signature. */
function signatureLeaves(packed: Hex): Leaf[] {
  const count = (packed.length - 2) / 130
  return Array.from({ length: count }, (_, i) =>
    [3, 40, 64].map((offset) => ({
      path: `.signatures[${i}]`,
      flipped: flipHex(packed, '', 2 + 2 * (65 * i + offset)),
    })),
  ).flat()
}

/** One bit changed: of the byte at a digit, or of any byte, always the same for one name. */
function flipHex(hex: Hex, name: string, digit?: number): Hex {
  const at = digit ?? 2 + 2 * Number(chance(name) % BigInt((hex.length - 2) / 2))
  const byte = Number.parseInt(hex.slice(at, at + 2), 16) ^ (1 << Number(chance(`${name} bit`) % 8n))
  return `0x${hex.slice(2, at)}${byte.toString(16).padStart(2, '0')}${hex.slice(at + 2)}`
}

function chance(name: string): bigint {
  return BigInt(id(name)) >> 8n
}

/** ethers' read-only results as plain lists, in lower case. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return [...(value as unknown[])].map((item: unknown) => plain(item))
  // ethers takes mixed case for a checksum, which a flip breaks
  return typeof value === 'string' ? value.toLowerCase() : value
}
