import { encodeRlp } from 'ethers'
import { keccak } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'

/** Fields of a header in order, by their JSON-RPC names; `quantity` is written without leading zeros. */
type Field = readonly [name: string, kind: 'bytes' | 'quantity']

const LONDON: readonly Field[] = [
  ['parentHash', 'bytes'],
  ['sha3Uncles', 'bytes'],
  ['miner', 'bytes'],
  ['stateRoot', 'bytes'],
  ['transactionsRoot', 'bytes'],
  ['receiptsRoot', 'bytes'],
  ['logsBloom', 'bytes'],
  ['difficulty', 'quantity'],
  ['number', 'quantity'],
  ['gasLimit', 'quantity'],
  ['gasUsed', 'quantity'],
  ['timestamp', 'quantity'],
  ['extraData', 'bytes'],
  ['mixHash', 'bytes'],
  ['nonce', 'bytes'],
  ['baseFeePerGas', 'quantity'],
]

/** What each fork after London has appended. */
const APPENDED: readonly (readonly [fork: string, fields: readonly Field[]])[] = [
  ['Shanghai', [['withdrawalsRoot', 'bytes']]],
  [
    'Cancun',
    [
      ['blobGasUsed', 'quantity'],
      ['excessBlobGas', 'quantity'],
      ['parentBeaconBlockRoot', 'bytes'],
    ],
  ],
  ['Prague', [['requestsHash', 'bytes']]],
]

/** Field lists from the newest fork to the oldest. */
const FORKS: readonly (readonly [fork: string, fields: readonly Field[]])[] = APPENDED.reduce<
  (readonly [string, readonly Field[]])[]
>(
  (forks, [fork, fields]) => [[fork, [...(forks[0]?.[1] ?? LONDON), ...fields]], ...forks],
  [['London', LONDON]],
)

export interface RebuiltHeader {
  readonly header: Hex
  /** Fork whose list of fields fits. */
  readonly fork: string
}

/**
 * The RLP header of a block as `eth_getBlockByNumber` answers it: the list of fields is right iff the hash comes out.
 * Endpoints may serve fields that are not part of the header; lists with a field that is missing are passed over.
 *
 * @returns null if no list fits
 */
export function rebuildHeader(block: Readonly<Record<string, unknown>>): RebuiltHeader | null {
  for (const [fork, fields] of FORKS) {
    const values = fields.map(([name, kind]) => valueOf(block[name], kind))
    if (values.includes(null)) continue
    const header = encodeRlp(values as string[]) as Hex
    if (keccak(header) === block['hash']) return { header, fork }
  }
  return null
}

/** As `rebuildHeader`. @throws RsdpError E_HEADER if no list fits */
export function requireHeader(block: Readonly<Record<string, unknown>>): RebuiltHeader {
  const rebuilt = rebuildHeader(block)
  if (rebuilt !== null) return rebuilt
  throw new RsdpError({
    code: 'E_HEADER',
    message: `no known list of header fields hashes to block ${String(block['number'])}, ${String(block['hash'])}`,
    hint: 'the chain has a newer fork: update this program; meanwhile another member may draw the cluster',
    exit: EXIT.precondition,
    details: { block: block['number'], fields: Object.keys(block).sort() },
  })
}

function valueOf(value: unknown, kind: Field[1]): string | null {
  if (typeof value !== 'string' || !/^0x[0-9a-f]*$/i.test(value)) return null
  if (kind === 'bytes') return value.length % 2 === 0 ? value : null
  const digits = value.slice(2).replace(/^0+/, '')
  return `0x${digits.length % 2 === 0 ? '' : '0'}${digits}`
}
