/**
 * Writes test/vectors/sealed.json: frames on a medium that proves nothing, as docs/decisions.md describes them.
 *
 * Computed by ethers' own packing and signing, so that a slip in src/codec/sealed.ts shows instead of being copied. Run
 * after a change of the format: npm run vectors:sealed
 */
import { writeFileSync } from 'node:fs'
import {
  computeAddress,
  concat,
  id,
  keccak256,
  SigningKey,
  solidityPackedKeccak256,
  toBeHex,
  toUtf8Bytes,
} from 'ethers'

const KINDS = ['ask', 'answer', 'direct', 'broadcast', 'bye']
const NOBODY = `0x${'00'.repeat(20)}`
const bob = address('bob')

const CASES = [
  { kind: 'ask', receiver: bob, sequence: 1n, body: concat([some('nonce', 16), `0x${'00'.repeat(16)}`]) },
  { kind: 'answer', receiver: bob, sequence: 2n, body: concat([some('nonce', 16), some('session 2', 16)]) },
  { kind: 'direct', receiver: bob, sequence: 3n, body: '0x07' },
  { kind: 'broadcast', receiver: NOBODY, sequence: 2n ** 63n, body: some('body', 32) },
  { kind: 'bye', receiver: bob, sequence: 2n ** 64n - 1n, body: '0x' },
]

const privateKey = id('RSDP sealed vector key')
const sender = computeAddress(privateKey).toLowerCase()
const network = '/\nrsdp.0123456789abcdef'
const session = some('session', 16)

const vectors = CASES.map(({ kind, receiver, sequence, body }) => {
  const header = concat(['0x01', toBeHex(KINDS.indexOf(kind) + 1, 1), sender, session, toBeHex(sequence, 8)])
  const digest = solidityPackedKeccak256(
    ['string', 'bytes32', 'address', 'bytes', 'bytes32'],
    ['RSDP.sealed.v1', keccak256(toUtf8Bytes(network)), receiver, header, keccak256(body)],
  )
  const signature = new SigningKey(privateKey).sign(digest).serialized
  const frame = concat([header, signature, body])
  return {
    privateKey,
    network,
    receiver,
    kind,
    sender,
    session,
    sequence: `${sequence}`,
    body,
    digest,
    frame,
  }
})
const file = new URL('../test/vectors/sealed.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`)
console.log(`${String(vectors.length)} vectors in test/vectors/sealed.json`)

/** Bytes that look random and are the same at each run. */
function some(label: string, bytes: number): string {
  return id(`RSDP sealed vector ${label}`).slice(0, 2 + 2 * bytes)
}

function address(label: string): string {
  return some(label, 20)
}
