import { expect } from 'chai'
import { appendEvent, ledgerKind } from '../../../src/codec/events.ts'
import { fromHex, keccak } from '../../../src/codec/hex.ts'
import { appendLog, encodeLogEntry, epochOf, logStart } from '../../../src/codec/log.ts'
import { inputsRoot, registerDigest, valueHash } from '../../../src/codec/objects.ts'
import {
  appendRoot,
  clusterId,
  encodeSnapshot,
  rootStart,
  seededOrder,
  termsHash,
} from '../../../src/codec/roots.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import type { Address, Digest, Hex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { LogEntry } from '../../../src/types/log.ts'
import { EVENT_NUMBERS, STATUS_NUMBERS } from '../../../src/types/log.ts'
import { readVectors } from '../../helpers/vectors.ts'

interface RootVectors {
  readonly snapshot: readonly {
    readonly members: readonly { key: Address; operator: Address; weight: number }[]
    readonly encoded: Hex
    readonly hash: Digest
  }[]
  readonly terms: readonly ({ readonly chainId: string; readonly taskId: string } & Readonly<
    Record<'board' | 'client', Address> & Record<'paramsHash' | 'twinCodeHash' | 'termsHash', Digest>
  >)[]
  readonly clusters: readonly (Readonly<
    Record<'paramsHash' | 'snapshotHash' | 'seed' | 'cluster', Digest>
  > & {
    readonly taskId: string
  })[]
  readonly inputsRoot: readonly { inputs: Hex; hashes: Digest[]; root: Digest }[]
  readonly values: readonly (Readonly<Record<'stateHash' | 'inputsRoot' | 'inputs' | 'eventsHash', Hex>> & {
    readonly eventSeq: number
    readonly value: Digest
  })[]
  readonly events: readonly {
    readonly events: readonly { kind: number; originator: Address; data: Hex }[]
    readonly hashes: readonly Digest[]
  }[]
  readonly roots: readonly { cluster: Digest; values: Digest[]; root: Digest }[]
  readonly logs: readonly {
    readonly cluster: Digest
    readonly epoch: number
    readonly entries: readonly (LogEntry & { readonly numbers: readonly [number, number, number] })[]
    readonly encoded: readonly Hex[]
    readonly head: Digest
  }[]
  readonly register: readonly {
    chainId: string
    registry: Address
    operator: Address
    key: Address
    digest: Digest
  }[]
}

const vectors = readVectors('roots') as RootVectors

describe('roots', () => {
  it('refuses a weight above u16', () => {
    const member = { key: `0x${'11'.repeat(20)}`, operator: `0x${'22'.repeat(20)}`, weight: 65_536 } as const
    expect(() => encodeSnapshot([member])).throw(InvariantError)
  })

  vectors.snapshot.forEach(({ members, encoded, hash }) => {
    it(`packs the snapshot of ${members.length} members`, () => {
      expect(encodeSnapshot(members)).equal(encoded)
      expect(keccak(encoded)).equal(hash)
    })
  })

  it('names clusters', () => {
    // the vectors give the hash of the snapshot, the function takes its bytes
    const bytesOf = new Map(vectors.snapshot.map(({ encoded, hash }) => [hash, encoded]))
    const known = vectors.clusters.filter(({ snapshotHash }) => bytesOf.has(snapshotHash))
    expect(known.length).greaterThan(1)
    for (const { taskId, paramsHash, snapshotHash, seed, cluster } of known)
      expect(clusterId(BigInt(taskId), paramsHash, bytesOf.get(snapshotHash) ?? '0x', seed)).equal(cluster)
  })

  it('hashes the terms of a sign-up', () => {
    for (const { chainId, board, taskId, termsHash: expected, ...terms } of vectors.terms)
      expect(termsHash(BigInt(chainId), board, BigInt(taskId), terms)).equal(expected)
  })

  it('hashes listed inputs', () => {
    for (const { inputs, hashes, root } of vectors.inputsRoot)
      expect(inputsRoot(BigInt(inputs), hashes)).equal(root)
  })

  it('hashes values', () => {
    for (const { value, inputs, ...content } of vectors.values)
      expect(valueHash({ ...content, inputs: BigInt(inputs) })).equal(value)
  })

  it('rolls ledger events up', () => {
    for (const { events, hashes } of vectors.events) {
      let rolling: Digest = NIL
      events.forEach(({ kind, originator, data }, i) => {
        rolling = appendEvent(rolling, { kind: ledgerKind(kind)!, originator, data: fromHex(data) })
        expect(rolling).equal(hashes[i])
      })
    }
    expect(ledgerKind(2)).equal(null)
  })

  it('chains values into roots', () => {
    for (const { cluster, values, root } of vectors.roots)
      expect(values.reduce(appendRoot, rootStart(cluster))).equal(root)
  })

  it('signs registrations in the registry’s own domain', () => {
    for (const { chainId, registry, operator, key, digest } of vectors.register)
      expect(registerDigest(BigInt(chainId), registry, operator, key)).equal(digest)
  })

  it('orders members by the seed, whatever their order in the list', () => {
    const members = vectors.snapshot[1]!.members.map((member, index) => ({ ...member, index }))
    const cluster = { id: NIL, seed: keccak('0x01'), members, totalWeight: 0 }
    const order = seededOrder(cluster)
    expect([...order].sort((a, b) => a - b)).deep.equal(members.map(({ index }) => index))
    expect(seededOrder({ ...cluster, members: members.toReversed() })).deep.equal(order)
    expect(seededOrder({ ...cluster, seed: keccak('0x02') })).not.deep.equal(order)
    const rank = (index: number): Digest => keccak(`${cluster.seed}${members[index]!.key.slice(2)}`)
    order.slice(1).forEach((index, i) => expect(rank(index) > rank(order[i]!)).equal(true))
  })
})

describe('log', () => {
  it('numbers statuses and events as the vectors do', () => {
    for (const { from, event, to, numbers } of vectors.logs.flatMap(({ entries }) => entries))
      expect([STATUS_NUMBERS[from], EVENT_NUMBERS[event], STATUS_NUMBERS[to]]).deep.equal(numbers)
  })

  vectors.logs.forEach(({ cluster, epoch, entries, encoded, head }) => {
    it(`chains ${entries.length} entries of epoch ${epoch}`, () => {
      expect(entries.map(encodeLogEntry)).deep.equal(encoded)
      expect(entries.reduce(appendLog, logStart(cluster, epoch))).equal(head)
    })
  })

  it('starts epochs at heights 1, R + 1, 2R + 1, …', () => {
    expect([1, 20, 21, 40, 41].map((height) => epochOf(height, 20))).deep.equal([0, 0, 1, 1, 2])
    expect([1, 2, 3].map((height) => epochOf(height, 1))).deep.equal([0, 1, 2])
  })
})
