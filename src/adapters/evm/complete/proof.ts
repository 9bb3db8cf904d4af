import { fromHex } from '../../../codec/hex.ts'
import type { Completeness, CompletenessFault } from '../../../ports/completeness.ts'
import { RsdpError } from '../../../types/errors.ts'
import type { Digest, Hex } from '../../../types/ids.ts'
import { NIL } from '../../../types/ids.ts'
import type { Deployment } from '../deployment.ts'
import { bloomHas, bloomOf } from '../endpoints/bloom.ts'
import type { Receipt } from '../endpoints/receipts.ts'
import { logsOf, receiptsRoot } from '../endpoints/receipts.ts'
import { rebuildHeader } from '../header.ts'
import type { RpcRequest } from '../history-rpc.ts'
import { troubleIn } from '../trouble.ts'
import type { PlacedLog, RecordedLogs } from './recorded-logs.ts'
import { placedLog, textOf } from './recorded-logs.ts'

/** Headers asked for at a time. */
const BATCH = 100
/** Kinds of receipts whose encoding is known: EIP-2718 up to 7702, deposits of the OP stack. */
const KINDS = new Set(['0x0', '0x1', '0x2', '0x3', '0x4', '0x7e'])

type Fields = Readonly<Record<string, unknown>>

export interface ProofInit {
  readonly request: RpcRequest
  readonly deployment: Deployment
  readonly logs: RecordedLogs
  readonly announce: (work: { readonly headers: number; readonly bytes: number }) => void
}

/** Headers from a head down to the first block of a deployment, and the logs that they commit to. */
export class CompletenessProof {
  readonly #init: ProofInit
  readonly #faults: CompletenessFault[] = []
  readonly #unproved: { block: number; why: string }[] = []
  readonly #seen = new Set<number>()
  #headers = 0
  #provedBlocks = 0
  #provedLogs = 0

  constructor(init: ProofInit) {
    this.#init = init
  }

