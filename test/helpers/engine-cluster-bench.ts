import { bitmapOf } from '../../src/codec/bitmap.ts'
import { keccak } from '../../src/codec/hex.ts'
import { inputsRoot, NOTHING, valueHash } from '../../src/codec/objects.ts'
import type { EngineEffect } from '../../src/protocol/io.ts'
import { convener } from '../../src/protocol/rounds.ts'
import type { Content, EngineState } from '../../src/protocol/state.ts'
import type { Part } from '../../src/types/frames.ts'
import type { Bitmap, Digest, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type {
  Confirm,
  Hello,
  ProtocolObject,
  Share,
  Signed,
  SignedInput,
  Status,
} from '../../src/types/objects.ts'
import type { ClusterOptions } from './engine-cluster.ts'
import { aggregateOf, EngineCluster, signAs } from './engine-cluster.ts'

/** One engine under test, told everything by hand: what it sends is lost, what it does is listed. */
export class EngineBench {
  readonly world: EngineCluster
  readonly effects: EngineEffect[] = []
  readonly self: MemberIndex

  constructor(options: Partial<ClusterOptions> = {}, self: MemberIndex = 0) {
    this.self = self
    this.world = new EngineCluster({
      n: 4,
      fate: () => [],
      onEffect: (_, member, effect) => {
        if (member === self) this.effects.push(effect)
      },
      ...options,
    })
  }

  get state(): EngineState {
    return this.world.engine(this.self)
  }

  start(): this {
    this.world.input(this.self, { kind: 'start' })
    return this
  }

  ticks(count: number): void {
    for (let i = 0; i < count; i += 1) this.world.input(this.self, { kind: 'tick' })
  }

  hear(from: MemberIndex, ...parts: readonly (Part | Signed)[]): void {
    const framed = parts.map((part): Part => ('kind' in part ? part : { kind: 'object', signed: part }))
    this.world.input(this.self, { kind: 'message', from, parts: framed })
  }

  /** Root of the height before the one in work. */
  get parent(): Digest {
    return this.state.config.profile?.kind === 'paper' ? NIL : this.state.chain.root
  }

  /** A member's STATUS with its body, and the state's hash. */
  status(member: MemberIndex, state = Uint8Array.of(member, 1), height = 1, eventSeq = 0): StatusParts {
    const stateHash = keccak(state)
    const signed = this.sign<Status>(member, {
      type: 'status',
      height,
      parent: this.parent,
      stateHash,
      eventSeq,
    })
    return { signed, body: { kind: 'body', hash: stateHash, bytes: state } }
  }

  share(
    member: MemberIndex,
    round: number,
    content: Content | null,
    more: Partial<Share> = {},
  ): Signed<Share> {
    const parent = content === null ? NIL : this.parent
    const said = { ...(content ?? NOTHING), ...more }
    const vote = { type: 'share', height: 1, round, parent, validRound: -1, ...said } as const
    return this.sign<Share>(member, vote)
  }

  confirm(member: MemberIndex, round: number, value: Digest, height = 1): Signed<Confirm> {
    return this.sign<Confirm>(member, { type: 'confirm', height, round, value })
  }

  /** A fresh list of a round's convener. */
  hello(round: number, inputs: readonly SignedInput[], more: Partial<Hello> = {}): Signed<Hello> {
    const list = listOf(inputs)
    const hello = { type: 'hello', height: 1, round, value: NIL, validRound: -1, ...list, ...more } as const
    return this.sign<Hello>(this.convener(round), hello)
  }

  convener(round: number, height = 1): MemberIndex {
    return convener(this.state.config, height, round)
  }

  /** A quorum of CONFIRM(NIL) ends a round at once. */
  endRound(round: number, members: readonly MemberIndex[] = [1, 2, 3]): void {
    for (const member of members) this.hear(member, this.confirm(member, round, NIL))
  }

  sign<T extends ProtocolObject>(member: MemberIndex, object: T): Signed<T> {
    return { ...signAs(this.world.cluster, member, object), object }
  }

  /** What was done since the last call. */
  taken<K extends EngineEffect['kind']>(kind: K): Extract<EngineEffect, { kind: K }>[] {
    const found = this.effects.filter(
      (effect): effect is Extract<EngineEffect, { kind: K }> => effect.kind === kind,
    )
    this.effects.length = 0
    return found
  }

  /** Own objects of a type that were handed out for signing since the last call. */
  asked<T extends ProtocolObject['type']>(type: T): Extract<ProtocolObject, { type: T }>[] {
    return this.taken('record').flatMap(({ object }) =>
      object.type === type ? [object as Extract<ProtocolObject, { type: T }>] : [],
    )
  }
}

export interface StatusParts {
  readonly signed: Signed<Status>
  readonly body: Extract<Part, { kind: 'body' }>
}

export function listOf(inputs: readonly SignedInput[]): { inputs: Bitmap; inputsRoot: Digest } {
  const listed = bitmapOf(inputs.map((input) => input.member))
  const hashes = inputs.map((input) => input.hash)
  return { inputs: listed, inputsRoot: inputsRoot(listed, hashes) }
}

/** What the harness's reducer makes of a list of STATUS. */
export function contentOf(statuses: readonly StatusParts[]): Content & { value: Digest; state: Uint8Array } {
  const inputs = statuses.map(({ signed, body }) => ({ member: signed.member, state: body.bytes }))
  const state = aggregateOf(inputs)
  const list = listOf(statuses.map(({ signed }) => signed))
  const content = { stateHash: keccak(state), ...list, eventSeq: 0, eventsHash: NIL }
  return { ...content, value: valueHash(content), state }
}
