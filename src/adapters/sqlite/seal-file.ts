import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { fromHex, keccak, toHex } from '../../codec/hex.ts'
import type { Seal, SealPlace } from '../../codec/seal.ts'
import { decodeSeal, encodeSeal } from '../../codec/seal.ts'
import { syncDirectory } from './sync-directory.ts'

/** Two slots, written by turns: one that is torn leaves the other. */
const SLOTS = 2
/** A sector of its own for each, and room for all marks. */
const SLOT_BYTES = 8_192
const SUM_BYTES = 32
const LENGTH_BYTES = 4

export interface FoundSeal {
  readonly seal: Seal
  readonly place: SealPlace
}

/** The seal beside a store: one small file, written in place, on the disk when a call returns. */
export class SealFile {
  readonly #descriptor: number
  readonly #place: SealPlace
  #turn: number

  private constructor(descriptor: number, place: SealPlace, turn: number) {
    this.#descriptor = descriptor
    this.#place = place
    this.#turn = turn
  }

  /** The newest seal that can be read in this file; null if there is none. */
  static read(path: string): FoundSeal | null {
    if (!existsSync(path)) return null
    const descriptor = openSync(path, 'r')
    try {
      const found = Array.from({ length: SLOTS }, (_, slot) => readSlot(descriptor, slot))
      return found.reduce((a, b) => (a === null || (b !== null && b.seal.count >= a.seal.count) ? b : a))
    } finally {
      closeSync(descriptor)
    }
  }

  /** Writes a seal anew, under another name first. */
  static create(path: string, seal: Seal, { key, deploymentId }: Omit<SealPlace, 'file'>): SealFile {
    const draft = `${path}.new`
    rmSync(draft, { force: true })
    const descriptor = openSync(draft, 'wx+', 0o600)
    try {
      const place = { key, deploymentId, file: fileNumbers(draft) }
      const file = new SealFile(descriptor, place, 0)
      for (let slot = 0; slot < SLOTS; slot += 1) file.write(seal)
      fsyncSync(descriptor)
      renameSync(draft, path)
      syncDirectory(dirname(path))
      return file
    } catch (error) {
      closeSync(descriptor)
      rmSync(draft, { force: true })
      throw error
    }
  }

  /** On the disk when it returns. */
  write(seal: Seal): void {
    const bytes = encodeSeal(seal, this.#place)
    const slot = Buffer.alloc(SLOT_BYTES)
    slot.writeUInt32BE(bytes.length)
    slot.set(fromHex(keccak(bytes)), LENGTH_BYTES)
    slot.set(bytes, LENGTH_BYTES + SUM_BYTES)
    const written = writeSync(this.#descriptor, slot, 0, SLOT_BYTES, this.#turn * SLOT_BYTES)
    if (written !== SLOT_BYTES) throw new Error(`only ${String(written)} bytes of the seal were written`)
    fdatasyncSync(this.#descriptor)
    this.#turn = (this.#turn + 1) % SLOTS
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** Numbers of a file that a copy does not have. Not its name: a folder may be moved. */
export function fileNumbers(path: string): string {
  const { ino, birthtimeNs } = statSync(path, { bigint: true })
  return `${String(ino)} ${String(birthtimeNs)}`
}

function readSlot(descriptor: number, slot: number): FoundSeal | null {
  const bytes = Buffer.alloc(SLOT_BYTES)
  const read = readSync(descriptor, bytes, 0, SLOT_BYTES, slot * SLOT_BYTES)
  const length = bytes.readUInt32BE()
  const start = LENGTH_BYTES + SUM_BYTES
  if (read !== SLOT_BYTES || length > SLOT_BYTES - start) return null
  const body = new Uint8Array(bytes.subarray(start, start + length))
  const sum = toHex(new Uint8Array(bytes.subarray(LENGTH_BYTES, start)))
  return keccak(body) === sum ? decodeSeal(body) : null
}
