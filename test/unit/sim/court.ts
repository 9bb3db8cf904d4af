import { bitmapOf } from '../../../src/codec/bitmap.ts'
import { keccak, utf8Hex } from '../../../src/codec/hex.ts'
import { appendLog, logStart } from '../../../src/codec/log.ts'
import { hashObject, inputsRoot, signingDigest } from '../../../src/codec/objects.ts'
import type { Kept } from '../../../src/protocol/state.ts'
import { KEPT_NOTHING } from '../../../src/protocol/state.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import { Random } from '../../../src/faults/random.ts'
import type { JudgeInit } from '../../../src/sim/judge/judge.ts'
import { Judge } from '../../../src/sim/judge/judge.ts'
import { noteKeys } from '../../../src/sim/keys.ts'
import { drawScenario } from '../../../src/sim/scenario.ts'
import type { Digest } from '../../../src/types/ids.ts'
import type { LogEntry, PhaseEvent, PhaseStatus } from '../../../src/types/log.ts'
import type { ProtocolObject, Share, Signed, SignedInput, Status } from '../../../src/types/objects.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'
import { NIL } from '../../../src/types/ids.ts'

export const NODES = 4
export const EPOCH = 4
const MEMBERS = Array.from({ length: NODES }, (_, i) => i)
export const digestOf = (text: string): Digest => keccak(utf8Hex(text))
export const demand = (of: bigint): Uint8Array =>
  rateLimit.state.encode({ budget: 0n, rows: [{ member: 0, demand: of, share: 0n }] })

/** A judge over hand-made transcripts of four members, all of them honest but those that are named. */
export class Bench {
  /** `kind: detail` of everything that was found. */
  readonly found: string[] = []
  readonly judge: Judge
  readonly #keys = noteKeys(1)
  readonly #init: JudgeInit

  constructor(liars: readonly number[] = []) {
    const members = MEMBERS.map((index) => {
      const { address } = this.#keys.keyring(index)
      return { index, key: address, operator: address, weight: 1 }
    })
    const cluster = { id: digestOf('cluster'), seed: digestOf('seed'), members, totalWeight: NODES }
    const { params } = drawScenario(new Random(1), { heights: 8 })
    this.#init = {
      cluster,
      separator: digestOf('separator'),
      recover: this.#keys.recover,
      params: { ...params, epochHeights: EPOCH },
      isHonest: (member) => !liars.includes(member),
      isBelowThird: 3 * liars.length < NODES,
      violate: (kind, detail) => void this.found.push(`${kind}: ${detail}`),
      count: () => undefined,
      events: () => [],
      handedOver: new Uint8Array(),
      reduce: (_height, inputs, _events, closing) => {
        const result = runReducer({
          reducer: rateLimit.id,
          params: params.reducerParams,
          context: { ...BARE_CONTEXT, seed: cluster.seed },
          inputs,
          closing,
        })
        return result.ok ? result.state : null
      },
    }
    this.judge = new Judge(this.#init)
  }

  get cluster(): JudgeInit['cluster'] {
    return this.#init.cluster
  }

  /** The object with a member's signature, or with that of another key. */
  seal<T extends ProtocolObject>(object: T, member = 0, key = member): Signed<T> {
    const hash = hashObject(this.cluster.id, object)
    const digest = signingDigest(this.#init.separator, hash)
    return { object, member, hash, signature: this.#keys.keyring(key).sign(digest) }
  }

  /** A member's key signs in its store. */
  sign(object: ProtocolObject, kept: Partial<Kept> = {}, member = 0): void {
    const signed = this.seal(object, member)
    this.judge.keyUsed(member, signingDigest(this.#init.separator, signed.hash))
    this.judge.signed(signed, { ...KEPT_NOTHING, ...kept }, 0)
  }

  /** A vote for a list of all members, for the state that the reducer gives, with what its signer keeps. */
  vote(
    height: number,
    changes: Partial<Share> = {},
    last: SignedInput | null = null,
  ): [Share, Partial<Kept>] {
    const states = MEMBERS.map((member) => demand(BigInt(10 * member)))
    const listed = states.map((state, member): SignedInput => {
      const status: Status = { type: 'status', height, parent: NIL, stateHash: keccak(state), eventSeq: 0 }
      return member === NODES - 1 && last !== null ? last : this.seal(status, member)
    })
    const inputs = bitmapOf(MEMBERS)
    const root = inputsRoot(
      inputs,
      listed.map(({ hash }) => hash),
    )
    const closing = last?.object.type === 'close'
    const brought = states.map((bytes, member) => ({ member, state: bytes }))
    const state = this.#init.reduce(height, closing ? brought.slice(0, -1) : brought, 0, closing)
    const share: Share = {
      type: 'share',
      height,
      round: 0,
      parent: NIL,
      stateHash: keccak(state ?? new Uint8Array()),
      inputsRoot: root,
      inputs,
      eventSeq: 0,
      eventsHash: NIL,
      validRound: -1,
      ...changes,
    }
    const list = { round: 0, inputs, inputsRoot: share.inputsRoot, objects: listed }
    return [share, { list, bodies: new Map(states.map((bytes) => [keccak(bytes), bytes])) }]
  }

  /** Entries become durable; the CHECKPOINT of their end. */
  log(
    height: number,
    ...steps: readonly (readonly [PhaseStatus, PhaseEvent, PhaseStatus])[]
  ): {
    readonly entries: readonly LogEntry[]
    readonly checkpoint: Extract<ProtocolObject, { type: 'checkpoint' }>
  } {
    const entries = steps.map(([from, event, to], i) => {
      return { seq: i + 1, from, event, to, height, round: 0, value: digestOf('value') }
    })
    this.judge.logged(0, entries)
    const logHead = entries.reduce(appendLog, logStart(this.cluster.id, 0))
    const checkpoint = {
      type: 'checkpoint',
      height,
      root: digestOf('root'),
      logSeq: entries.length,
      logHead,
      inputsHash: digestOf('inputs'),
    } as const
    return { entries, checkpoint }
  }
}

export const ROUND: readonly (readonly [PhaseStatus, PhaseEvent, PhaseStatus])[] = [
  ['INITIAL', 't1', 'DEBATE'],
  ['DEBATE', 't2', 'IDLE'],
  ['IDLE', 't4', 'SHARE'],
  ['SHARE', 't6', 'IDLE'],
]
