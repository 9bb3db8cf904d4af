/**
 * Proofs about histories: a refuted height and a CHECKPOINT above it (E5), and two parents (E6), each with what comes close to
 * one and proves nothing. The state of a list is worked out by hand: nobody wants more than there is, so all get what they want.
 */
import { concat, keccak256, SigningKey, toBeHex, TypedDataEncoder } from 'ethers'
import { address, bitmap, digest, domain, fullDomain, NIL, typeFields } from './formats.ts'

type Fields = Readonly<Record<string, string | number>>
interface Signed {
  readonly type: string
  readonly member: number
  readonly object: Fields
  readonly hashStruct: string
  readonly signature: string
}

const CLUSTER = digest('cluster of evidence')
const KEYS = [0, 1, 2, 3].map((member) => new SigningKey(digest(`key of member ${member}`)))
const ALL = 0b1111n
const BUDGET = 100
const DEMANDS = [10, 20, 30, 40]
const PARENT = digest('root before height 5')
const HEIGHT = 5
const LATER = [digest('value of height 6'), digest('value of height 7')]
const ACCUSED = 2

const u64 = (value: number): string => toBeHex(value, 8)
const row = (member: number, demand: number, share: number): string =>
  concat([toBeHex(member, 1), u64(demand), u64(share)])
const input = (demand: number): string => concat([u64(0), '0x01', row(0, demand, 0)])
/** Demands of the members that stay in the list. */
const result = (demands: readonly number[]): string =>
  concat([
    u64(BUDGET),
    toBeHex(demands.length, 1),
    ...demands.map((demand, member) => row(member, demand, demand)),
  ])

function sign(type: string, member: number, object: Fields): Signed {
  const fields = typeFields(type)
  const types = { [type]: fields }
  const values = { cluster: CLUSTER, ...object }
  const signature = KEYS[member]?.sign(TypedDataEncoder.hash(fullDomain, types, values)).serialized
  if (signature === undefined) throw new Error(`no member ${member}`)
  const hashStruct = TypedDataEncoder.hashStruct(type, types, values)
  return { type: type.toLowerCase(), member, object, hashStruct, signature }
}

interface Claim {
  readonly height: number
  readonly parent: string
  readonly stateHash: string
  readonly inputsRoot: string
  readonly inputs: string
  readonly eventSeq: number
  readonly eventsHash: string
}

/** docs/decisions.md, section 3. */
function valueOf({ stateHash, inputsRoot, inputs, eventSeq, eventsHash }: Claim): string {
  return keccak256(concat([stateHash, inputsRoot, inputs, u64(eventSeq), eventsHash]))
}

const append = (root: string, value: string): string => keccak256(concat([root, value]))
const rootAfter = (claim: Claim): string => append(claim.parent, valueOf(claim))

/** STATUS objects of height 5 with their states, and the root of the list they make. */
const STATES = DEMANDS.map(input)
const STATUSES = STATES.map((state, member) =>
  sign('Status', member, { height: HEIGHT, parent: PARENT, stateHash: keccak256(state), eventSeq: 0 }),
)

function listOf(bits: bigint, hashes: readonly string[]): { inputs: string; inputsRoot: string } {
  const inputs = bitmap(bits)
  return { inputs, inputsRoot: keccak256(concat([inputs, ...hashes])) }
}

const claimed = (changes: Partial<Claim> = {}): Claim => ({
  height: HEIGHT,
  parent: PARENT,
  stateHash: keccak256(result([11, 20, 30, 40])),
  ...listOf(
    ALL,
    STATUSES.map(({ hashStruct }) => hashStruct),
  ),
  eventSeq: 0,
  eventsHash: NIL,
  ...changes,
})

const LISTED = STATUSES.map((status, member) => ({ status, state: STATES[member] }))

interface Change {
  readonly claim?: Claim
  readonly listed?: typeof LISTED
  readonly later?: readonly string[]
  readonly checkpoint?: Fields
}

/** A height with its states, the values above it, and a CHECKPOINT that its member signed. */
function history(
  name: string,
  refutes: boolean,
  convicts: boolean,
  { claim = claimed(), listed = LISTED, later = LATER, checkpoint = {} }: Change,
): object {
  const root = later.reduce(append, rootAfter(claim))
  const log = { logSeq: 28, logHead: digest('log head'), inputsHash: NIL }
  const object = { height: HEIGHT + later.length, root, ...log, ...checkpoint }
  const signed = sign('Checkpoint', ACCUSED, object)
  return { name, claim, root: rootAfter(claim), listed, later, checkpoint: signed, refutes, convicts }
}

