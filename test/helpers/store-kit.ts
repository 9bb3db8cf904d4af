import { hashObject, signOnceKey } from '../../src/codec/objects.ts'
import { keccak, utf8Hex } from '../../src/codec/hex.ts'
import type { SignRequest, StoredHeight } from '../../src/ports/store.ts'
import type { Digest } from '../../src/types/ids.ts'
import { KEPT_NOTHING } from '../../src/protocol/state.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { Confirm, ProtocolObject, Share, Signed, Status } from '../../src/types/objects.ts'

export const CLUSTER = digestOf('cluster')
export const OTHER_CLUSTER = digestOf('other cluster')
export const OWNER = { key: `0x${'a1'.repeat(20)}`, deploymentId: digestOf('deployment') } as const

type Proof = NonNullable<SignRequest['proof']>

export function digestOf(text: string): Digest {
  return keccak(utf8Hex(text))
}

/** An object with a signature-like text that differs from object to object and with `salt`. Nobody verifies it here. */
export function signed<T extends ProtocolObject>(object: T, member = 0, salt = ''): Signed<T> {
  const hash = hashObject(CLUSTER, object)
  const half = digestOf(`${member}${hash}${salt}`).slice(2)
  return { object, member, hash, signature: `0x${half}${half}1b` }
}

export function share(height: number, round: number, state = 'state'): Share {
  return {
    type: 'share',
    height,
    round,
    parent: digestOf('parent'),
    stateHash: digestOf(state),
    inputsRoot: digestOf('inputs'),
    inputs: 0b1111n,
    eventSeq: 3,
    eventsHash: digestOf('events'),
    validRound: -1,
  }
}

export function confirm(height: number, round: number, value = 'value'): Confirm {
  return { type: 'confirm', height, round, value: digestOf(value) }
}

export function status(height: number, state = 'state'): Status {
  return {
    type: 'status',
    height,
    parent: digestOf('parent'),
    stateHash: digestOf(state),
    eventSeq: 2 ** 53 - 1,
  }
}

/** Asks for an object to be signed, and counts how often it was. */
export function requestOf(
  object: ProtocolObject,
  rest: Partial<Pick<SignRequest, 'cluster' | 'entries' | 'proof' | 'kept'>> & { salt?: string } = {},
): SignRequest & { calls: number } {
  const { salt = '', ...given } = rest
  const request = {
    cluster: CLUSTER,
    key: signOnceKey(object),
    entries: [],
    proof: null,
    kept: KEPT_NOTHING,
    ...given,
    calls: 0,
    sign: (): Signed => {
      request.calls += 1
      const made = signed(object, 0, salt)
      return { ...made, hash: hashObject(request.cluster, object) }
    },
  }
  return request
}

export function quorum(height: number, round: number): Proof {
  const vote = share(height, round)
  const { stateHash, inputsRoot, inputs, eventSeq, eventsHash } = vote
  return {
    round,
    value: digestOf('value'),
    content: { stateHash, inputsRoot, inputs, eventSeq, eventsHash },
    shares: [0, 1, 2].map((member) => signed(vote, member)),
  }
}

/** What is kept with a fresh SHARE of a later round: the listed states, and the aggregate `state`. */
export function kept(height: number, round: number, state = 'state'): SignRequest['kept'] {
  const texts = [0, 1, 2].map((member) => `input ${height}/${member}`)
  const { inputsRoot } = share(height, round)
  return {
    admission: {
      height,
      round: round - 1,
      confirms: [0, 1, 2].map((member) => signed(confirm(height, round - 1), member)),
    },
    list: {
      round,
      inputs: 0b1111n,
      inputsRoot,
      objects: [
        ...texts.map((text, member) => signed(status(height, text), member)),
        signed({ type: 'close' } as const, 3),
      ],
    },
    bodies: new Map([...texts, state].map((text) => [digestOf(text), new Uint8Array(Buffer.from(text))])),
    note: null,
  }
}

export function entry(height: number, seq: number, value = 'value'): LogEntry {
  return { seq, from: 'IDLE', event: 't3', to: 'DEBATE', height, round: 7, value: digestOf(value) }
}

/** Entries first … last of one height. */
export function entries(height: number, first: number, last: number): LogEntry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => entry(height, first + at))
}

/** A decided height whose state is the text, with the bodies of its listed states. */
export function decidedHeight(
  height: number,
  state = `state ${height}`,
): { readonly stored: StoredHeight; readonly bodies: Map<Digest, Uint8Array> } {
  const bodies = new Map(
    [0, 1, 2].map((member) => {
      const text = `input ${height}/${member}`
      return [digestOf(text), new Uint8Array(Buffer.from(text))]
    }),
  )
  const inputs = [0, 1, 2].map((member) => signed(status(height, `input ${height}/${member}`), member))
  return {
    stored: {
      decided: {
        height,
        confirms: [0, 1, 2].map((member) => signed(confirm(height, 1, `value ${height}`), member)),
        share: signed(share(height, 1, state), 1),
        inputs: [...inputs, signed({ type: 'close' } as const, 3)],
      },
      round: 1,
      value: digestOf(`value ${height}`),
      state: new Uint8Array(Buffer.from(state)),
    },
    bodies,
  }
}
