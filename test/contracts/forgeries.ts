/** Proofs that must not hold, out of what honest members signed; and a liar's, which must, so that the rest means something. */
import { concat, dataLength, dataSlice, id, toBeHex } from 'ethers'
import { keccak, utf8Hex } from '../../src/codec/hex.ts'
import { TYPE_STRINGS } from '../../src/codec/objects.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'
import type { ObjectType, Share } from '../../src/types/objects.ts'
import type { Dice } from '../helpers/twin-cases.ts'
import { refutation, wrongReduction } from './accusations.ts'
import type { Material } from './bends.ts'
import { BENDS, HEAD_AT, MEMBER_AT, OBJECTS_AT, TYPE_AT, change, flipBit, pick, setWord } from './bends.ts'
import type { Brought, Proof, TypeName, Values } from './evidence.ts'
import { HOLDS, PLAIN, PROOFS, encode, holdsTwoParents } from './evidence.ts'
import type { Piece, Transcript } from './transcript.ts'
import { separatorOf, signHash } from './transcript.ts'
import type { Actor } from './world.ts'

/** `refused`: nobody whose key is in it has lied. `either`: somebody has, and the three judges must agree on what it is. */
export type Expected = 'refused' | 'accepted' | 'either'

export interface Forgery {
  readonly what: string
  readonly expected: Expected
  readonly proof: Proof
}

/** By entry point first: there are far more pairs of objects than logs. */
const accusation = ({ accusations }: Material, dice: Dice): Proof => {
  const name = pick(PROOFS, dice)
  return pick(
    accusations.filter((proof) => proof.name === name),
    dice,
  )
}

const BEND_NAMES = Object.keys(BENDS)
/** A proof that somebody's signature is in. */
function signedAccusation(material: Material, dice: Dice): Proof {
  const proof = accusation(material, dice)
  return OBJECTS_AT[proof.name].length === 0 ? signedAccusation(material, dice) : proof
}

/** Of a hundred proofs that are not honest members' own: a liar's true ones, and those of which nothing is known. */
const LIAR_PERCENT = 2
const RESIGNED_PERCENT = 15
const FOREIGN_PERCENT = 8

/** At most `count` proofs: the honest accusations, as many of them as fit into half, then forged ones. */
export function* forgeries(material: Material, dice: Dice, count: number): Generator<Forgery> {
  const given = material.accusations
  const isAll = given.length <= count / 2
  const plain = isAll ? given.length : Math.floor(count / 2)
  for (let i = 0; i < plain; i += 1) {
    const proof = isAll ? given[i]! : pick(given, dice)
    yield { what: 'honest objects as they are', expected: 'refused', proof }
  }
  for (let i = plain; i < count; i += 1) yield forged(material, dice)
}

function forged(material: Material, dice: Dice): Forgery {
  const roll = dice.below(100)
  if (roll < LIAR_PERCENT) return byLiar(material, dice)
  if (roll < LIAR_PERCENT + RESIGNED_PERCENT) return resigned(material, dice)
  if (roll < LIAR_PERCENT + RESIGNED_PERCENT + FOREIGN_PERCENT) return foreign(material, dice)
  return bent(material, dice)
}

/** One to three bends of an honest accusation. */
function bent(material: Material, dice: Dice): Forgery {
  let proof = accusation(material, dice)
  let what = ''
  for (let left = 1 + dice.below(3); left > 0;) {
    const name = pick(BEND_NAMES, dice)
    const next = BENDS[name]!(proof, material, dice)
    if (next === null) continue
    proof = next
    what = what === '' ? name : 'several bends'
    left -= 1
  }
  return { what, expected: 'refused', proof }
}

const NAME_OF: Readonly<Record<TypeName, ObjectType>> = {
  Hello: 'hello',
  Status: 'status',
  Share: 'share',
  Confirm: 'confirm',
  Checkpoint: 'checkpoint',
}

function hashOf(type: ObjectType, cluster: string, fields: string): Digest {
  const typeHash = keccak(utf8Hex(TYPE_STRINGS[type]))
  return keccak(concat([typeHash, cluster, fields]) as Hex)
}

type Sign = (type: TypeName, changes?: Values) => Brought
interface Pen {
  readonly key: Actor['key']
  readonly separator: Digest
  readonly cluster: string
}

const signWith =
  ({ key, separator, cluster }: Pen): Sign =>
  (type, changes = {}) => {
    const fields = encode(type, { ...PLAIN[type], ...changes })
    const hash = hashOf(NAME_OF[type], cluster, fields)
    return { fields, signature: signHash(key, separator, hash), hash }
  }

const TRUE = { ...HOLDS, twoParents: holdsTwoParents }
const KINDS = Object.keys(TRUE) as (keyof typeof TRUE)[]
const EQUIVOCAL = Object.keys(NAME_OF) as TypeName[]

function convicting(here: Transcript, member: number, sign: Sign, dice: Dice): Proof {
  const kind = pick(KINDS, dice)
  return kind === 'equivocation'
    ? HOLDS.equivocation(here.story, member, sign, pick(EQUIVOCAL, dice))
    : TRUE[kind](here.story, member, sign)
}

const penOf = ({ story, court }: Transcript, member: number): Pen => ({
  key: story.members[member]!.key,
  separator: court.separator,
  cluster: story.cluster,
})

