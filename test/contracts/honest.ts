import { expect } from 'chai'
import fc from 'fast-check'
import { ZeroHash, concat, id } from 'ethers'
import { network } from 'hardhat'
import { appendLog, encodeLogEntry, logStart } from '../../src/codec/log.ts'
import type { LogState } from '../../src/protocol/phase-log.ts'
import { append, emptyLog } from '../../src/protocol/phase-log.ts'
import { nextStatus } from '../../src/protocol/phases.ts'
import type { Digest } from '../../src/types/ids.ts'
import type { LogEntry, PhaseEvent } from '../../src/types/log.ts'
import type { Brought, Proof, TypeName, Values } from './evidence.ts'
import { NIL_SHARE, OBJECT, bring, judge, valueOf, PARENT } from './evidence.ts'
import type { Story, World } from './world.ts'
import { deployWorld, registeredMany, running } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const EPOCH = 4
const RUNS = { numRuns: 20 }

async function seven() {
  const w = await deployWorld(connection)
  const actors = await registeredMany(w, 7)
  return { w, story: await running(w, actors, { epochHeights: EPOCH }) }
}

/** The reason for which a proof is refused; null if it convicts. */
async function refusal(w: World, proof: Proof): Promise<string | null> {
  try {
    await judge(w, proof)
    return null
  } catch (error) {
    return w.slasher.interface.parseError((error as { data: string }).data)?.name ?? 'something else'
  }
}

interface Object {
  readonly type: TypeName
  readonly values: Values
  readonly brought: Brought
}

/** What happens to a member in a round, by what the others sent. */
interface Round {
  /** NIL: it missed the list; fresh: a new list; again: a value that had a quorum of SHAREs in an earlier round. */
  readonly vote: 'nil' | 'fresh' | 'again'
  /** Which of the earlier quorums `again` is for. */
  readonly which: number
  readonly convenes: boolean
  /** Whether this round's SHAREs make a quorum for a value, whatever the member itself voted for. */
  readonly quorum: boolean
}

const roundArbitrary = fc.record<Round>({
  vote: fc.constantFrom('nil', 'fresh', 'again', 'again'),
  which: fc.nat(2),
  convenes: fc.boolean(),
  quorum: fc.constantFrom(true, true, false),
})

interface Candidate {
  readonly content: Values
  readonly round: number
}

/**
 * What an honest member signs in a height: it votes for a fresh list only while it is not locked, for another value
 * only if that had a quorum in the round of its lock or later, and locks on what it confirms.
 */
function honestHeight(height: number, rounds: readonly Round[]): { type: TypeName; values: Values }[] {
  const signed: { type: TypeName; values: Values }[] = [
    {
      type: 'Status',
      values: { height, parent: PARENT, stateHash: id(`state ${height}`), eventSeq: height },
    },
  ]
  const quorums: Candidate[] = []
  let lock = -1
  for (const [round, { vote, which, convenes, quorum }] of rounds.entries()) {
    const fresh = {
      stateHash: id(`result ${height}/${round}`),
      inputsRoot: id(`list ${height}/${round}`),
      inputs: 0b1011111n,
      eventSeq: height,
      eventsHash: id(`events ${height}`),
    }
    const proposal = quorums[which % Math.max(quorums.length, 1)]
    if (convenes && round > 0) {
      const again = proposal === undefined ? {} : { ...proposal.content, value: valueOf(proposal.content) }
      const base = { value: ZeroHash, inputsRoot: fresh.inputsRoot, inputs: fresh.inputs, ...again }
      signed.push({ type: 'Hello', values: { ...base, height, round, validRound: proposal?.round ?? -1 } })
    }
    let share: Values = NIL_SHARE
    if (vote === 'fresh' && lock < 0) share = { parent: PARENT, ...fresh, validRound: -1 }
    if (vote === 'again' && proposal !== undefined && proposal.round >= lock) {
      share = { parent: PARENT, ...proposal.content, validRound: proposal.round }
    }
    signed.push({ type: 'Share', values: { ...share, height, round } })
    // the others may have voted for something else than the member
    const content =
      vote === 'again' && share.inputs !== 0n && proposal !== undefined ? proposal.content : fresh
    signed.push({ type: 'Confirm', values: { height, round, value: quorum ? valueOf(content) : ZeroHash } })
    if (!quorum) continue
    lock = round
    quorums.push({ content, round })
  }
  return signed
}

