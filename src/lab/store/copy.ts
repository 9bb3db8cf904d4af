import type { GroupView } from '../../services/replication/view.ts'
import { LeaseTime } from '../../services/store/lease-time.ts'
import { encodeOpenMessage } from '../../services/store/open-wire.ts'
import { OpenReplica } from '../../services/store/open-replica.ts'
import type { OpenMessage, OpenRecord, OpenReply } from '../../services/store/open-replica.ts'
import { Replica } from '../../services/store/replica.ts'
import type {
  Message,
  ReplicaWord,
  StoreRecord,
  StoreReply as StrongReply,
} from '../../services/store/types.ts'
import { NO_CLOCK } from '../../services/store/versions.ts'
import type { Clock } from '../../services/store/versions.ts'
import { encodeMessage } from '../../services/store/wire.ts'
import type { Address } from '../../types/ids.ts'
import type { Consistency, StoreRequestId } from '../../types/store-request.ts'

/** What a client asks of a copy, of whichever kind. */
export type Ask =
  | { readonly kind: 'session' }
  | { readonly kind: 'get'; readonly key: string; readonly after: Clock }
  | {
      readonly kind: 'put'
      readonly key: string
      readonly value: Uint8Array
      readonly id: StoreRequestId | null
      readonly context: Clock
      readonly after: Clock
    }

export type Reply =
  | {
      readonly code: 'ok'
      /** Values side by side, of an open store; of a strong one at most one. */
      readonly values: readonly Uint8Array[]
      readonly session: number
      readonly context: Clock
      readonly clock: Clock
    }
  | { readonly code: 'elsewhere'; readonly primary: Address | null }
  | { readonly code: 'refused' }

/** What passes between copies; what it is, the copies know. */
export type Frame =
  | { readonly kind: 'strong'; readonly message: Message }
  | { readonly kind: 'open'; readonly message: OpenMessage }

/** Of one step. Records go to the disk before anything else leaves. */
export interface Effects {
  readonly records: readonly unknown[]
  readonly sends: readonly { readonly to: Address; readonly frame: Frame; readonly bytes: number }[]
  readonly replies: readonly { readonly id: number; readonly reply: Reply }[]
}

/** One copy of a store: the machines of the services, behind one set of questions. */
export interface StoreCopy {
  group(view: GroupView, height: number, agreedMs: number, nowMs: number): Effects
  ask(id: number, ask: Ask, nowMs: number): Effects
  frame(from: Address, frame: Frame, nowMs: number): Effects
  tick(nowMs: number): Effects
  /** What its member says of it in an input. */
  speak(height: number, nowMs: number): ReplicaWord
  readonly hasCaughtUp: boolean
  /** It may answer clients. */
  readonly isServing: boolean
  /** Under which it acts; 0n of a store without primaries. */
  readonly token: bigint
}

const NOTHING: Effects = { records: [], sends: [], replies: [] }
/** Between looks at the others, ms: those of the node's kinds. */
export const TICK_MS: Readonly<Record<Consistency, number>> = { strong: 200, causal: 500, eventual: 500 }

export function openCopy(
  self: Address,
  consistency: Consistency,
  records: readonly unknown[],
  clockMs: (nowMs: number) => number,
): StoreCopy {
  return consistency === 'strong'
    ? new StrongCopy(self, records as StoreRecord[], clockMs)
    : new EasyCopy(self, consistency, records as OpenRecord[])
}

class StrongCopy implements StoreCopy {
  readonly hasCaughtUp = true
  readonly #self: Address
  readonly #replica: Replica
  readonly #clockMs: (nowMs: number) => number
  readonly #leaseTime = new LeaseTime()

  constructor(self: Address, records: readonly StoreRecord[], clockMs: (nowMs: number) => number) {
    this.#self = self
    this.#replica = new Replica({ self, records })
    this.#clockMs = clockMs
  }

  get isServing(): boolean {
    return this.#replica.report().standing === 'serving'
  }

  get token(): bigint {
    return this.#replica.report().token
  }