/** A true proof by the member's own key, or its vote for a state that the twin does not give. */
function byLiar({ here }: Material, dice: Dice): Forgery {
  const member = dice.below(here.members.length)
  const fresh = here.members[member]!.pieces.filter(
    ({ object }) => object.type === 'share' && object.inputs !== 0n && object.validRound === -1,
  )
  const votes = fresh.map((piece) => wrongReduction(here, member, piece))
  if (votes.length === 0 || dice.below(4) > 0) {
    const proof = convicting(here, member, signWith(penOf(here, member)), dice)
    return { what: `a liar’s ${proof.name}`, expected: 'accepted', proof }
  }
  if (dice.below(2) === 0) return inventedHeight(here, pick(fresh, dice))
  const vote = pick(votes, dice)
  const fields = String(vote.args[2])
  const wrong = concat([dataSlice(fields, 0, 96), id('wrong'), dataSlice(fields, 128)])
  const proof = change(sign(vote, 2, wrong, penOf(here, member)), 8, {
    round: 0,
    members: 0,
    signatures: '0x',
  })
  return { what: 'a liar’s wrongReduction', expected: 'accepted', proof }
}

/** The step of E5: a true list with a state that the twin does not give. */
function inventedHeight(here: Transcript, { object }: Piece): Forgery {
  const [proof] = refutation(here, { ...(object as Share), stateHash: id('invented') as Digest })
  return { what: 'an invented height', expected: 'accepted', proof: proof! }
}

/** The proof with these fields at a position, signed anew. */
function sign(proof: Proof, at: number, fields: string, { key, separator, cluster }: Pen): Proof {
  const hash = hashOf(typeAt(proof, at), cluster, fields)
  return change(change(proof, at, fields), at + 1, signHash(key, separator, hash))
}

function typeAt({ name, args }: Proof, at: number): ObjectType {
  const names: readonly ObjectType[] = ['close', 'hello', 'status', 'share', 'confirm', 'checkpoint']
  switch (name) {
    case 'equivocation':
    case 'unjustifiedVote':
      return names[Number(args[TYPE_AT])] ?? 'close'
    case 'amnesia':
      return at === 2 ? 'confirm' : 'share'
    case 'illegalLog':
    case 'forkedLog':
    case 'wrongCheckpoint':
      return 'checkpoint'
    case 'twoParents':
      return at === 3 ? (names[Number(args[TYPE_AT])] ?? 'close') : 'share'
    case 'wrongReduction':
    case 'refute': // nothing is signed in it
      return 'share'
  }
}

/** Honest objects of which the member itself signed a bent version: that may prove something, or nothing. */
function resigned(material: Material, dice: Dice): Forgery {
  const { here } = material
  const proof = signedAccusation(material, dice)
  const pen = penOf(here, Number(proof.args[MEMBER_AT]))
  const head = HEAD_AT[proof.name]
  if (head !== undefined && dice.below(3) > 0)
    return { ...relogged(proof, head, pen, dice), expected: 'either' }
  const at = pick(OBJECTS_AT[proof.name], dice)
  const fields = String(proof.args[at])
  const changed = dice.below(2) === 0 ? setWord(fields, dice) : flipBit(fields, dice)
  return { what: 'bent and signed again', expected: 'either', proof: sign(proof, at, changed, pen) }
}

/** Another log, with a head and a number that the member signs. */
function relogged(proof: Proof, headAt: number, pen: Pen, dice: Dice): Omit<Forgery, 'expected'> {
  const ENTRY = 55
  const packed = String(proof.args[headAt + 1])
  if (dataLength(packed) < ENTRY) return { what: 'log signed again', proof }
  const at = dice.below(dataLength(packed) / ENTRY) * ENTRY
  const entry = flipBit(dataSlice(packed, at, at + 23), dice)
  const entries = concat([dataSlice(packed, 0, at), entry, dataSlice(packed, at + 23)])
  const count = dataLength(entries) / ENTRY
  let logHead = String(proof.args[headAt])
  for (let i = 0; i < count; i += 1) {
    logHead = keccak(concat([logHead, dataSlice(entries, i * ENTRY, (i + 1) * ENTRY)]) as Hex)
  }
  const logSeq = toBeHex(BigInt(dataSlice(entries, (count - 1) * ENTRY, (count - 1) * ENTRY + 8)), 32)
  const fieldsAt = OBJECTS_AT[proof.name].at(-1)!
  const before = String(proof.args[fieldsAt])
  const fields = concat([dataSlice(before, 0, 64), logSeq, logHead, dataSlice(before, 128)])
  return { what: 'log signed again', proof: sign(change(proof, headAt + 1, entries), fieldsAt, fields, pen) }
}

/** What would convict, with one object in a foreign domain, for another cluster, or by a key that is not the accused's. */
function foreign(material: Material, dice: Dice): Forgery {
  const { here, elsewhere, domains, stranger } = material
  const member = dice.below(here.members.length)
  const own = penOf(here, member)
  const other = here.story.members[(member + 1) % here.members.length]!
  const [what, pen] = pick(
    [
      ['a foreign domain', { ...own, separator: separatorOf(pick(domains, dice)) }],
      ['another cluster', { ...own, cluster: elsewhere.story.cluster }],
      ['a stranger’s key', { ...own, key: stranger.key }],
      ['another member’s key', { ...own, key: other.key }],
    ] as const,
    dice,
  )
  const proof = convicting(here, member, signWith(own), dice)
  const at = pick(OBJECTS_AT[proof.name], dice)
  const object = String(proof.args[at])
  return { what, expected: 'refused', proof: sign(proof, at, object, pen) }
}
