import { concat, encodeRlp } from 'ethers'
import type { Digest, Hex } from '../../../types/ids.ts'
import { badAnswer, bytes, quantity as readQuantity } from '../history-rpc.ts'
import { orderedTrieRoot, quantity } from './ordered-trie.ts'

export type Receipt = Readonly<Record<string, unknown>>

const METHOD = 'eth_getBlockReceipts'
/** Deposits of rollups on the OP stack have two more fields. */
const DEPOSIT = 0x7en

/**
 * Root of the receipts of a block, as its header names it: who gives receipts with this root gives all logs of the block,
 * and no others.
 *
 * @param receipts as the endpoint gives them, in the order of the block
 * @throws RsdpError E_RPC_DOWN if a field is missing
 */
export function receiptsRoot(receipts: readonly Receipt[]): Digest {
  return orderedTrieRoot(receipts.map(encodeReceipt))
}

/** EIP-2718 and EIP-658: kind, status, gas, bloom, logs. */
function encodeReceipt(receipt: Receipt): Hex {
  const number = (name: string): Hex => quantity(readQuantity(METHOD, receipt[name]))
  const fields: unknown[] = [
    number('status'),
    number('cumulativeGasUsed'),
    bytes(METHOD, receipt['logsBloom']),
    logsOf(receipt).map((log) => {
      const topics = log['topics']
      if (!Array.isArray(topics)) throw badAnswer(METHOD, 'a log without topics')
      return [
        bytes(METHOD, log['address']),
        topics.map((topic) => bytes(METHOD, topic)),
        bytes(METHOD, log['data']),
      ]
    }),
  ]
  const kind = receipt['type'] === undefined ? 0n : readQuantity(METHOD, receipt['type'])
  if (kind === DEPOSIT)
    for (const name of ['depositNonce', 'depositReceiptVersion'])
      if (receipt[name] !== undefined) fields.push(number(name))
  const encoded = encodeRlp(fields as string[]) as Hex
  return kind === 0n ? encoded : (concat([quantity(kind), encoded]) as Hex)
}

/** The logs of a receipt as they came. */
export function logsOf(receipt: Receipt): readonly Receipt[] {
  const { logs } = receipt
  if (!Array.isArray(logs)) throw badAnswer(METHOD, 'a receipt without logs')
  return logs as Receipt[]
}
