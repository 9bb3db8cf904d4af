import type { Random } from '../../../src/faults/random.ts'
import type { Hex } from '../../../src/types/ids.ts'
import type { Told } from '../cors-rpc.ts'
import type { Exchange, RecordedTask } from './recording.ts'
import { keyOf } from './recording.ts'

/** What an endpoint does to what it knows. */
export interface Tampering {
  /** In words. */
  readonly endpoint: string
  /** It is looked for with the proof that no log is left out. */
  readonly isComplete: boolean
  readonly apply: (method: string, params: readonly unknown[], result: unknown) => unknown
}

interface JsonLog {
  readonly blockNumber: string
  readonly logIndex: string
  readonly data: Hex
  readonly topics: readonly Hex[]
}

/** What a tampering is made of: a recorded task, one on another fork of the same chain, chance. */
interface Facts {
  readonly task: RecordedTask
  readonly other: RecordedTask | null
  readonly random: Random
}

type Kind = (facts: Facts) => Tampering

const resultsOf = (task: RecordedTask, method: string): (readonly [Exchange, unknown])[] =>
  task.answers.flatMap((one) => (one[0] === method && 'result' in one[2] ? [[one, one[2].result]] : []))
const placeOf = ({ blockNumber, logIndex }: JsonLog): string => `${Number(blockNumber)}/${Number(logIndex)}`

/** Logs of the task, each once. */
function logsOf(task: RecordedTask): JsonLog[] {
  const told = resultsOf(task, 'eth_getLogs').flatMap(([, logs]) => logs as JsonLog[])
  return [...new Map(told.map((log) => [placeOf(log), log])).values()]
}

/** A bit of a random byte changed. @param from digits that stay */
function flip(random: Random, hex: Hex, from: number): Hex {
  const at = from + 2 * random.int(0, (hex.length - from) / 2 - 1)
  const byte = Number.parseInt(hex.slice(at, at + 2), 16) ^ (1 << random.int(0, 7))
  return `0x${hex.slice(2, at)}${byte.toString(16).padStart(2, '0')}${hex.slice(at + 2)}`
}

/** One answer is another one, and all others are as they are. */
function instead(
  [method, params]: Exchange,
  result: unknown,
  endpoint: string,
  isComplete = false,
): Tampering {
  const key = keyOf(method, params)
  return {
    endpoint,
    isComplete,
    apply: (asked, given, honest) => (keyOf(asked, given) === key ? result : honest),
  }
}

/** Lists of logs are other ones. */
function logs(
  endpoint: string,
  isComplete: boolean,
  change: (logs: readonly JsonLog[]) => readonly JsonLog[],
): Tampering {
  return {
    endpoint,
    isComplete,
    apply: (method, _, honest) => (method === 'eth_getLogs' ? change(honest as JsonLog[]) : honest),
  }
}

function changedLog({ task, random }: Facts, isComplete: boolean): Tampering {
  const log = random.pick(logsOf(task))
  const other =
    log.data.length > 2
      ? { ...log, data: flip(random, log.data, 2) }
      : { ...log, topics: [log.topics[0]!, flip(random, log.topics[1]!, 2), ...log.topics.slice(2)] }
  return logs(`changes a bit of log ${placeOf(log)}`, isComplete, (all) =>
    all.map((one) => (placeOf(one) === placeOf(log) ? other : one)),
  )
}

function omittedLog({ task, random }: Facts, isComplete: boolean): Tampering {
  const log = random.pick(logsOf(task))
  return logs(`leaves log ${placeOf(log)} out`, isComplete, (all) =>
    all.filter((one) => placeOf(one) !== placeOf(log)),
  )
}

/** The log is in no list and in no receipt. */
function hiddenLog({ task, random }: Facts): Tampering {
  const log = random.pick(logsOf(task))
  const without = (all: readonly JsonLog[]): JsonLog[] => all.filter((one) => placeOf(one) !== placeOf(log))
  const hide = (receipt: { readonly logs: readonly JsonLog[] }): object => ({
    ...receipt,
    logs: without(receipt.logs),
  })
  return {
    endpoint: `leaves log ${placeOf(log)} out of receipts, too`,
    isComplete: true,
    apply: (method, _, honest) => {
      if (method === 'eth_getLogs') return without(honest as JsonLog[])
      if (method === 'eth_getBlockReceipts') return (honest as { logs: JsonLog[] }[]).map(hide)
      return method === 'eth_getTransactionReceipt' ? hide(honest as { logs: JsonLog[] }) : honest
    },
  }
}

