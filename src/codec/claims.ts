import type { Cluster } from '../types/cluster.ts'
import type { Before, Claim, Evidence, ListedInput } from '../types/evidence.ts'
import type { Digest } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { Checkpoint, Close, ProtocolObject, Share, Signed, SignedInput } from '../types/objects.ts'
import { ascending } from './batch.ts'
import { bitmapOf } from './bitmap.ts'
import { keccak } from './hex.ts'
import { inputsRoot, valueHash } from './objects.ts'
import { appendRoot } from './roots.ts'

/** What a claim is opened with: the states and CLOSEs behind its list, and the height before. */
export type Opening = Pick<Extract<Evidence, { kind: 'E5' }>, 'inputs' | 'closes' | 'before'>

/** A list as a proof brings it. */
export type BroughtList = Omit<Opening, 'before'>

/** Signed inputs with their states, and the CLOSEs; null if a state is missing. */
export function broughtList(
  list: readonly SignedInput[],
  bodyOf: (hash: Digest) => Uint8Array | null,
): BroughtList | null {
  const inputs: ListedInput[] = []
  const closes: Signed<Close>[] = []
  for (const { object, ...signed } of list) {
    if (object.type === 'close') {
      closes.push({ ...signed, object })
      continue
    }
    const state = bodyOf(object.stateHash)
    if (state === null) return null
    inputs.push({ status: { ...signed, object }, state })
  }
  return { inputs, closes }
}

/** What a vote for a value claims. */
export function claimOf(share: Share): Claim {
  const { height, parent, stateHash, inputsRoot: root, inputs, eventSeq, eventsHash } = share
  return { height, parent, stateHash, inputsRoot: root, inputs, eventSeq, eventsHash }
}

/** Root after the height that a claim is about. */
export function rootAfter(claim: Claim): Digest {
  return appendRoot(claim.parent, valueHash(claim))
}

/** Whether the history of a CHECKPOINT is that of the claim, and of the later heights. */
export function leadsTo(
  { height, root }: Checkpoint,
  { claim, later }: { readonly claim: Claim; readonly later: readonly Digest[] },
): boolean {
  return claim.height + later.length === height && later.reduce(appendRoot, rootAfter(claim)) === root
}

/** The height whose parent an object names, and that parent; null for one that names none. */
export function parentNamed(
  object: ProtocolObject,
): { readonly height: number; readonly parent: Digest } | null {
  switch (object.type) {
    case 'checkpoint':
      return { height: object.height + 1, parent: object.root }
    case 'status':
      return object
    case 'share':
      return object.inputs === 0n ? null : object
    case 'hello':
    case 'confirm':
    case 'close':
      return null
  }
}

/** Whether the twin can be asked about a claim: these are exactly its list, and the height that it follows. */
export function isOpened(cluster: Cluster, claim: Claim, { inputs, closes, before }: Opening): boolean {
  const listed = [...inputs.map(({ status }): Signed => status), ...closes].sort(
    (a, b) => a.member - b.member,
  )
  if (claim.inputs === 0n || !ascending(listed)) return false
  if (bitmapOf(listed.map(({ member }) => member)) !== claim.inputs) return false
  if (listed.some(({ member }) => cluster.members[member] === undefined)) return false
  const root = inputsRoot(
    claim.inputs,
    listed.map(({ hash }) => hash),
  )
  const isListed = inputs.every(
    ({ status, state }) =>
      status.object.height === claim.height &&
      status.object.parent === claim.parent &&
      status.object.stateHash === keccak(state),
  )
  return root === claim.inputsRoot && isListed && (before === undefined || isBefore(before, claim))
}

/** Before height 1 is no height: the state that was handed over is bound by the chain. */
function isBefore({ state, root, ...content }: Before, { height, parent }: Claim): boolean {
  if (height === 1) {
    const { inputsRoot: list, inputs, eventSeq, eventsHash } = content
    return inputs === 0n && eventSeq === 0 && [root, list, eventsHash].every((hash) => hash === NIL)
  }
  return appendRoot(root, valueHash({ ...content, stateHash: keccak(state) })) === parent
}