/** Every accusation that one or two of the objects could carry. */
function accusations(story: Story, objects: readonly Object[]): Proof[] {
  const head = [story.taskId, 0]
  const proofs: Proof[] = []
  for (const { type, brought } of objects) {
    if (type !== 'Hello' && type !== 'Share') continue
    const args = [...head, OBJECT[type], brought.fields, brought.signature]
    proofs.push({ name: 'unjustifiedVote', args })
  }
  for (const [i, first] of objects.entries()) {
    for (const [j, second] of objects.entries()) {
      const { brought: a } = first
      const { brought: b } = second
      const pair = [a.fields, a.signature, b.fields, b.signature]
      if (first.type === second.type && i <= j)
        proofs.push({ name: 'equivocation', args: [...head, OBJECT[first.type], ...pair] })
      if (first.type === 'Confirm' && second.type === 'Share')
        proofs.push({ name: 'amnesia', args: [...head, ...pair] })
    }
  }
  return proofs
}

const EVENTS: readonly PhaseEvent[] = ['t1', 't2', 't3', 't4', 't5', 't6', 't7', 'RESET']

/** A log as it was signed: the entries of its epoch so far. */
interface Signed {
  readonly log: LogState
  readonly entries: readonly LogEntry[]
}

/** A log that the protocol itself writes, RESETs and CLOSEs in it, as it is signed at the end of every height. */
function honestLog(cluster: Digest, choices: readonly number[]): Signed[] {
  let log = emptyLog(cluster)
  let entries: readonly LogEntry[] = []
  const signed: Signed[] = []
  for (const choice of choices) {
    const possible = EVENTS.filter((event) => nextStatus(log.status, event) !== null)
    const event = possible[choice % possible.length]!
    const opens = event === 't3' && choice % 2 === 0
    if (opens && log.seq > 0) signed.push({ log, entries })
    const height = opens ? log.height + 1 : log.height
    const round = opens ? 0 : event === 't3' ? log.round + 1 : log.round
    const value = id(`value ${choice}`) as Digest
    const next = append(log, { cluster, epochHeights: EPOCH }, event, { height, round, value })
    entries = next.log.epoch === log.epoch ? [...entries, next.entry] : [next.entry]
    log = next.log
  }
  return signed
}

/** Every accusation that the signed logs could carry. */
function logAccusations(story: Story, logs: readonly Signed[]): Proof[] {
  const objects = logs.map(({ log, entries }) => ({
    ...bring(story, 0, 'Checkpoint', { height: log.height, logSeq: log.seq, logHead: log.head }),
    log,
    entries,
  }))
  const headAt = (epoch: number, entries: readonly LogEntry[]): string =>
    entries.reduce(appendLog, logStart(story.cluster as Digest, epoch))
  const pack = (entries: readonly LogEntry[]): string => concat(entries.map(encodeLogEntry))
  const proofs: Proof[] = []
  for (const second of objects) {
    for (const skipped of [0, 1, Math.floor(second.entries.length / 2)]) {
      const proof = [
        headAt(second.log.epoch, second.entries.slice(0, skipped)),
        pack(second.entries.slice(skipped)),
      ]
      proofs.push({ name: 'illegalLog', args: [story.taskId, 0, second.fields, second.signature, ...proof] })
    }
    for (const first of objects) {
      const after = second.entries.slice(first.log.seq)
      const proof = [headAt(second.log.epoch, second.entries.slice(0, first.log.seq)), pack(after)]
      const pair = [first.fields, first.signature, second.fields, second.signature]
      proofs.push({ name: 'forkedLog', args: [story.taskId, 0, ...pair, ...proof] })
    }
  }
  return proofs
}

describe('An honest member', () => {
  it('is never convicted by its votes: fresh ones, NIL, votes for a locked value again, locks that moved', async () => {
    const { w, story } = await loadFixture(seven)
    const heights = fc.array(fc.array(roundArbitrary, { minLength: 3, maxLength: 5 }), {
      minLength: 1,
      maxLength: 2,
    })
    await fc.assert(
      fc.asyncProperty(heights, async (rounds) => {
        const objects = rounds
          .flatMap((height, i) => honestHeight(i + 1, height))
          .map(({ type, values }) => ({ type, values, brought: bring(story, 0, type, values) }))
        for (const proof of accusations(story, objects)) {
          expect(await refusal(w, proof), JSON.stringify(proof.args.slice(2))).to.equal('ProvesNothing')
        }
      }),
      RUNS,
    )
  })

  it('is never convicted by its log: rounds without end, RESETs, CLOSEs, epochs', async () => {
    const { w, story } = await loadFixture(seven)
    const choices = fc.array(fc.nat(100), { minLength: 40, maxLength: 80 })
    let convictable = 0
    await fc.assert(
      fc.asyncProperty(choices, async (given) => {
        const logs = honestLog(story.cluster as Digest, given).slice(0, 5)
        for (const proof of logAccusations(story, logs)) {
          convictable += 1
          expect(await refusal(w, proof), proof.name).to.equal('ProvesNothing')
        }
      }),
      RUNS,
    )
    expect(convictable).to.be.greaterThan(50)
  })
})