function inventedLog({ task, random }: Facts): Tampering {
  const all = logsOf(task)
  const model = random.pick(all)
  const block = Number(random.pick(all).blockNumber)
  const invented = { ...model, blockNumber: `0x${block.toString(16)}`, logIndex: '0x63' }
  const endpoint = `invents log ${placeOf(invented)} after ${placeOf(model)}`
  return logs(endpoint, true, (told) =>
    told.some((one) => placeOf(one) === placeOf(model)) ? [...told, invented] : told,
  )
}

function otherFork({ other }: Facts): Tampering {
  if (other === null) throw new Error('the first task has no other fork')
  const headers = new Map(
    resultsOf(other, 'eth_getBlockByNumber').map(([[method, params], block]) => [
      keyOf(method, params),
      block,
    ]),
  )
  return {
    endpoint: 'serves the headers of another fork',
    isComplete: true,
    apply: (method, params, honest) =>
      method === 'eth_getBlockByNumber' ? (headers.get(keyOf(method, params)) ?? null) : honest,
  }
}

function flippedAnswer({ task, random }: Facts, method: string, what: string): Tampering {
  const answers = resultsOf(task, method).filter(([, result]) => String(result).length > 2)
  const [exchange, result] = random.pick(answers)
  const other = flip(random, result as Hex, 2)
  return instead(
    exchange,
    other,
    `changes a bit of ${what} ${answers.findIndex(([one]) => one === exchange)}`,
  )
}

function flippedInput({ task, random }: Facts): Tampering {
  const [exchange, result] = random.pick(resultsOf(task, 'eth_getTransactionByHash'))
  const transaction = result as { readonly input: Hex; readonly hash: Hex }
  const input = flip(random, transaction.input, 10)
  const endpoint = `changes a bit of the calldata of ${transaction.hash.slice(0, 10)}…`
  return instead(exchange, { ...transaction, input }, endpoint)
}

function forgottenTransaction({ task, random }: Facts): Tampering {
  const [exchange] = random.pick(resultsOf(task, 'eth_getTransactionByHash'))
  return instead(exchange, null, `has forgotten transaction ${String(exchange[1][0]).slice(0, 10)}…`)
}

function olderHead({ task, random }: Facts): Tampering {
  const [[exchange, head] = [null, null]] = resultsOf(task, 'eth_blockNumber')
  if (exchange === null) throw new Error('nobody has asked for the newest block')
  const older = Number(head) - 1 - random.int(0, 59)
  return instead(exchange, `0x${older.toString(16)}`, `says that block ${older} is the newest`)
}

function unknownHead({ task }: Facts): Tampering {
  const [[exchange] = [null]] = resultsOf(task, 'eth_getBlockByHash')
  if (exchange === null) throw new Error('nobody has asked for the head')
  return instead(exchange, null, 'does not have the head that the auditor has pinned', true)
}

function otherChain({ task }: Facts): Tampering {
  const [[exchange] = [null]] = resultsOf(task, 'eth_chainId')
  if (exchange === null) throw new Error('nobody has asked for the chain')
  return instead(exchange, '0x1', 'says that it serves chain 1')
}

export const TAMPERINGS: readonly Kind[] = [
  (facts) => changedLog(facts, false),
  (facts) => omittedLog(facts, true),
  (facts) => flippedAnswer(facts, 'eth_call', 'view'),
  inventedLog,
  flippedInput,
  otherFork,
  (facts) => omittedLog(facts, false),
  hiddenLog,
  (facts) => flippedAnswer(facts, 'eth_getCode', 'code'),
  (facts) => changedLog(facts, true),
  olderHead,
  unknownHead,
  forgottenTransaction,
  otherChain,
]

/** What a tampering endpoint says where an honest one says this. */
export function tampered(
  { apply }: Pick<Tampering, 'apply'>,
  method: string,
  params: readonly unknown[],
  told: Told,
): Told {
  return 'result' in told ? { result: apply(method, params, told.result) } : told
}
