import { keccak } from '../../codec/hex.ts'
import { u64 } from '../../reducers/fixed-width.ts'
import type { Address } from '../../types/ids.ts'
import { u16 } from '../fields.ts'
import { joined } from './parts.ts'

/** Bytes of a message in one frame. */
const PART_BYTES = 48_000
/** Parts of a message at most: 48 MB. */
const PARTS_MAX = 1_000
/** Ticks without a question for the next part after which a message is given up. */
const PATIENCE_TICKS = 40
const KINDS = { whole: 0, part: 1, next: 2 } as const
const HEAD_BYTES = { part: 13, next: 11 } as const

interface Outgoing {
  readonly id: bigint
  readonly bytes: Uint8Array
  readonly parts: number
  part: number
  ticks: number
}

interface Incoming {
  readonly id: bigint
  readonly count: number
  readonly parts: Uint8Array[]
}

export interface BulkFrame {
  readonly to: Address
  readonly frame: Uint8Array
}

/**
 * Messages of any length in frames of less than 60,000 bytes. A long one leaves part by part, each asked for by its receiver
 * and sent again at each tick until it is; one at a time to each receiver. A message comes whole and unchanged, or not at all.
 */
export class Bulk {
  readonly #outgoing = new Map<Address, Outgoing>()
  readonly #incoming = new Map<Address, Incoming>()

  /** What to send now; null: a long message is on its way to this receiver, and this one is not sent. */
  send(to: Address, bytes: Uint8Array): BulkFrame | null {
    if (bytes.length <= PART_BYTES) return { to, frame: joined([Uint8Array.of(KINDS.whole), bytes]) }
    const parts = Math.ceil(bytes.length / PART_BYTES)
    if (this.#outgoing.has(to) || parts > PARTS_MAX) return null
    const outgoing = { id: nameOf(bytes), bytes, parts, part: 0, ticks: 0 }
    this.#outgoing.set(to, outgoing)
    return { to, frame: partFrame(outgoing) }
  }

  /** @returns a message that is whole, and what to send */
  receive(
    from: Address,
    frame: Uint8Array,
  ): { readonly message: Uint8Array | null; readonly send: BulkFrame | null } {
    const nothing = { message: null, send: null }
    if (frame[0] === KINDS.whole) return { message: frame.slice(1), send: null }
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
    if (frame[0] === KINDS.next && frame.length === HEAD_BYTES.next)
      return { message: null, send: this.#next(from, u64.get(view, 1), u16.get(view, 9)) }
    if (frame[0] !== KINDS.part || frame.length <= HEAD_BYTES.part) return nothing
    const [id, part, count] = [u64.get(view, 1), u16.get(view, 9), u16.get(view, 11)]
    if (part >= count || count > PARTS_MAX) return nothing
    return this.#add(from, { id, part, count, bytes: frame.slice(HEAD_BYTES.part) })
  }

  /** What is on its way, again. */
  tick(): BulkFrame[] {
    return [...this.#outgoing].flatMap(([to, outgoing]) => {
      outgoing.ticks += 1
      if (outgoing.ticks <= PATIENCE_TICKS) return [{ to, frame: partFrame(outgoing) }]
      this.#outgoing.delete(to)
      return []
    })
  }

  /** The receiver has all parts before this one. */
  #next(from: Address, id: bigint, part: number): BulkFrame | null {
    const outgoing = this.#outgoing.get(from)
    if (outgoing?.id !== id || part <= outgoing.part) return null
    if (part >= outgoing.parts) {
      this.#outgoing.delete(from)
      return null
    }
    outgoing.part = part
    outgoing.ticks = 0
    return { to: from, frame: partFrame(outgoing) }
  }

  #add(
    from: Address,
    { id, part, count, bytes }: { id: bigint; part: number; count: number; bytes: Uint8Array },
  ): { readonly message: Uint8Array | null; readonly send: BulkFrame | null } {
    let incoming = this.#incoming.get(from)
    if (incoming?.id !== id || incoming.count !== count) {
      incoming = { id, count, parts: [] }
      this.#incoming.set(from, incoming)
    }
    const { parts } = incoming
    const isNew = part === parts.length
    if (isNew) parts.push(bytes)
    const send = { to: from, frame: nextFrame(id, parts.length) }
    if (!isNew || parts.length < count) return { message: null, send }
    // it stays known as whole: its last part may come again
    const message = joined(parts)
    parts.fill(new Uint8Array())
    return { message: nameOf(message) === id ? message : null, send }
  }
}

function partFrame({ id, bytes, part, parts }: Outgoing): Uint8Array {
  const body = bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES)
  const frame = new Uint8Array(HEAD_BYTES.part + body.length)
  const view = new DataView(frame.buffer)
  frame[0] = KINDS.part
  u64.put(view, 1, id)
  u16.put(view, 9, part)
  u16.put(view, 11, parts)
  frame.set(body, HEAD_BYTES.part)
  return frame
}

function nextFrame(id: bigint, part: number): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES.next)
  const view = new DataView(frame.buffer)
  frame[0] = KINDS.next
  u64.put(view, 1, id)
  u16.put(view, 9, part)
  return frame
}

/** First eight bytes of the hash. */
function nameOf(bytes: Uint8Array): bigint {
  return BigInt(keccak(bytes)) >> 192n
}
