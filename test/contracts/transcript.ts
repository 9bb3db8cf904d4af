/** What honest members sign, on a task of the real contracts: the real engine in bad weather, and the members' real keys. */
import type { Result } from 'ethers'
import type { Court } from '../../src/audit/evidence/verdict.ts'
import { createKeyring, recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { epochOf, appendLog, logStart } from '../../src/codec/log.ts'
import { fromHex, toHex } from '../../src/codec/hex.ts'
import { domainSeparator, encodeFields, hashObject, signingDigest } from '../../src/codec/objects.ts'
import { findReducer } from '../../src/reducers/catalog.ts'
import {
  encodeBudgetEvent,
  rateLimitParamsCodec,
  rateLimitStateCodec,
} from '../../src/reducers/rate-limit-codec.ts'
import { isValidInput, runReducer } from '../../src/reducers/run.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import { invariant } from '../../src/types/errors.ts'
import type { Address, Digest, Hex, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { ObjectType, ProtocolObject } from '../../src/types/objects.ts'
import type { TaskParams as ReadParams } from '../../src/types/task.ts'
import { EngineCluster } from '../helpers/engine-cluster.ts'
import { violations } from '../helpers/engine-cluster-checks.ts'
import { Dice } from '../helpers/twin-cases.ts'
import type { Actor, Story, TaskParams, World } from './world.ts'
import { form, joined } from './world.ts'
import { appendRoot, rootStart } from '../../src/codec/roots.ts'
import { appendEvent } from '../../src/codec/events.ts'

export const HEIGHTS = 8
export const EPOCH = 4
const REDUCER = 'rate-limit@1'
const BUDGET = 100n
const DEMAND_MAX = 60n
const REDUCER_PARAMS = toHex(rateLimitParamsCodec.encode({ budget: BUDGET, demandMax: DEMAND_MAX }))
const EVENTS = [encodeBudgetEvent(70n), encodeBudgetEvent(130n)]
const TICKS = { debateTicks: 8, shareTicks: 8, confirmTicks: 12, helloTicks: 12, slotTicks: 10 }
const DISORDER_TICKS = 400
/** Longer than members who lost their reducer five times only listen: 600 SHARE time-outs. */
const LIVE_TICKS = 10_000

/** A signed object as evidence brings it. */
export interface Piece {
  readonly type: ObjectType
  readonly object: ProtocolObject
  readonly fields: Hex
  readonly signature: Hex
}

/** The log behind a CHECKPOINT, from the beginning of its epoch. */
export interface SignedLog {
  readonly checkpoint: Piece
  readonly height: number
  readonly start: Digest
  readonly entries: readonly LogEntry[]
}

export interface HonestMember {
  readonly index: MemberIndex
  readonly pieces: readonly Piece[]
  readonly logs: readonly SignedLog[]
}

/** Everything that the honest members of one task signed, and what it is judged by. */
export interface Transcript {
  readonly story: Story
  readonly court: Court
  readonly params: TaskParams
  readonly events: readonly { readonly originator: string; readonly data: Hex }[]
  readonly members: readonly HonestMember[]
  /** What a member observed at a height: canonical bytes of s_i. */
  readonly stateOf: (member: MemberIndex, height: number) => Uint8Array
}

/** Plays a task of `actors` on the chain, with two ledger events and a twin that recomputes its reducer. */
export async function honestTranscript(
  w: World,
  actors: readonly Actor[],
  twin: string,
  seed: number,
): Promise<Transcript> {
  const taskId = await joined(w, actors, {
    twin,
    reducerParams: REDUCER_PARAMS,
    heights: BigInt(HEIGHTS),
    epochHeights: BigInt(EPOCH),
    stateCap: 1024n,
    inputCap: 1024n,
    stakePerNode: 1n,
  })
  const story = await form(w, taskId, actors)
  for (const data of EVENTS) await story.post(toHex(data))
  const [published] = await w.board.queryFilter(w.board.filters.TaskPublished(taskId))
  const { params } = published!.args
  const court = await courtOf(w, story)
  const world = play(court.cluster, court.events, seed)
  const originator = await w.client.getAddress()
  return {
    story,
    court,
    params: {
      ...(params as unknown as Result).toObject(),
      reporters: [...params.reporters],
    } as unknown as TaskParams,
    events: EVENTS.map((data) => ({ originator, data: toHex(data) })),
    members: story.members.map((_, member) => honestMember(story, court, world, member)),
    stateOf: (member, height) => demandOf(member, height, seed),
  }
}

async function courtOf(w: World, story: Story): Promise<Court> {
  const originator = (await w.client.getAddress()).toLowerCase() as Address
  const [formed] = await w.board.queryFilter(w.board.filters.ClusterFormed(story.taskId))
  const { seed, signingKeys, operators, weights } = formed!.args
  const members = signingKeys.map((key, index) => ({
    index,
    key: addressOf(key),
    operator: addressOf(operators[index]!),
    weight: Number(weights[index]),
  }))
  const totalWeight = members.reduce((sum, { weight }) => sum + weight, 0)
  const params = {
    reducerParams: REDUCER_PARAMS,
    stateCap: 1024,
    inputCap: 1024,
    epochHeights: EPOCH,
  } as ReadParams
  return {
    cluster: { id: story.cluster as Digest, seed: seed as Digest, members, totalWeight },
    separator: separatorOf(story.domain),
    params,
    events: postedBy(originator),
    handedOver: new Uint8Array(),
    opened: new Map(),
    refuted: new Map(),
    reducer: findReducer(REDUCER),
    recover: recoverSigner,
  }
}

const addressOf = (text: string): Address => text.toLowerCase() as Address

/** The ledger as the auditor has it. */
function postedBy(originator: Address): Court['events'] {
  let eventsHash: Digest = NIL
  return EVENTS.map((data, i) => {
    const event = { kind: 'posted', originator, data } as const
    eventsHash = appendEvent(eventsHash, event)
    return { seq: i + 1, ...event, block: 0n, eventsHash }
  })
}

export function separatorOf(domain: Story['domain']): Digest {
  const { chainId, verifyingContract, salt } = domain as Record<string, string | bigint>
  return domainSeparator({
    chainId: BigInt(chainId!),
    verifyingContract: addressOf(String(verifyingContract)),
    salt: String(salt) as Digest,
  })
}

/** The signature of a key under a hashStruct, strict form. */
export const signHash = (key: Actor['key'], separator: Digest, hash: Digest): Hex =>
  createKeyring(fromHex(key.privateKey as Hex)).sign(signingDigest(separator, hash))

function honestMember(story: Story, court: Court, world: EngineCluster, index: MemberIndex): HonestMember {
  const { key } = story.members[index]!
  const { id } = court.cluster
  const piece = (object: ProtocolObject): Piece => ({
    type: object.type,
    object,
    fields: encodeFields(object),
    signature: signHash(key, court.separator, hashObject(id, object)),
  })
  const memory = world.memory(index)
  const pieces = [...memory.signed.values()].map(({ object }) => piece(object))
  const logs = Array.from({ length: HEIGHTS }, (_, i) => i + 1).flatMap((height): SignedLog[] => {
    const epoch = epochOf(height, EPOCH)
    const start = logStart(id, epoch)
    const signed = pieces.find(({ object }) => object.type === 'checkpoint' && object.height === height)
    const all = memory.log.filter((entry) => epochOf(entry.height, EPOCH) === epoch)
    const entries =
      signed?.object.type === 'checkpoint'
        ? all.slice(0, signed.object.logSeq)
        : all.filter((entry) => entry.height <= height)
    if (signed === undefined && entries.at(-1)?.height !== height) return []
    const logHead = entries.reduce(appendLog, start)
    const checkpoint =
      signed ??
      // not due at this height, but as honest: its log as it stood
      piece({
        type: 'checkpoint',
        height,
        root: memory.decisions
          .slice(0, height)
          .reduce((root, { value }) => appendRoot(root, value), rootStart(id)),
        logSeq: entries.length,
        inputsHash: NIL,
        logHead,
      })
    invariant(
      checkpoint.object.type === 'checkpoint' && checkpoint.object.logHead === logHead,
      `the log of member ${index} does not lead to its CHECKPOINT of height ${height}`,
    )
    return [{ checkpoint, height, start, entries }]
  })
  const more = logs.map(({ checkpoint }) => checkpoint).filter((one) => !pieces.includes(one))
  return { index, pieces: [...pieces, ...more], logs }
}

/**
 * Frames that are lost, doubled and late, members that die and come back, reducers that time out, ledger events that
 * arrive one by one, a member that leaves; then calm weather until all is decided.
 */
function play(cluster: Cluster, ledger: Court['events'], seed: number): EngineCluster {
  const dice = new Dice(seed)
  const happens = (perMille: number): boolean => dice.below(1000) < perMille
  const loss = dice.below(350)
  let disordered = true
  const world = new EngineCluster({
    n: cluster.members.length,
    cluster,
    heights: HEIGHTS,
    epochHeights: EPOCH,
    config: { ...TICKS, isValidInput: (state) => isValidInput(REDUCER, REDUCER_PARAMS, state) },
    fate: () => (disordered && happens(loss) ? [] : [1 + dice.below(disordered ? 6 : 2)]),
    state: (member, height) => demandOf(member, height, seed),
    reduce: (inputs, _, { height, eventSeq, closing }) => {
      const events = EVENTS.slice(0, eventSeq).map(
        (data, i) => ({ seq: i + 1, kind: 'posted', data }) as const,
      )
      const { seed, members } = cluster
      const context = { seed, height, members, previous: null, events }
      const call = { reducer: REDUCER, params: REDUCER_PARAMS, context, closing, inputs }
      const result = runReducer(call)
      invariant(result.ok, 'the reducer takes what honest members observe')
      return result.state
    },
    expires: () => disordered && happens(30),
    dies: (_, object, now) => disordered && now > 0 && object.type !== 'close' && happens(15),
  }).start()
  const leaver = cluster.members.length > 4 ? dice.below(cluster.members.length) : null
  const seen = cluster.members.map(() => 0)
  const inform = (member: MemberIndex, eventSeq: number): void => {
    seen[member] = eventSeq
    for (let seq = 1; seq <= eventSeq; seq += 1)
      world.input(member, { kind: 'ledger', eventSeq: seq, eventsHash: ledger[seq - 1]!.eventsHash })
  }
  const restart = (member: MemberIndex, eventSeq: number): void => {
    world.restart(member)
    inform(member, eventSeq)
  }
  for (let i = 0; i < DISORDER_TICKS; i += 1) {
    world.tick()
    for (const member of [...world.silent]) if (happens(100)) restart(member, seen[member]!)
    const reader = dice.below(cluster.members.length)
    if (happens(60) && !world.silent.has(reader)) inform(reader, Math.min(seen[reader]! + 1, EVENTS.length))
    if (i === DISORDER_TICKS / 4 && leaver !== null) world.input(leaver, { kind: 'close' })
  }
  disordered = false
  for (const member of [...world.silent]) restart(member, EVENTS.length)
  for (const member of seen.keys()) inform(member, EVENTS.length)
  invariant(world.run(HEIGHTS, LIVE_TICKS), `seed ${seed}: height ${HEIGHTS} is decided`)
  const faults = violations(world)
  invariant(faults.length === 0, `seed ${seed}: ${faults.join('; ')}`)
  return world
}

function demandOf(member: MemberIndex, height: number, seed: number): Uint8Array {
  const demand = BigInt(new Dice(seed * 1_009 + height * 31 + member).below(Number(DEMAND_MAX) + 1))
  return rateLimitStateCodec.encode({ budget: 0n, rows: [{ member: 0, demand, share: 0n }] })
}
