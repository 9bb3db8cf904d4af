import { byteLength, keccak } from '../codec/hex.ts'
import { encodeSnapshot } from '../codec/roots.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { EventArgs } from '../ports/history-events.ts'
import type { Member } from '../types/cluster.ts'
import type { Digest, Hex } from '../types/ids.ts'
import type { Bench } from './judge.ts'

const MEMBER_BYTES = 42

/** A member as the snapshot holds it, at the place of its seat. */
export type Seat = Omit<Member, 'index'>

/** Members stand in the event's lists, in the snapshot's code and in its hash: two of three outvote the third. */
export function checkMembers(
  bench: Bench,
  { snapshotCode, views }: TaskHistory,
  args: EventArgs['ClusterFormed'],
): { readonly seats: readonly Seat[]; readonly hash: Digest } {
  const listed = seatsOfEvent(args)
  const ofEvent = listed === null ? null : encodeSnapshot(listed)
  const pointed = snapshotCode.get(args.pointer) ?? '0x'
  const code = pointed === '0x' ? (snapshotCode.get(views.task.snapshot) ?? '0x') : pointed
  if (pointed === '0x' && code !== '0x') {
    const why = 'the board keeps the snapshot there, and the event points to an empty address'
    bench.mismatch('ClusterFormed.pointer', views.task.snapshot, args.pointer, why)
  } else {
    bench.equal('task().snapshot', args.pointer, views.task.snapshot, 'where the event points')
  }
  const ofCode: Hex | null = code.startsWith('0x00') ? `0x${code.slice(4)}` : null
  const stored = ofCode === null ? null : seatsOfBytes(ofCode)
  const hashOf = (bytes: Hex | null): Digest | null => (bytes === null ? null : keccak(bytes))

  if (ofEvent !== null && ofEvent === ofCode) {
    bench.equal('ClusterFormed.snapshotHash', keccak(ofEvent), args.snapshotHash, 'keccak of the members')
    return { seats: listed ?? [], hash: keccak(ofEvent) }
  }
  if (stored !== null && hashOf(ofCode) === args.snapshotHash) {
    blameEvent(bench, args, stored)
    return { seats: stored, hash: args.snapshotHash }
  }
  if (code === '0x') bench.missing('snapshot.code', 'the node serves no code of the snapshot')
  else blameCode(bench, code, listed ?? [])
  if (hashOf(ofEvent) !== args.snapshotHash) {
    const actual = hashOf(ofEvent) ?? 'lists of different lengths'
    bench.mismatch('ClusterFormed.snapshotHash', actual, args.snapshotHash, 'keccak of the listed members')
  }
  return { seats: listed ?? [], hash: args.snapshotHash }
}

function seatsOfEvent({ signingKeys, operators, weights }: EventArgs['ClusterFormed']): Seat[] | null {
  if (operators.length !== signingKeys.length || weights.length !== signingKeys.length) return null
  return signingKeys.map((key, i) => ({
    key,
    operator: operators[i] ?? '0x',
    weight: Number(weights[i] ?? 0n),
  }))
}

function seatsOfBytes(bytes: Hex): Seat[] | null {
  const length = byteLength(bytes)
  if (length === 0 || length % MEMBER_BYTES !== 0) return null
  return Array.from({ length: length / MEMBER_BYTES }, (_, i) => {
    const at = 2 + 2 * i * MEMBER_BYTES
    return {
      key: `0x${bytes.slice(at, at + 40)}`,
      operator: `0x${bytes.slice(at + 40, at + 80)}`,
      weight: Number.parseInt(bytes.slice(at + 80, at + 84), 16),
    }
  })
}

function blameEvent(bench: Bench, args: EventArgs['ClusterFormed'], stored: readonly Seat[]): void {
  const why = 'the snapshot says so, and its hash is right'
  const lists = [
    ['signingKeys', args.signingKeys, stored.map(({ key }) => key)],
    ['operators', args.operators, stored.map(({ operator }) => operator)],
    ['weights', args.weights, stored.map(({ weight }) => BigInt(weight))],
  ] as const
  for (const [name, given, expected] of lists) {
    bench.equal(`ClusterFormed.${name}.length`, BigInt(expected.length), BigInt(given.length), why)
    if (given.length !== expected.length) continue
    expected.forEach((value, i) =>
      bench.equal(`ClusterFormed.${name}[${i}]`, value, given[i] ?? '', why, { member: i }),
    )
  }
}

function blameCode(bench: Bench, code: Hex, listed: readonly Seat[]): void {
  const why = 'ClusterFormed lists it'
  if (!code.startsWith('0x00')) {
    bench.mismatch('snapshot.code.prefix', '0x00', code.slice(0, 4), 'data contracts start so')
    return
  }
  const stored = seatsOfBytes(`0x${code.slice(4)}`)
  if (stored?.length !== listed.length) {
    bench.mismatch('snapshot.code.length', BigInt(listed.length * MEMBER_BYTES), code, why)
    return
  }
  stored.forEach((seat, i) => {
    for (const name of ['key', 'operator', 'weight'] as const) {
      const expected = String(listed[i]?.[name] ?? '')
      bench.equal(`snapshot.code.members[${i}].${name}`, expected, String(seat[name]), why, { member: i })
    }
  })
}
