import { claimOf, parentNamed, rootAfter } from '../codec/claims.ts'
import { hasTwoParents } from '../codec/evidence.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { Checkpoint, Share, Signed } from '../types/objects.ts'
import { accuse } from './accuse.ts'
import type { HeightBox } from './state.ts'
import type { Work } from './work.ts'
import { boxOf, emit } from './work.ts'

/**
 * E6: holds the root that an object of a member names for a height against the roots that its other objects name: its STATUS,
 * its votes for values, and its CHECKPOINT of the height before.
 */
export function noteParents(w: Work, signed: Signed): void {
  const { member, object } = signed
  const named = parentNamed(object)
  if (named === null || member === w.s.config.self) return
  for (const other of naming(w, member, named.height)) {
    if (isShare(signed) && hasTwoParents(other, signed)) accuse(w, { kind: 'E6', other, share: signed })
    else if (isShare(other) && hasTwoParents(signed, other))
      accuse(w, { kind: 'E6', other: signed, share: other })
  }
}

/** Objects of a member that are held and name the root before a height. */
function* naming(w: Work, member: MemberIndex, height: number): Generator<Signed> {
  const box = boxOf(w, height)
  const status = box?.inputs.get(member)
  if (status !== undefined) yield status
  for (const { shares } of box?.rounds.values() ?? []) {
    const share = shares.get(member)
    if (share !== undefined) yield share
  }
  const checkpoint = boxOf(w, height - 1)?.checkpoints.get(member)
  if (checkpoint !== undefined) yield checkpoint
}

/**
 * E5: a CHECKPOINT of the height decided last over another history than the decided one, and a vote for a value that leads to
 * its root. Whoever knows the states can open that history.
 */
export function noteHistory(w: Work, checkpoint: Signed<Checkpoint>): void {
  const { chain, config } = w.s
  const { height, root } = checkpoint.object
  const box = boxOf(w, height)
  if (box === null || chain.height !== height || root === chain.root) return
  if (config.isProvable !== true || checkpoint.member === config.self) return
  const vote = voteFor(box, root)
  if (vote !== null) emit(w, { kind: 'otherHistory', checkpoint, claim: claimOf(vote.object) })
}

function isShare(signed: Signed): signed is Signed<Share> {
  return signed.object.type === 'share'
}

function voteFor(box: HeightBox, root: Checkpoint['root']): Signed<Share> | null {
  for (const { shares } of box.rounds.values()) {
    for (const share of shares.values())
      if (share.object.inputs !== 0n && rootAfter(claimOf(share.object)) === root) return share
  }
  return null
}