  async make({ to, hash, by }: { to: number; hash: Digest; by: string }): Promise<Completeness> {
    const { deployment, logs } = this.#init
    const from = Math.min(deployment.fromBlock, to)
    await this.#walk(from, to, hash)
    const isWhole = this.#headers === to - from + 1
    for (const block of logs.toldBlocks) if (isWhole && !this.#seen.has(block)) this.#compare(block, [])
    return {
      ...{ from, to, head: hash, confirmedBy: by, headers: this.#headers },
      ...{ provedBlocks: this.#provedBlocks, provedLogs: this.#provedLogs, requests: logs.requests },
      ...{ faults: this.#faults.toSorted((a, b) => a.block - b.block), unproved: this.#unproved },
    }
  }

  /** From the head down: each header must have the hash that the one above names. Ends where one does not. */
  async #walk(from: number, to: number, head: Digest): Promise<void> {
    let expected: Digest = head
    for (let last = to; last >= from; last -= BATCH) {
      const first = Math.max(from, last - BATCH + 1)
      const numbers = Array.from({ length: last - first + 1 }, (_, i) => last - i)
      const blocks = await Promise.all(numbers.map((number) => this.#block(number)))
      if (last === to) {
        const size = JSON.stringify(blocks).length / blocks.length
        this.#init.announce({ headers: to - from + 1, bytes: Math.ceil(size * (to - from + 1)) })
      }
      for (const [i, block] of blocks.entries()) {
        const parent = await this.#take(numbers[i] ?? 0, block, expected)
        if (parent === null) return
        expected = parent
      }
    }
  }

  /** @returns the parent's hash; null if the header is not the one of this chain, or cannot be told */
  async #take(number: number, block: Fields | null, expected: Digest): Promise<Digest | null> {
    if (expected === NIL)
      return this.#stop(number, 'the header above names no parent, as on a simulated chain that skips blocks')
    if (block === null) return this.#stop(number, 'the endpoint does not have the block')
    const rebuilt = rebuildHeader(block)
    if (block['hash'] !== expected || (rebuilt === null && isLondon(block))) {
      const why = 'the block above names its hash, up to the head'
      const actual = block['hash'] === expected ? 'other contents' : String(block['hash'])
      this.#faults.push({ block: number, field: `block ${number}.hash`, expected, actual, why })
      return null
    }
    if (rebuilt === null) return this.#stop(number, 'the headers of this chain cannot be rebuilt')
    this.#headers += 1
    const bloom = bloomOf(block['logsBloom'])
    if (bloom !== null && this.#mayHold(bloom)) await this.#prove(number, block)
    return block['parentHash'] as Digest
  }

  #stop(block: number, why: string): null {
    this.#unproved.push({ block, why: `${why}: nothing below is proved` })
    return null
  }

  #mayHold(bloom: Uint8Array): boolean {
    const { NodeRegistry, TaskBoard, PhaseLog, Slasher } = this.#init.deployment.contracts
    return [NodeRegistry, TaskBoard, PhaseLog, Slasher].some(({ address }) => bloomHas(bloom, address))
  }

  async #prove(number: number, block: Fields): Promise<void> {
    this.#seen.add(number)
    const receipts = await this.#receipts(number, block)
    if (receipts === null) {
      this.#unproved.push({ block: number, why: 'the endpoint does not give all receipts of the block' })
      return
    }
    if (receipts.some(({ type = '0x0' }) => !KINDS.has(String(type)))) {
      this.#unproved.push({ block: number, why: 'it holds a receipt of a kind whose encoding is not known' })
      return
    }
    const root = receiptsRoot(receipts)
    if (root !== block['receiptsRoot']) {
      const why =
        'the root of the receipts in the header of the block: a log is left out, invented or changed'
      const expected = String(block['receiptsRoot'])
      this.#faults.push({ block: number, field: `block ${number}.receipts`, expected, actual: root, why })
      return
    }
    this.#provedBlocks += 1
    this.#compare(
      number,
      receipts.flatMap(logsOf).map((log, index) => placedLog(log, index)),
    )
  }

  /** What the block holds, against what was told of it. */
  #compare(block: number, held: readonly PlacedLog[]): void {
    const { logs } = this.#init
    const told = logs.toldOf(block)
    const wanted = held.filter((log) => logs.wanted(block, log))
    for (const log of wanted) {
      const answer = told.get(log.index)
      if (answer !== undefined && textOf(answer) === textOf(log)) this.#provedLogs += 1
      else this.#blame(block, log.index, textOf(log), answer === undefined ? 'left out' : textOf(answer))
    }
    const places = new Set(wanted.map(({ index }) => index))
    for (const [index, log] of told)
      if (!places.has(index)) this.#blame(block, index, 'no such log', textOf(log))
  }

  #blame(block: number, index: number, expected: string, actual: string): void {
    const why = 'the receipts that the header of the block commits to'
    this.#faults.push({ block, field: `block ${block}.log[${index}]`, expected, actual, why })
  }

  async #block(number: number): Promise<Fields | null> {
    return (await this.#init.request('eth_getBlockByNumber', [
      `0x${number.toString(16)}`,
      false,
    ])) as Fields | null
  }

  async #receipts(number: number, { transactions }: Fields): Promise<Receipt[] | null> {
    const { request } = this.#init
    try {
      const answer = await request('eth_getBlockReceipts', [`0x${number.toString(16)}`])
      return Array.isArray(answer) ? (answer as Receipt[]) : null
    } catch (error) {
      if (!(error instanceof RsdpError) || !['method', 'params'].includes(troubleIn(error) ?? '')) throw error
    }
    const receipts: Receipt[] = []
    for (const hash of Array.isArray(transactions) ? (transactions as Hex[]) : []) {
      const receipt = await request('eth_getTransactionReceipt', [hash])
      if (typeof receipt !== 'object' || receipt === null) return null
      receipts.push(receipt as Receipt)
    }
    return receipts
  }
}

/** Whether a block has just the fields whose list this program knows: then a hash that does not come out is a lie. */
function isLondon({ parentHash, logsBloom, receiptsRoot: root, stateRoot, mixHash, nonce }: Fields): boolean {
  return (
    [parentHash, root, stateRoot, mixHash].every(
      (hash) => typeof hash === 'string' && fromHex(hash as Hex).length === 32,
    ) &&
    typeof logsBloom === 'string' &&
    nonce !== undefined
  )
}
