import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { id, solidityPackedKeccak256, toUtf8Bytes } from 'ethers'
import { createKeyring, recoverSigner } from '../../../src/adapters/keys/keyring.ts'
import { callDigest, headersOf, readHeaders } from '../../../src/codec/gateway-call.ts'
import type { CallHeaders, SignedCall } from '../../../src/codec/gateway-call.ts'
import type { Address, Digest, Hex } from '../../../src/types/ids.ts'

interface Vector {
  readonly privateKey: Hex
  readonly client: Address
  readonly call: SignedCall
  readonly digest: Digest
  readonly signature: Hex
}

const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/gateway.json', import.meta.url), 'utf8'),
) as readonly Vector[]

const HEADERS: CallHeaders = {
  ...{ atMs: 1_764_590_400_000, patienceMs: 10_000, priority: 5 },
  id: `0x${'0a'.repeat(16)}`,
  signature: `0x${'0b'.repeat(65)}`,
}

describe('a call to a gateway', () => {
  it('is signed as the page says: the vectors, and ethers, agree', () => {
    expect(VECTORS).length.greaterThan(1)
    for (const { privateKey, client, call, digest, signature } of VECTORS) {
      const { deploymentId, gateway, atMs, patienceMs, priority, id: name, line, body } = call
      expect(callDigest(call)).equal(digest)
      const types = [
        'string',
        'bytes32',
        'address',
        'uint64',
        'uint32',
        'uint8',
        'bytes16',
        'bytes32',
        'bytes32',
      ]
      const packed = solidityPackedKeccak256(types, [
        ...['RSDP3.gateway', deploymentId, gateway, atMs, patienceMs, priority, name],
        ...[id(line), solidityPackedKeccak256(['bytes'], [body])],
      ])
      expect(packed).equal(digest)
      expect(createKeyring(Buffer.from(privateKey.slice(2), 'hex')).sign(digest)).equal(signature)
      expect(recoverSigner(digest, signature)).equal(client)
    }
  })

  it('is another one whatever part of it is another', () => {
    const { call, digest } = VECTORS[0]!
    const others: readonly Partial<SignedCall>[] = [
      { deploymentId: `0x${'11'.repeat(32)}` },
      { gateway: `0x${'11'.repeat(20)}` },
      { atMs: call.atMs + 1 },
      { patienceMs: call.patienceMs + 1 },
      { priority: call.priority + 1 },
      { id: `0x${'11'.repeat(16)}` },
      { line: `${call.line}x` },
      { line: call.line.replace('GET', 'PUT') },
      { body: `${call.body}00` },
    ]
    const digests = others.map((other) => callDigest({ ...call, ...other }))
    expect(new Set([digest, ...digests])).property('size', others.length + 1)
    expect(toUtf8Bytes('RSDP3.gateway')[0], 'no object of the protocol begins so').not.equal(0x19)
  })

  it('headers are read as they were written; usual ones may be left out', () => {
    const written = headersOf(HEADERS)
    expect(readHeaders((name) => written[name])).deep.equal(HEADERS)
    const few = { ...written, 'rsdp-patience': undefined, 'rsdp-priority': undefined }
    expect(readHeaders((name) => few[name as keyof typeof few])).deep.equal(HEADERS)
  })

  it('headers that cannot be meant are none', () => {
    const wrong: Readonly<Record<string, readonly (string | undefined)[]>> = {
      'rsdp-at': [undefined, '', '-1', '1.5', '1e3', '01', '0x10', '99999999999999999', ' 1'],
      'rsdp-patience': ['0', '99', '30001', '1e4', 'soon'],
      'rsdp-priority': ['11', '-1', 'high'],
      'rsdp-id': [
        undefined,
        '0x',
        `0x${'00'.repeat(15)}`,
        `0x${'00'.repeat(17)}`,
        'a'.repeat(32),
        `0x${'AA'.repeat(16)}`,
      ],
      'rsdp-signature': [undefined, `0x${'00'.repeat(64)}`, `0x${'00'.repeat(66)}`, `0x${'0g'.repeat(65)}`],
    }
    for (const [name, values] of Object.entries(wrong))
      for (const value of values) {
        const given: Record<string, string | undefined> = { ...headersOf(HEADERS), [name]: value }
        expect(
          readHeaders((one) => given[one]),
          `${name}: ${String(value)}`,
        ).equal(null)
      }
  })
})