const SHARE: Fields = { ...claimed(), round: 0, validRound: -1 }
const NIL_SHARE: Fields = {
  ...{ height: HEIGHT, round: 0, parent: NIL, stateHash: NIL, inputsRoot: NIL, inputs: bitmap(0n) },
  ...{ eventSeq: 0, eventsHash: NIL, validRound: -1 },
}
const OTHER_PARENT = digest('another root before height 5')
const status = (changes: Fields = {}): Signed =>
  sign('Status', ACCUSED, { ...STATUSES[ACCUSED]?.object, parent: OTHER_PARENT, ...changes })
const share = (changes: Fields = {}): Signed => sign('Share', ACCUSED, { ...SHARE, ...changes })
const checkpoint = (height: number, root: string): Signed =>
  sign('Checkpoint', ACCUSED, { height, root, logSeq: 16, logHead: digest('log head'), inputsHash: NIL })
const confirm = sign('Confirm', ACCUSED, { height: HEIGHT, round: 0, value: valueOf(claimed()) })
const parents = (name: string, convicts: boolean, other: Signed, vote: Signed): object => ({
  ...{ name, other, share: vote, convicts },
})

const truth = claimed({ stateHash: keccak256(result(DEMANDS)) })
const stranger = { ...LISTED[3], state: STATES[0] } as (typeof LISTED)[number]
const three = STATUSES.slice(0, 3).map(({ hashStruct }) => hashStruct)

export function evidenceVectors(): object {
  return {
    domain,
    separator: TypedDataEncoder.hashDomain(fullDomain),
    cluster: CLUSTER,
    seed: digest('seed of evidence'),
    members: KEYS.map((key) => ({ key: addressOf(key), weight: 1 })),
    reducer: 'rate-limit@1',
    reducerParams: concat([u64(BUDGET), u64(1_000)]),
    twin: address('twin'),
    e5: [
      history('a state that the reducer does not give, two heights below', true, true, {}),
      history('the same at the height of the CHECKPOINT itself', true, true, {
        claim: claimed({ parent: PARENT, stateHash: digest('invented') }),
        later: [],
      }),
      history('three of four listed, with the state of all', true, true, {
        claim: claimed({
          ...listOf(0b111n, three),
          stateHash: keccak256(result(DEMANDS)),
        }),
        listed: LISTED.slice(0, 3),
      }),
      history('the state that the reducer gives', false, false, { claim: truth }),
      history('a state that its member did not sign', false, false, {
        listed: [...LISTED.slice(0, 3), stranger],
      }),
      history('a listed member without a state', false, false, { listed: LISTED.slice(0, 3) }),
      history('an empty list', false, false, {
        claim: claimed({ ...listOf(0n, []), stateHash: digest('nothing') }),
        listed: [],
      }),
      history('ledger events that were never posted', false, false, {
        claim: claimed({ eventSeq: 1, eventsHash: digest('event'), stateHash: digest('of no event') }),
      }),
      history('a CHECKPOINT with another root', true, false, {
        claim: claimed({ stateHash: digest('invented too') }),
        checkpoint: { root: digest('of another history') },
      }),
      history('a CHECKPOINT of another height', true, false, {
        claim: claimed({ stateHash: digest('invented as well') }),
        checkpoint: { height: HEIGHT + LATER.length + 1 },
      }),
    ],
    e6: [
      parents('STATUS and SHARE', true, status(), share()),
      parents('SHAREs of two rounds', true, share({ round: 1, parent: OTHER_PARENT }), share()),
      parents(
        'CHECKPOINT of the height before and SHARE',
        true,
        checkpoint(HEIGHT - 1, OTHER_PARENT),
        share(),
      ),
      parents('a re-proposal', true, status(), share({ round: 1, validRound: 0 })),
      parents('one parent', false, status({ parent: PARENT }), share()),
      parents('CHECKPOINT with the same root', false, checkpoint(HEIGHT - 1, PARENT), share()),
      parents('two heights', false, status({ height: HEIGHT + 1 }), share()),
      parents('CHECKPOINT of the same height', false, checkpoint(HEIGHT, OTHER_PARENT), share()),
      parents('SHARE of NIL', false, status(), sign('Share', ACCUSED, NIL_SHARE)),
      parents('a NIL vote beside the vote', false, sign('Share', ACCUSED, NIL_SHARE), share({ round: 1 })),
      parents('CONFIRM, which names no parent', false, confirm, share()),
    ],
  }
}

function addressOf({ publicKey }: SigningKey): string {
  return `0x${keccak256(`0x${publicKey.slice(4)}`).slice(-40)}`
}
