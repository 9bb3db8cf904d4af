import { decodeInputs } from '../../src/codec/batch.ts'
import { bitmapOf } from '../../src/codec/bitmap.ts'
import { keccak, utf8Hex } from '../../src/codec/hex.ts'
import { appendLog, logStart } from '../../src/codec/log.ts'
import type { Domain } from '../../src/codec/objects.ts'
import { domainSeparator, inputsRoot } from '../../src/codec/objects.ts'
import { rootStart } from '../../src/codec/roots.ts'
import { signObject } from '../../src/node/signing.ts'
import type { Keyring } from '../../src/ports/keyring.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import { invariant } from '../../src/types/errors.ts'
import type { Evidence, ListedInput } from '../../src/types/evidence.ts'
import type { Digest, Hex, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { ProtocolObject, Share, Signed } from '../../src/types/objects.ts'

export interface CrimesInit {
  readonly cluster: Cluster
  /** By member. */
  readonly keys: readonly Keyring[]
  readonly domain: Domain
  /** The first checkpoint, with the inputs of height 1. */
  readonly first: { readonly inputs: Hex }
}

export interface Crime {
  readonly member: MemberIndex
  readonly evidence: Evidence
}

/** A height that the task has not reached: nothing that was signed for it is on the chain. */
const LATER = 9

/** A proof of each of E1 to E4: against the last member, and on both sides of 32. */
export function crimesOf(init: CrimesInit): readonly Crime[] {
  const { length: n } = init.cluster.members
  const [last, upper, lower, second] = [n - 1, Math.min(32, n - 2), Math.min(31, n - 3), 1]
  return [
    { member: last, evidence: equivocation(init, last) },
    { member: upper, evidence: illegalLog(init, upper) },
    { member: lower, evidence: unjustified(init, lower) },
    { member: second, evidence: wrongReduction(init, second) },
  ]
}

function equivocation(init: CrimesInit, member: MemberIndex): Evidence {
  const votes = ['one', 'another'].map((text) =>
    sign(init, member, { type: 'confirm', height: LATER, round: 0, value: keccak(utf8Hex(text)) }),
  )
  return { kind: 'E1', first: votes[0]!, second: votes[1]! }
}

/** Its second entry is no transition. */
function illegalLog(init: CrimesInit, member: MemberIndex): Evidence {
  const step = { height: LATER, round: 0, value: NIL }
  const entries: LogEntry[] = [
    { seq: 1, event: 't1', from: 'INITIAL', to: 'DEBATE', ...step },
    { seq: 2, event: 't6', from: 'SHARE', to: 'IDLE', ...step },
  ]
  const headBefore = logStart(init.cluster.id, 2)
  const logHead = entries.reduce(appendLog, headBefore)
  const said = { height: LATER + 3, root: NIL, logSeq: entries.length, logHead, inputsHash: NIL }
  const checkpoint = sign(init, member, { type: 'checkpoint', ...said } as const)
  return { kind: 'E2', form: 'illegal', checkpoint, headBefore, entries }
}

/** A list of one member is no quorum. */
function unjustified(init: CrimesInit, member: MemberIndex): Evidence {
  const vote = sign(init, member, {
    ...voteFor(init, keccak(utf8Hex('state')), keccak(utf8Hex('list'))),
    height: LATER,
    inputs: 1n,
  })
  return { kind: 'E3', vote }
}

/** A vote for another state than the reducer makes of all inputs of height 1. */
function wrongReduction(init: CrimesInit, member: MemberIndex): Evidence {
  const [published] = decodeInputs(init.first.inputs) ?? []
  invariant(published !== undefined, 'the checkpoint has the inputs of its heights')
  const parent = rootStart(init.cluster.id)
  const inputs = published.map((input): ListedInput => {
    invariant(input.kind === 'status', 'nobody leaves in height 1')
    const { state, eventSeq } = input
    const object = { type: 'status', height: 1, parent, stateHash: keccak(state), eventSeq } as const
    return { status: sign(init, input.member, object), state }
  })
  const list = bitmapOf(inputs.map(({ status }) => status.member))
  const root = inputsRoot(
    list,
    inputs.map(({ status }) => status.hash),
  )
  const share = sign(init, member, { ...voteFor(init, keccak(utf8Hex('wrong')), root), inputs: list })
  return { kind: 'E4', share, inputs, closes: [], confirms: [] }
}

function voteFor({ cluster }: CrimesInit, stateHash: Digest, root: Digest): Share {
  return {
    ...{ type: 'share', height: 1, round: 0, parent: rootStart(cluster.id), stateHash, inputsRoot: root },
    ...{ inputs: 0n, eventSeq: 0, eventsHash: NIL, validRound: -1 },
  }
}

function sign<T extends ProtocolObject>(
  { cluster, keys, domain }: CrimesInit,
  self: MemberIndex,
  object: T,
): Signed<T> {
  const separator = domainSeparator(domain)
  return { ...signObject({ cluster: cluster.id, self, keyring: keys[self]!, separator }, object), object }
}