  group(group: GroupView, height: number, agreedMs: number, nowMs: number): Effects {
    const isListed = group.inSync.includes(this.#self)
    this.#leaseTime.decided({ height, agreedMs, isListed }, nowMs)
    return this.#step({ kind: 'group', group }, nowMs)
  }

  ask(id: number, ask: Ask, nowMs: number): Effects {
    const write =
      ask.kind === 'put'
        ? ({ kind: 'put', key: ask.key, version: null, value: ask.value } as const)
        : ({ kind: 'open' } as const)
    const command = { write, id: ask.kind === 'put' ? ask.id : null }
    const request = ask.kind === 'get' ? ask : ({ kind: 'write', command } as const)
    return this.#step({ kind: 'request', id, request }, nowMs)
  }

  frame(from: Address, frame: Frame, nowMs: number): Effects {
    return frame.kind === 'strong'
      ? this.#step({ kind: 'message', from, message: frame.message }, nowMs)
      : NOTHING
  }

  tick(nowMs: number): Effects {
    return this.#step({ kind: 'tick' }, nowMs)
  }

  speak(height: number, nowMs: number): ReplicaWord {
    this.#leaseTime.said(height, nowMs)
    return this.#replica.report()
  }

  #step(event: StrongEvent, nowMs: number): Effects {
    const clockMs = Math.max(this.#clockMs(nowMs), this.#leaseTime.latestMs(nowMs))
    const { records, sends, replies } = this.#replica.step({ ...event, clockMs })
    return {
      records,
      sends: sends.map(({ to, message }) => ({
        to,
        frame: { kind: 'strong', message },
        bytes: encodeMessage(message).length,
      })),
      replies: replies.map(({ id, reply }) => ({ id, reply: strongReply(reply) })),
    }
  }
}

type StrongEvent = Parameters<Replica['step']>[0] extends infer E
  ? E extends { readonly clockMs: number }
    ? Omit<E, 'clockMs'>
    : never
  : never

function strongReply(reply: StrongReply): Reply {
  if (reply.code === 'E_NOT_PRIMARY') return { code: 'elsewhere', primary: reply.primary }
  if (reply.code !== 'ok') return { code: 'refused' }
  const { value, version } = reply.result
  const values = value.length === 0 ? [] : [value]
  return { code: 'ok', values, session: version, context: NO_CLOCK, clock: NO_CLOCK }
}

class EasyCopy implements StoreCopy {
  readonly isServing = true
  readonly token = 0n
  readonly #replica: OpenReplica

  constructor(self: Address, consistency: 'causal' | 'eventual', records: readonly OpenRecord[]) {
    this.#replica = new OpenReplica({ self, consistency, records })
  }

  get hasCaughtUp(): boolean {
    return this.#replica.hasCaughtUp
  }

  group(group: GroupView): Effects {
    return this.#step({ kind: 'group', group })
  }

  ask(id: number, ask: Ask): Effects {
    // it has no sessions
    if (ask.kind === 'session') return { ...NOTHING, replies: [{ id, reply: { code: 'refused' } }] }
    const request = ask.kind === 'get' ? ask : ({ ...ask, kind: 'write' } as const)
    return this.#step({ kind: 'request', id, request })
  }

  frame(from: Address, frame: Frame): Effects {
    return frame.kind === 'open' ? this.#step({ kind: 'message', from, message: frame.message }) : NOTHING
  }

  tick(): Effects {
    return this.#step({ kind: 'tick' })
  }

  /** As the node's open core does: there is nothing to report but that it is there. */
  speak(): ReplicaWord {
    return { token: 0n, epoch: 0n, index: 0, committed: 0, standing: 'following' }
  }

  #step(event: Parameters<OpenReplica['step']>[0]): Effects {
    const { records, sends, replies } = this.#replica.step(event)
    return {
      records,
      sends: sends.map(({ to, message }) => ({
        to,
        frame: { kind: 'open', message },
        bytes: encodeOpenMessage(message).length,
      })),
      replies: replies.map(({ id, reply }) => ({ id, reply: openReply(reply) })),
    }
  }
}

function openReply(reply: OpenReply): Reply {
  return reply.code === 'ok' ? { ...reply, session: 0 } : { code: 'refused' }
}
