import { accusedOf } from '../../codec/evidence.ts'
import { keccak } from '../../codec/hex.ts'
import type { RepublishCall } from '../../ports/chain.ts'
import type { ChainCall } from './chain-task.ts'

/** What a call does for a task: the same words whoever makes it. */
export function dutyOf(call: ChainCall): string {
  switch (call.kind) {
    case 'join':
      return `join ${call.taskId} ${call.key}`
    case 'form':
    case 'finalize':
      return `${call.kind} ${call.taskId}`
    case 'checkpoint':
      return `checkpoint ${call.call.taskId} ${call.call.first}`
    case 'republish':
      return `republish ${call.call.taskId} ${call.call.height} ${contentOf(call.call)}`
    case 'evidence':
      return `evidence ${call.taskId} ${accusedOf(call.evidence)}`
  }
}

/** Hints are everybody's, a note is that of the member whose seat it begins with. */
function contentOf({ hints, notes }: RepublishCall): string {
  return notes === '0x' ? `hints ${hints}` : `note ${Number.parseInt(notes.slice(2, 4), 16)} ${keccak(notes)}`
}
