import { readFileSync } from 'node:fs'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import type { RawPart, Unverified } from '../../src/codec/frames.ts'
import { decodeFrame, encodeSigned } from '../../src/codec/frames.ts'
import { fromHex, toHex } from '../../src/codec/hex.ts'
import type { Domain } from '../../src/codec/objects.ts'
import { domainSeparator, hashObject, signingDigest, signOnceKey } from '../../src/codec/objects.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Address, Hex } from '../../src/types/ids.ts'
import type { ProtocolObject } from '../../src/types/objects.ts'

/** A frame as a node received it. */
export interface WireFrame {
  /** Wall clock of this machine. */
  readonly atMs: number
  readonly from: Address
  readonly bytes: Uint8Array
}

export function frameLine({ atMs, from, bytes }: WireFrame): string {
  return `${atMs} ${from} ${toHex(bytes)}\n`
}

/** What a node has received so far, over all its lives. A line that is being written is left out. */
export function readFrames(file: string): WireFrame[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => {
    const [at, from, bytes] = line.split(' ')
    return { atMs: Number(at), from: from as Address, bytes: fromHex(bytes as Hex) }
  })
}

/** A signed object on its way, directly from its signer or passed on within a certificate. */
export interface Sighting {
  readonly atMs: number
  readonly from: Address
  /** Who signed it, by the signature itself. */
  readonly signer: Address
  readonly object: ProtocolObject
  /** Object and signature. */
  readonly bytes: Hex
}

/** Every object of members of the cluster in the frames, with the key that the signature proves. */
export function sightings(frames: readonly WireFrame[], cluster: Cluster, domain: Domain): Sighting[] {
  const separator = domainSeparator(domain)
  const members = new Set(cluster.members.map(({ key }) => key))
  const signers = new Map<Hex, Address | null>()
  const signerOf = (signed: Unverified, bytes: Hex): Address | null => {
    const known = signers.get(bytes)
    if (known !== undefined) return known
    const digest = signingDigest(separator, hashObject(cluster.id, signed.object))
    const signer = recoverSigner(digest, signed.signature)
    signers.set(bytes, signer)
    return signer
  }
  return frames.flatMap(({ atMs, from, bytes: frame }) => {
    const decoded = decodeFrame(frame)
    if (decoded?.cluster !== cluster.id) return []
    return decoded.parts.flatMap(objectsOf).flatMap((signed) => {
      const bytes = toHex(encodeSigned(signed))
      const signer = signerOf(signed, bytes)
      return signer !== null && members.has(signer)
        ? [{ atMs, from, signer, object: signed.object, bytes }]
        : []
    })
  })
}

function objectsOf(part: RawPart): readonly Unverified[] {
  switch (part.kind) {
    case 'object':
      return [part.signed]
    case 'decided':
      return [...part.confirms, part.share, ...part.inputs]
    case 'roundCertificate':
      return part.confirms
    default:
      return []
  }
}

/** What was seen of each signer and sign-once key: different bytes, one set per key. */
export function bytesByKey(seen: readonly Sighting[]): Map<string, Set<Hex>> {
  const found = new Map<string, Set<Hex>>()
  for (const { signer, object, bytes } of seen) {
    const key = `${signer} ${signOnceKey(object)}`
    found.set(key, (found.get(key) ?? new Set()).add(bytes))
  }
  return found
}

/** Keys under which somebody has signed twice. */
export function signedTwice(seen: readonly Sighting[]): string[] {
  return [...bytesByKey(seen)].filter(([, bytes]) => bytes.size > 1).map(([key]) => key)
}
