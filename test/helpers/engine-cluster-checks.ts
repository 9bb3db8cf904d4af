import { isProof } from '../../src/codec/evidence.ts'
import { membersOf } from '../../src/codec/bitmap.ts'
import { appendLog, epochOf, logStart } from '../../src/codec/log.ts'
import { inputsRoot, shareValue, valueHash } from '../../src/codec/objects.ts'
import { nextStatus } from '../../src/protocol/phases.ts'
import { isQuorum, weightOf } from '../../src/protocol/quorum.ts'
import type { MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { EngineCluster } from './engine-cluster.ts'

/** Everything that is wrong with what honest members did, seen from outside; empty if the protocol held. */
export function violations(world: EngineCluster): string[] {
  return [
    ...disagreements(world),
    ...world.honest.flatMap((member) => [
      ...logFaults(world, member),
      ...voteFaults(world, member),
      ...decisionFaults(world, member),
    ]),
    ...world.evidence.flatMap(({ by, against, evidence }) => {
      const { cluster, engines } = world
      const epochHeights = engines[0]?.config.epochHeights ?? 1
      const proves = isProof({ cluster, epochHeights }, evidence)
      return proves ? [] : [`${by} holds ${evidence.kind} against ${against}, which proves nothing`]
    }),
    ...world.evidence
      .filter(({ by, against }) => !world.liars.has(by) && !world.liars.has(against))
      .map(({ by, against }) => `${by} holds evidence against honest ${against}`),
  ]
}

/** Second objects that honest members asked to sign. Only meaningful where nobody was restarted. */
export function doubleSigning(world: EngineCluster): string[] {
  return world.conflicts.filter((conflict) =>
    world.honest.some((member) => conflict.startsWith(`${member}:`)),
  )
}

function disagreements(world: EngineCluster): string[] {
  const first = new Map<number, string>()
  return world.honest.flatMap((member) =>
    world.memory(member).decisions.flatMap(({ decided, value }) => {
      const agreed = first.get(decided.height) ?? value
      first.set(decided.height, agreed)
      return agreed === value ? [] : [`${member} decided another value at height ${decided.height}`]
    }),
  )
}

/** Folds a member's log through the transition table and the hash chain (evidence E2 would show any fault). */
function logFaults(world: EngineCluster, member: MemberIndex): string[] {
  const { log } = world.memory(member)
  const { config } = world.engine(member)
  const faults: string[] = []
  let before: LogEntry | undefined
  let head = logStart(config.cluster.id, 0)
  for (const entry of log) {
    const epoch = epochOf(entry.height, config.epochHeights)
    const fresh = before === undefined || epochOf(before.height, config.epochHeights) !== epoch
    if (fresh) head = logStart(config.cluster.id, epoch)
    head = appendLog(head, entry)
    const where = `${member}: ${entry.event} at ${entry.height}/${entry.round}`
    if (entry.from !== (before?.to ?? 'INITIAL')) faults.push(`${where} does not go on from ${before?.to}`)
    if (nextStatus(entry.from, entry.event) !== entry.to) faults.push(`${where} is not in the table`)
    if (entry.seq !== (fresh ? 1 : (before?.seq ?? 0) + 1)) faults.push(`${where} has seq ${entry.seq}`)
    if (before !== undefined && falls(before, entry)) faults.push(`${where} falls back`)
    before = entry
  }
  const engine = world.engine(member)
  const pending = engine.unrecorded.length > 0 || engine.log.seq === 0
  if (!pending && head !== engine.log.head) faults.push(`${member}: the recorded log has another head`)
  return faults
}

function falls(before: LogEntry, entry: LogEntry): boolean {
  return entry.height < before.height || (entry.height === before.height && entry.round < before.round)
}

/** Votes that would convict their signer: E1b (amnesia) and E3 (no quorum list behind a fresh vote). */
function voteFaults(world: EngineCluster, member: MemberIndex): string[] {
  const objects = [...world.memory(member).signed.values()].map((signed) => signed.object)
  const shares = objects.filter((object) => object.type === 'share')
  const confirms = objects.filter((object) => object.type === 'confirm')
  const faults: string[] = []
  for (const share of shares) {
    const value = shareValue(share)
    if (value === NIL) continue
    const weight = weightOf(world.cluster, membersOf(share.inputs))
    if (!isQuorum(world.cluster, weight)) faults.push(`${member}: list below quorum at ${share.height}`)
    for (const confirm of confirms) {
      const amnesia =
        confirm.height === share.height &&
        confirm.value !== NIL &&
        confirm.value !== value &&
        share.round > confirm.round &&
        share.validRound < confirm.round
      if (amnesia) faults.push(`${member}: amnesia at ${share.height}, ${confirm.round} < ${share.round}`)
    }
  }
  return faults
}

/** A decision must prove itself: quorum of CONFIRMs of one round, SHARE and inputs that hash to the value. */
function decisionFaults(world: EngineCluster, member: MemberIndex): string[] {
  return world.memory(member).decisions.flatMap(({ decided, value, round }, i) => {
    const { confirms, share, inputs, height } = decided
    const voters = new Set(confirms.map((signed) => signed.member))
    const sound =
      height === i + 1 &&
      isQuorum(world.cluster, weightOf(world.cluster, voters)) &&
      voters.size === confirms.length &&
      confirms.every(({ object }) => object.value === value && object.round === round) &&
      valueHash(share.object) === value &&
      inputs.length === membersOf(share.object.inputs).length &&
      inputs.every((input, place) => input.member === membersOf(share.object.inputs)[place]) &&
      share.object.inputsRoot ===
        inputsRoot(
          share.object.inputs,
          inputs.map((input) => input.hash),
        )
    return sound ? [] : [`${member}: the decision of height ${height} does not prove itself`]
  })
}
