import type { EventRecord, MalformedEvent } from '../../ports/history-events.ts'

/** A log on chain, for a reader: what it is called, where it stands, what it says. */
export interface LogRow {
  readonly block: number
  readonly index: number
  readonly contract: string
  /** `?`: no event of the contract. */
  readonly name: string
  readonly transaction: string
  /** Arguments in order, each short; of one that does not decode only its name. */
  readonly args: readonly (readonly [name: string, value: string])[]
  /** False: its bytes are not what a contract writes. */
  readonly isRead: boolean
}

/** Of a value, that go to the page: calldata and evidence are long. */
const VALUE_CHARS = 90

/** All logs that an audit has read, in the order of the chain. */
export function logRows(events: readonly EventRecord[], malformed: readonly MalformedEvent[]): LogRow[] {
  const placed = ({ contract, block, logIndex, transactionHash }: EventRecord | MalformedEvent) => ({
    ...{ block: Number(block), index: Number(logIndex), contract, transaction: transactionHash },
  })
  const read = events.map((event): LogRow => {
    const args = Object.entries(event.args).map(([name, value]) => [name, shown(value)] as const)
    return { ...placed(event), name: event.name, args, isRead: true }
  })
  const unread = malformed.map((event): LogRow => {
    const args = event.field === '' ? [] : [[event.field, 'does not decode'] as const]
    return { ...placed(event), name: event.name ?? '?', args, isRead: false }
  })
  return [...read, ...unread].sort((a, b) => a.block - b.block || a.index - b.index)
}

function shown(value: unknown): string {
  const text = plain(value)
  return text.length <= VALUE_CHARS ? text : `${text.slice(0, VALUE_CHARS)}…`
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{${Object.entries(value)
    .map(([name, one]) => `${name} ${plain(one)}`)
    .join(', ')}}`
}
