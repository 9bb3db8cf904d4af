import { decodeFrame } from '../../src/codec/frames.ts'
import type { RawPart, Unverified } from '../../src/codec/frames.ts'
import { hashObject, signOnceKey } from '../../src/codec/objects.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'
import type { Checkpoint } from '../../src/types/objects.ts'

/** A CHECKPOINT as its signer sent it, with its note. */
export interface SentCheckpoint {
  readonly member: number
  readonly object: Checkpoint
  note: Hex | null
}

/** Writes down what goes over the wire, and knows only that: a judge from outside. */
export class Wire {
  /** Signed object by member and sign-once key. */
  readonly signed = new Map<string, Digest>()
  /** Keys for which a member sent two different objects. */
  readonly conflicts: string[] = []
  /** Frames by height, without those that carry a CHECKPOINT. */
  readonly frames = new Map<number, number>()
  checkpointFrames = 0
  /** Frames that carry no signed object: questions and answers. */
  otherFrames = 0
  /** By `member/height`. */
  readonly checkpoints = new Map<string, SentCheckpoint>()
  /** Every object with its signature, in order of sending. */
  readonly objects: Unverified[] = []

  sent(from: number, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
    if (frame === null) throw new Error(`${from} sent what is no frame`)
    const objects = frame.parts.flatMap(objectsOf)
    for (const signed of objects) this.#note(frame.cluster, signed)
    const [first] = objects
    // what was asked for, or is sent in answer: what goes out by itself is an object, with a flag or digests at most
    const isOther = frame.parts.some(
      (part) => part.kind !== 'object' && 'height' in part && part.kind !== 'ask' && part.kind !== 'seen',
    )
    if (first === undefined || isOther) this.otherFrames += 1
    else if (first.object.type === 'checkpoint') this.#checkpoint(from, first, frame.parts)
    else if ('height' in first.object)
      this.frames.set(first.object.height, (this.frames.get(first.object.height) ?? 0) + 1)
  }

  #note(cluster: Digest, signed: Unverified): void {
    this.objects.push(signed)
    const key = `${signed.member}/${signOnceKey(signed.object)}`
    const hash = hashObject(cluster, signed.object)
    const known = this.signed.get(key)
    if (known !== undefined && known !== hash) this.conflicts.push(key)
    this.signed.set(key, hash)
  }

  #checkpoint(from: number, { object }: Unverified, parts: readonly RawPart[]): void {
    this.checkpointFrames += 1
    if (object.type !== 'checkpoint') return
    const note = parts.find((part) => part.kind === 'notes')?.note ?? null
    const key = `${from}/${object.height}`
    const known = this.checkpoints.get(key)
    if (known === undefined) this.checkpoints.set(key, { member: from, object, note })
    else known.note ??= note
  }
}

function objectsOf(part: RawPart): readonly Unverified[] {
  switch (part.kind) {
    case 'object':
      return [part.signed]
    case 'decided':
      return [...part.confirms, part.share, ...part.inputs]
    case 'roundCertificate':
      return part.confirms
    case 'ask':
    case 'body':
    case 'seen':
    case 'get':
    case 'sync':
    case 'own':
    case 'at':
    case 'notes':
      return []
  }
}
