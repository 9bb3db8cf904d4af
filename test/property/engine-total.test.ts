import { expect } from 'chai'
import fc from 'fast-check'
import { keccak, toHex } from '../../src/codec/hex.ts'
import type { EngineInput } from '../../src/protocol/io.ts'
import type { Part } from '../../src/types/frames.ts'
import type { Digest, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type {
  Checkpoint,
  Close,
  Confirm,
  Hello,
  ProtocolObject,
  Share,
  Signed,
  SignedInput,
  Status,
} from '../../src/types/objects.ts'
import type { StatusParts } from '../helpers/engine-cluster-bench.ts'
import { contentOf, EngineBench } from '../helpers/engine-cluster-bench.ts'
import { signAs } from '../helpers/engine-cluster.ts'

const SAFE_MAX = Number.MAX_SAFE_INTEGER
const U32_MAX = 0xffff_ffff

/** A number that codecs let through, mostly where it hurts. */
const number = (max: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 4 }) },
    fc.integer({ min: 0, max }),
    fc.constant(max),
  )

const bench = new EngineBench()
const statuses: readonly StatusParts[] = [1, 2, 3].map((member) => bench.status(member))
const content = contentOf(statuses)
const digest: fc.Arbitrary<Digest> = fc.oneof(
  fc.constantFrom(
    NIL,
    content.value,
    content.stateHash,
    content.inputsRoot,
    bench.parent,
    ...statuses.map(({ body }) => body.hash),
  ),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex),
)
const height = number(SAFE_MAX)
const round = number(U32_MAX)
const inputs = fc.oneof(
  fc.constantFrom(0n, content.inputs, 0b1111n, 0b10111n),
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
)
const validRound = fc.oneof(fc.constant(-1), number(0x7fff_ffff))
const eventSeq = number(SAFE_MAX)

const hello: fc.Arbitrary<Hello> = fc.record({
  type: fc.constant('hello'),
  height,
  round,
  value: digest,
  inputsRoot: digest,
  inputs,
  validRound,
})
const status: fc.Arbitrary<Status> = fc.record({
  type: fc.constant('status'),
  height,
  parent: digest,
  stateHash: digest,
  eventSeq,
})
const share: fc.Arbitrary<Share> = fc.record({
  type: fc.constant('share'),
  height,
  round,
  parent: digest,
  stateHash: digest,
  inputsRoot: digest,
  inputs,
  eventSeq,
  eventsHash: digest,
  validRound,
})
const confirm: fc.Arbitrary<Confirm> = fc.record({
  type: fc.constant('confirm'),
  height,
  round,
  value: digest,
})
const checkpoint: fc.Arbitrary<Checkpoint> = fc.record({
  type: fc.constant('checkpoint'),
  height,
  root: digest,
  logSeq: number(SAFE_MAX),
  logHead: digest,
  inputsHash: digest,
})
const close: fc.Arbitrary<Close> = fc.constant({ type: 'close' })

/** Members 1 … 3: nobody else can sign for alice (0). */
const signer = fc.integer({ min: 1, max: 3 })
function signed<T extends ProtocolObject>(object: fc.Arbitrary<T>): fc.Arbitrary<Signed<T>> {
  return fc.tuple(signer, object).map(([member, made]) => {
    const { hash, signature } = signAs(bench.world.cluster, member, made)
    return { object: made, member, hash, signature }
  })
}
const objects = fc.oneof<fc.Arbitrary<Signed>[]>(
  signed(hello),
  signed(status),
  signed(share),
  signed(confirm),
  signed(checkpoint),
  signed(close),
)
const list = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 6 })
const memberAny: fc.Arbitrary<MemberIndex> = fc.integer({ min: 0, max: 32 })

const part: fc.Arbitrary<Part> = fc.oneof<fc.Arbitrary<Part>[]>(
  fc.record({ kind: fc.constant('ask'), height }),
  fc.record({ kind: fc.constant('ask'), height, wish: fc.constant(true as const) }),
  fc.record({ kind: fc.constant('object'), signed: objects }),
  fc.uint8Array({ maxLength: 5000 }).map((bytes) => ({ kind: 'body', hash: keccak(bytes), bytes })),
  fc.constantFrom(...statuses.map(({ body }) => body)),
  fc.record({
    kind: fc.constant('seen'),
    height,
    seen: list(
      fc.record({
        member: memberAny,
        status: fc.option(digest),
        hello: fc.option(digest),
        share: fc.option(digest),
        confirm: fc.option(digest),
        checkpoint: fc.option(digest),
      }),
    ),
  }),
  fc.record({ kind: fc.constant('get'), hashes: fc.array(digest, { maxLength: 64 }) }),
  fc.record({ kind: fc.constant('sync'), fromHeight: height }),
  fc.constant({ kind: 'own' as const }),
  fc.record({ kind: fc.constant('at'), height }),
  fc.record({
    kind: fc.constant('decided'),
    decided: fc.record({
      height,
      confirms: list(signed(confirm)),
      share: signed(share),
      inputs: list(fc.oneof<fc.Arbitrary<SignedInput>[]>(signed(status), signed(close))),
    }),
  }),
  fc.record({
    kind: fc.constant('roundCertificate'),
    certificate: fc.record({ height, round, confirms: list(signed(confirm)) }),
  }),
  fc.record({
    kind: fc.constant('notes'),
    firstHeight: height,
    note: fc.uint8Array({ maxLength: 60 }).map(toHex),
  }),
)

const input: fc.Arbitrary<EngineInput> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('message'),
      from: signer,
      parts: fc.array(part, { maxLength: 8 }),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'tick' } as const) },
  fc.constant({ kind: 'wish' } as const),
  fc.record({ kind: fc.constant('ledger'), eventSeq, eventsHash: digest }),
  fc.record({ kind: fc.constant('aggregated'), token: number(5), result: fc.constant(null) }),
)

/** Where a height may stand when the nonsense comes. */
const STAGES: Record<string, (alice: EngineBench) => void> = {
  'before its start': () => undefined,
  'in DEBATE': (alice) => alice.start(),
  'in SHARE': (alice) => {
    alice.start()
    for (const { signed: own, body } of statuses) alice.hear(own.member, own, body)
  },
  'in round 1': (alice) => {
    alice.start()
    alice.endRound(0)
  },
  'with a value to adopt': (alice) => {
    for (const member of [1, 2, 3]) alice.hear(member, alice.confirm(member, 0, content.value))
  },
}

describe('step is total', () => {
  for (const [name, stage] of Object.entries(STAGES)) {
    it(`nothing that peers can send makes it throw ${name}`, () => {
      fc.assert(
        fc.property(fc.array(input, { minLength: 1, maxLength: 30 }), (inputs) => {
          const alice = new EngineBench()
          stage(alice)
          for (const one of inputs) alice.world.input(0, one)
          expect(alice.state.box.rounds.size).to.be.at.most(70)
        }),
        { numRuns: 120 },
      )
    })
  }
})
